//! Islands: registered chains.

use sha2::{Digest as _, Sha256};

use crate::hash::{Hasher, id};
use crate::{Family, Hash};

id! {
    /// Names one registered chain under one first trust anchor.
    IslandId
}

/// What an island's id is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Island {
    /// The kind of chain.
    pub family: Family,
    /// The genesis block's hash (Fabric: hash of config block 0; CometBFT: header hash at the initial height).
    pub fingerprint: Hash,
    /// The block hash of the first trust anchor. Anchoring again later keeps the id.
    pub anchor: Hash,
}

/// What an approval names: SHA-256 of a trust anchor's canonical bytes, as everybody's tools compute it.
///
/// An island's id covers the anchor's block alone. These bytes also say by which rules the light client goes on from there:
/// protocols, validator contract, trusting period.
pub fn anchor_digest(anchor: &[u8]) -> Hash {
    Hash(Sha256::digest(anchor).into())
}

impl Island {
    /// `H(H("causeway/island/1") ‖ H(family) ‖ fingerprint ‖ anchor)`: nobody can occupy an island's id under an
    /// anchor of their own.
    pub fn id(&self) -> IslandId {
        Hasher::new()
            .hashed(b"causeway/island/1")
            .hashed(self.family.as_str().as_bytes())
            .word(self.fingerprint)
            .word(self.anchor)
            .finish()
            .into()
    }
}
