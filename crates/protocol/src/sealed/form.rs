//! The bytes of a sealed payload.

use crate::sealed::SealingKeyId;
use crate::{Hash, MAX_PAYLOAD};

/// How every sealed payload begins: the first 8 bytes of `H("causeway/sealed/1")`.
const MARK: [u8; 8] = [0x83, 0x12, 0x4a, 0x9c, 0x4b, 0x40, 0x0f, 0xac];
/// Bytes before the ciphertext: mark, suite, key, nonce, encapsulated key.
pub(super) const HEAD: usize = 8 + 6 + 32 + 32 + 32;
/// Bytes that sealing adds at least: the head, the message's length and the tag of the AEAD.
pub(super) const OVERHEAD: usize = HEAD + LENGTH + TAG;
/// Bytes of the message's length, in front of the message.
pub(super) const LENGTH: usize = 2;
/// Bytes of the AEAD's tag.
pub(super) const TAG: usize = 16;

/// Shortest sealed payload, in bytes.
pub const MIN_SEALED: usize = 256;
/// Longest message that can be sealed, in bytes: with it the sealed payload has the longest length a payload may have by default.
pub const MAX_SEALED_MESSAGE: usize = MAX_PAYLOAD - OVERHEAD;

/// The algorithms of a sealed payload, by HPKE's registered ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suite {
    /// Key encapsulation.
    pub kem: u16,
    /// Key derivation.
    pub kdf: u16,
    /// Authenticated encryption.
    pub aead: u16,
}

impl Suite {
    /// DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305: the one suite of this version.
    pub const X25519_SHA256_CHACHA20: Self = Self { kem: 0x0020, kdf: 0x0001, aead: 0x0003 };

    /// The three ids, big-endian.
    pub fn bytes(self) -> [u8; 6] {
        let mut bytes = [0; 6];
        for (place, id) in bytes.chunks_exact_mut(2).zip([self.kem, self.kdf, self.aead]) {
            place.copy_from_slice(&id.to_be_bytes());
        }
        bytes
    }

    fn read(bytes: [u8; 6]) -> Self {
        let id = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        Self { kem: id(0), kdf: id(2), aead: id(4) }
    }
}

/// Bytes that are no sealed payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealedError {
    /// It does not begin like one.
    #[error("not a sealed payload: it does not begin with the mark of one")]
    Unmarked,
    /// Sealed payloads have few lengths.
    #[error("{0} bytes, expected a power of two from {MIN_SEALED} to {MAX_PAYLOAD}")]
    Length(usize),
    /// Another suite.
    #[error("suite {0:?}, expected {known:?}", known = Suite::X25519_SHA256_CHACHA20)]
    Suite(Suite),
}

/// A sealed payload, split into its parts. Nothing is known to be true of it until it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// The algorithms.
    pub suite: Suite,
    /// The key that opens it.
    pub key: SealingKeyId,
    /// What its sender chose once: a receiver that saw it before saw this payload before.
    pub nonce: Hash,
    /// HPKE's encapsulated key.
    pub encapsulated: [u8; 32],
    /// The padded message, encrypted, with its tag.
    pub ciphertext: &'a [u8],
}

impl<'a> Sealed<'a> {
    /// Whether a payload claims to be sealed: it begins with the mark. A policy about sealed payloads goes by this.
    pub fn is_marked(payload: &[u8]) -> bool {
        payload.starts_with(&MARK)
    }

    /// Splits a payload. Every length and id has to be as the format says.
    pub fn decode(payload: &'a [u8]) -> Result<Self, SealedError> {
        let rest = payload.strip_prefix(&MARK).ok_or(SealedError::Unmarked)?;
        let length = SealedError::Length(payload.len());
        if !payload.len().is_power_of_two() || !(MIN_SEALED..=MAX_PAYLOAD).contains(&payload.len()) {
            return Err(length);
        }
        let (suite, rest) = rest.split_first_chunk().ok_or(length.clone())?;
        let (key, rest) = rest.split_first_chunk().ok_or(length.clone())?;
        let (nonce, rest) = rest.split_first_chunk().ok_or(length.clone())?;
        let (encapsulated, ciphertext) = rest.split_first_chunk().ok_or(length)?;
        let suite = Suite::read(*suite);
        if suite != Suite::X25519_SHA256_CHACHA20 {
            return Err(SealedError::Suite(suite));
        }
        Ok(Self {
            suite,
            key: SealingKeyId(*key),
            nonce: Hash(*nonce),
            encapsulated: *encapsulated,
            ciphertext,
        })
    }

    /// The payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(HEAD + self.ciphertext.len());
        payload.extend(MARK);
        payload.extend(self.suite.bytes());
        payload.extend(self.key.0);
        payload.extend(self.nonce.0);
        payload.extend(self.encapsulated);
        payload.extend(self.ciphertext);
        payload
    }
}

#[cfg(any(test, feature = "sealed"))]
/// How long the sealed payload of a message is: the least power of two that holds it.
pub(super) fn sealed_length(message: usize) -> usize {
    (message + OVERHEAD).next_power_of_two().max(MIN_SEALED)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_mark_is_the_beginning_of_a_hash() {
        assert_eq!(MARK, crate::keccak256(b"causeway/sealed/1").0[..8]);
    }

    #[test]
    fn a_sealed_payload_has_one_of_seven_lengths() {
        let lengths: std::collections::BTreeSet<_> = (0..=MAX_SEALED_MESSAGE).map(sealed_length).collect();
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [256, 512, 1024, 2048, 4096, 8192, 16384]);
        assert_eq!((sealed_length(128), sealed_length(129)), (256, 512));
        assert_eq!(sealed_length(MAX_SEALED_MESSAGE), MAX_PAYLOAD);
    }

    fn payload(length: usize) -> Vec<u8> {
        let ciphertext = vec![5; length - HEAD];
        let (suite, encapsulated) = (Suite::X25519_SHA256_CHACHA20, [4; 32]);
        let (key, nonce) = (SealingKeyId([2; 32]), Hash([3; 32]));
        Sealed { suite, key, nonce, encapsulated, ciphertext: &ciphertext }.encode()
    }

    #[test]
    fn other_lengths_marks_and_suites_are_refused() {
        let good = payload(256);
        assert_eq!(Sealed::decode(&good).unwrap().encode(), good);
        for odd in [112, 128, 255, 257, 384, 32768] {
            assert_eq!(Sealed::decode(&payload(odd)), Err(SealedError::Length(odd)));
        }
        for byte in 0..8 {
            let mut other = good.clone();
            other[byte] ^= 1;
            assert_eq!(Sealed::decode(&other), Err(SealedError::Unmarked));
            assert!(!Sealed::is_marked(&other));
        }
        for byte in 8..14 {
            let mut other = good.clone();
            other[byte] ^= 1;
            assert!(matches!(Sealed::decode(&other), Err(SealedError::Suite(_))));
            assert!(Sealed::is_marked(&other), "what claims to be sealed counts as sealed");
        }
        assert_eq!(Sealed::decode(b""), Err(SealedError::Unmarked));
        assert_eq!(Sealed::decode(&MARK), Err(SealedError::Length(8)));
    }

    proptest! {
        #[test]
        fn what_decodes_is_the_one_encoding_of_it(power in 8u32..=14, bytes: [u8; 32]) {
            let mut payload = payload(1 << power);
            let length = payload.len();
            payload[14..46].copy_from_slice(&bytes);
            payload[length - 32..].copy_from_slice(&bytes);
            prop_assert_eq!(Sealed::decode(&payload).unwrap().encode(), payload);
        }

        #[test]
        fn no_bytes_make_the_decoder_fail_otherwise(mut bytes: Vec<u8>, marked: bool) {
            if marked {
                bytes.splice(0..0, MARK);
            }
            if let Ok(sealed) = Sealed::decode(&bytes) {
                prop_assert_eq!(sealed.encode(), bytes);
            }
        }
    }
}
