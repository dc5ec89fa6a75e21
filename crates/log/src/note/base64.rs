//! Standard base64, read strictly: padded, and with no bits set that stand for nothing, so that it has one form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use causeway_protocol::Hash;

pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

pub(crate) fn decode_hash(text: &str) -> Option<Hash> {
    Hash::try_from(decode(text)?.as_slice()).ok()
}

/// A decimal number in its one form: no sign, no zeros in front.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}
