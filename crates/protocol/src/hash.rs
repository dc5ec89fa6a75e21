//! 32-byte hashes, and keccak-256 over 32-byte words.

use tiny_keccak::{Hasher as _, Keccak};

/// A 32-byte value: a block hash, a digest, a root.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

/// Why a text is not a 32-byte value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 0x and {expected} hex digits, got {came:?}")]
pub struct HashError {
    /// How many hex digits the type takes.
    pub expected: usize,
    /// The text, at most its first 80 characters.
    pub came: String,
}

pub(crate) fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], HashError> {
    let refuse = || HashError { expected: 2 * N, came: text.chars().take(80).collect() };
    let digits = text.strip_prefix("0x").ok_or_else(refuse)?;
    if digits.len() != 2 * N {
        return Err(refuse());
    }
    let mut bytes = [0; N];
    const_hex::decode_to_slice(digits, &mut bytes).map_err(|_| refuse())?;
    Ok(bytes)
}

/// Text, serde and conversions of a fixed-length byte newtype: `0x`-hex, strict on reading.
macro_rules! bytes_newtype {
    ($name:ident, $len:literal) => {
        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(&const_hex::encode_prefixed(self.0))
            }
        }
        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, f)
            }
        }
        impl core::str::FromStr for $name {
            type Err = $crate::hash::HashError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::hash::parse_hex::<$len>(text).map(Self)
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        impl TryFrom<&[u8]> for $name {
            type Error = core::array::TryFromSliceError;
            fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
                bytes.try_into().map(Self)
            }
        }
        #[cfg(feature = "schema")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::schema::hex($len)
            }
        }
        #[cfg(feature = "schema")]
        impl utoipa::ToSchema for $name {}
    };
}
pub(crate) use bytes_newtype;

/// A named 32-byte id: a [`struct@Hash`] that cannot be mistaken for another kind of id.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub [u8; 32]);
        $crate::hash::bytes_newtype!($name, 32);
        impl From<$crate::Hash> for $name {
            fn from(hash: $crate::Hash) -> Self {
                Self(hash.0)
            }
        }
        impl From<$name> for $crate::Hash {
            fn from(id: $name) -> Self {
                Self(id.0)
            }
        }
    };
}
pub(crate) use id;

bytes_newtype!(Hash, 32);

impl Hash {
    /// Thirty-two zero bytes.
    pub const ZERO: Self = Self([0; 32]);

    /// Whether every byte is zero.
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 32]
    }
}

/// keccak-256 of `bytes`.
pub fn keccak256(bytes: &[u8]) -> Hash {
    Hasher::new().bytes(bytes).finish()
}

/// An EIP-712 digest: the 32 bytes that are signed.
pub type Digest712 = Hash;

/// keccak-256 over pieces, without joining them first.
pub struct Hasher(Keccak);

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

impl Hasher {
    /// Nothing hashed yet.
    pub fn new() -> Self {
        Self(Keccak::v256())
    }

    /// Adds raw bytes.
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update(bytes);
        self
    }

    /// Adds one 32-byte word.
    pub fn word(self, word: impl Into<Hash>) -> Self {
        self.bytes(&word.into().0)
    }

    /// Adds an integer as a 32-byte word, big-endian.
    pub fn uint(self, value: u64) -> Self {
        self.word(words::uint(value))
    }

    /// Adds `H(text)` as a word: how bytes and text of any length enter a digest.
    pub fn hashed(self, bytes: &[u8]) -> Self {
        self.word(keccak256(bytes))
    }

    /// The hash of everything added.
    pub fn finish(self) -> Hash {
        let mut out = [0; 32];
        self.0.finalize(&mut out);
        Hash(out)
    }
}

/// 32-byte words of the EVM's ABI.
pub mod words {
    use super::Hash;
    use crate::Address;

    /// An integer, big-endian, left-padded.
    pub fn uint(value: u64) -> Hash {
        let mut word = [0; 32];
        word[24..].copy_from_slice(&value.to_be_bytes());
        Hash(word)
    }

    /// An address, left-padded.
    pub fn address(address: &Address) -> Hash {
        let mut word = [0; 32];
        word[12..].copy_from_slice(&address.0);
        Hash(word)
    }
}
