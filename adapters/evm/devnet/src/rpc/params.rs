//! Reading a method's parameters.

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use serde_json::Value;

use super::envelope::RpcError;

/// A method's positional parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Params<'a>(&'a [Value]);

impl<'a> Params<'a> {
    /// A list, or nothing at all.
    pub(super) fn new(params: &'a Value) -> Result<Self, RpcError> {
        match params {
            Value::Array(list) => Ok(Self(list)),
            Value::Null => Ok(Self(&[])),
            _ => Err(RpcError::params("expected a list of parameters")),
        }
    }

    /// The parameter at `index`, `null` where there is none.
    pub(super) fn get(self, index: usize) -> &'a Value {
        self.0.get(index).unwrap_or(&Value::Null)
    }

    /// The parameter at `index`, which has to be there.
    pub(super) fn required<T>(
        self,
        index: usize,
        what: &str,
        read: impl FnOnce(&'a Value, &str) -> Result<T, RpcError>,
    ) -> Result<T, RpcError> {
        match self.get(index) {
            Value::Null => {
                Err(RpcError::params(format!("missing value for required argument {index}: {what}")))
            }
            value => read(value, what),
        }
    }

    /// A flag at `index`, false where there is none.
    pub(super) fn flag(self, index: usize) -> bool {
        self.get(index).as_bool().unwrap_or(false)
    }
}

/// `read`, unless the value is missing.
pub(super) fn optional<T>(
    value: &Value,
    what: &str,
    read: impl FnOnce(&Value, &str) -> Result<T, RpcError>,
) -> Result<Option<T>, RpcError> {
    if value.is_null() { Ok(None) } else { read(value, what).map(Some) }
}

fn text<'a>(value: &'a Value, what: &str) -> Result<&'a str, RpcError> {
    value.as_str().ok_or_else(|| RpcError::params(format!("{what}: expected a string")))
}

/// Bytes of any length, as 0x-hex.
pub(super) fn data(value: &Value, what: &str) -> Result<Bytes, RpcError> {
    let digits = text(value, what)?.strip_prefix("0x").map(hex::decode);
    match digits {
        Some(Ok(bytes)) => Ok(bytes.into()),
        _ => Err(RpcError::params(format!("{what}: expected 0x and an even number of hex digits"))),
    }
}

/// Exactly `N` bytes.
fn array<const N: usize>(value: &Value, what: &str) -> Result<[u8; N], RpcError> {
    let bytes = data(value, what)?;
    <[u8; N]>::try_from(&bytes[..])
        .map_err(|_| RpcError::params(format!("{what}: expected {N} bytes, got {}", bytes.len())))
}

/// A 20-byte address.
pub(super) fn address(value: &Value, what: &str) -> Result<Address, RpcError> {
    array(value, what).map(Address::new)
}

/// A 32-byte hash.
pub(super) fn hash(value: &Value, what: &str) -> Result<B256, RpcError> {
    array(value, what).map(B256::new)
}

/// An integer as 0x-hex. Leading zeros are taken: storage slots come with them.
pub(super) fn word(value: &Value, what: &str) -> Result<U256, RpcError> {
    let digits = text(value, what)?.strip_prefix("0x").filter(|digits| !digits.is_empty());
    digits
        .and_then(|digits| U256::from_str_radix(digits, 16).ok())
        .ok_or_else(|| RpcError::params(format!("{what}: expected a hex number of at most 256 bits")))
}

/// An integer of at most 64 bits, as 0x-hex.
pub(super) fn number(value: &Value, what: &str) -> Result<u64, RpcError> {
    u64::try_from(word(value, what)?)
        .map_err(|_| RpcError::params(format!("{what}: expected at most 64 bits")))
}

/// An integer of at most 128 bits, as 0x-hex.
pub(super) fn price(value: &Value, what: &str) -> Result<u128, RpcError> {
    u128::try_from(word(value, what)?)
        .map_err(|_| RpcError::params(format!("{what}: expected at most 128 bits")))
}

/// Which block is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockId {
    /// The newest; `latest`, `pending`, `safe` and `finalized` are all this: a sealed block is final.
    Latest,
    Number(u64),
    Hash(B256),
}

/// A block by tag, number, hash, or an object with one of them (EIP-1898).
pub(super) fn block_id(value: &Value, what: &str) -> Result<BlockId, RpcError> {
    match value {
        Value::Null => Ok(BlockId::Latest),
        Value::Object(object) => match (object.get("blockHash"), object.get("blockNumber")) {
            (Some(value), None) => hash(value, "blockHash").map(BlockId::Hash),
            (None, Some(value)) => number(value, "blockNumber").map(BlockId::Number),
            _ => Err(RpcError::params(format!("{what}: expected one of blockHash and blockNumber"))),
        },
        _ => match text(value, what)? {
            "latest" | "pending" | "safe" | "finalized" => Ok(BlockId::Latest),
            "earliest" => Ok(BlockId::Number(0)),
            text if text.len() == 66 => hash(value, what).map(BlockId::Hash),
            _ => number(value, what).map(BlockId::Number),
        },
    }
}
