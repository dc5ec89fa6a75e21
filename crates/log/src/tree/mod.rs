//! The Merkle tree of RFC 6962 over SHA-256: its hashes, its proofs, and how it grows.
//!
//! One shape serves every proof: the hashes beside the path from a subtree up to the root. A leaf is the smallest subtree
//! (inclusion), the first leaves of a tree are another (consistency).

mod error;
mod frontier;
mod hash;
mod plan;
mod span;
mod steps;
mod verify;

use causeway_protocol::Hash;

pub use error::ProofError;
pub use frontier::{Frontier, FullTile, UnfitEdge};
pub use hash::{empty_root, leaf_hash, node_hash, sha256};
pub use plan::{MissingTile, ProofPlan, Tiles};
pub use span::Span;
pub use verify::{
    verify_consistency, verify_inclusion, verify_subtree_consistency, verify_subtree_inclusion,
};

/// A tree as one pair: how many leaves it has, and its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TreeHead {
    /// The number of leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl TreeHead {
    /// The tree without leaves.
    pub fn empty() -> Self {
        Self { size: 0, root: empty_root() }
    }
}
