//! Why a proof proves nothing.

use causeway_protocol::Hash;

/// A proof that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The index lies outside the tree.
    #[error("leaf {index} in a tree of {size} leaves")]
    Index {
        /// The index that came.
        index: u64,
        /// The size that came.
        size: u64,
    },
    /// The newer tree is the smaller one.
    #[error("a tree of {old} leaves cannot have become one of {new}")]
    Shrunk {
        /// The size before.
        old: u64,
        /// The size after.
        new: u64,
    },
    /// Every tree goes on from the empty one: nothing to prove.
    #[error("a proof from a tree without leaves says nothing")]
    FromNothing,
    /// The span is no subtree.
    #[error("leaves {start} to {end} are no subtree")]
    NotASubtree {
        /// The first leaf.
        start: u64,
        /// The leaf after the last.
        end: u64,
    },
    /// The proof is longer or shorter than sizes and index imply.
    #[error("a proof of {came} hashes where {expected} are implied")]
    Length {
        /// What sizes and index imply.
        expected: usize,
        /// What came.
        came: usize,
    },
    /// The proof leads to another root.
    #[error("the proof leads to root {implied}, not to {expected}")]
    Root {
        /// The root that had to come out.
        expected: Hash,
        /// The root that came out.
        implied: Hash,
    },
}
