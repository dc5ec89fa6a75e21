//! Fields of JSON-RPC answers.

use causeway_protocol::{Address, Hash};
use serde_json::Value;

use crate::config::decode_hex;

/// A field that is not what JSON-RPC says it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: expected {expected}, got {came}")]
pub(crate) struct FieldError {
    pub(crate) name: String,
    pub(crate) expected: &'static str,
    pub(crate) came: String,
}

fn error(name: &str, expected: &'static str, came: &Value) -> FieldError {
    let came = came.to_string().chars().take(80).collect();
    FieldError { name: name.to_owned(), expected, came }
}

/// The field `name` of an object.
pub(crate) fn at<'a>(object: &'a Value, name: &'static str) -> Result<&'a Value, FieldError> {
    let missing = || FieldError { name: name.to_owned(), expected: "a value", came: "nothing".into() };
    object.get(name).ok_or_else(missing)
}

/// A list.
pub(crate) fn list<'a>(value: &'a Value, name: &str) -> Result<&'a [Value], FieldError> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| error(name, "a list", value))
}

/// Bytes as 0x-hex.
pub(crate) fn bytes(value: &Value, name: &str) -> Result<Vec<u8>, FieldError> {
    let text = value.as_str().and_then(|text| decode_hex(text).ok());
    text.ok_or_else(|| error(name, "0x-hex", value))
}

/// Exactly `N` bytes as 0x-hex.
pub(crate) fn fixed<const N: usize>(value: &Value, name: &str) -> Result<[u8; N], FieldError> {
    bytes(value, name)?.try_into().map_err(|_| error(name, "0x-hex of its fixed length", value))
}

/// 32 bytes.
pub(crate) fn word(value: &Value, name: &str) -> Result<Hash, FieldError> {
    fixed(value, name).map(Hash)
}

/// 20 bytes.
pub(crate) fn address(value: &Value, name: &str) -> Result<Address, FieldError> {
    fixed(value, name).map(Address)
}

/// A quantity: 0x and hex digits without leading zeros, below 2^64.
pub(crate) fn quantity(value: &Value, name: &str) -> Result<u64, FieldError> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    let minimal = digits.filter(|digits| *digits == "0" || !digits.starts_with(['0', '+', '-']));
    let number = minimal.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    number.ok_or_else(|| error(name, "a quantity", value))
}

/// A number as genesis files write it: a JSON number.
pub(crate) fn number(value: &Value, name: &str) -> Result<u64, FieldError> {
    value.as_u64().ok_or_else(|| error(name, "a whole number", value))
}
