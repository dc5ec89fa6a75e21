//! The public half of a receiver's key.

use crate::hash::{Hasher, bytes_newtype, id};
use crate::sealed::Suite;

id! {
    /// Names the key that opens a sealed payload, and the suite it is for.
    SealingKeyId
}

/// A receiving organisation's public key: 32 bytes of X25519. Whoever has it can seal; only its holder can open.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SealingKey(pub [u8; 32]);
bytes_newtype!(SealingKey, 32);

impl SealingKey {
    /// `H(H("causeway/sealing-key/1") ‖ H(suite) ‖ key)`: an id is of one key, for one suite.
    pub fn id(&self) -> SealingKeyId {
        Hasher::new()
            .hashed(b"causeway/sealing-key/1")
            .hashed(&Suite::X25519_SHA256_CHACHA20.bytes())
            .bytes(&self.0)
            .finish()
            .into()
    }
}
