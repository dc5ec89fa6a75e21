//! How values stand in JSON: 64-bit numbers as decimal text, binary as `0x`-hex. For `#[serde(with = …)]`.

/// 64-bit numbers as decimal text, because JavaScript's numbers end at 2^53.
pub mod decimal {
    use std::borrow::Cow;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes the number as text.
    #[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
    pub fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    /// Reads a minimal decimal number from text.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let value: u64 = text.parse().map_err(|_| D::Error::custom("expected a decimal number as text"))?;
        if value.to_string() == text {
            Ok(value)
        } else {
            Err(D::Error::custom("expected a minimal decimal number"))
        }
    }
}

/// Bytes as `0x`-hex.
pub mod hex {
    use std::borrow::Cow;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes `0x` and two lower-case digits a byte.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&const_hex::encode_prefixed(bytes))
    }

    /// Reads `0x` and two digits a byte.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let digits = text.strip_prefix("0x").ok_or_else(|| D::Error::custom("expected 0x-hex"))?;
        const_hex::decode(digits).map_err(|_| D::Error::custom("expected 0x-hex"))
    }
}
