//! Proofs as a reader checks them.

use causeway_protocol::Hash;

use super::hash::{empty_root, node_hash};
use super::steps::{Role, steps};
use super::{ProofError, Span, TreeHead};

/// The two roots that a proof implies: of the subtree, and of the tree it stands in.
fn implied(span: Span, size: u64, node: Hash, proof: &[Hash]) -> Result<(Hash, Hash), ProofError> {
    let steps = steps(span, size);
    if steps.len() != proof.len() {
        return Err(ProofError::Length { expected: steps.len(), came: proof.len() });
    }
    let (mut subtree, mut tree) = (node, node);
    for (step, hash) in steps.iter().zip(proof) {
        match step.role {
            Role::Seed => (subtree, tree) = (*hash, *hash),
            Role::Right => tree = node_hash(tree, *hash),
            Role::Left { inside } => {
                tree = node_hash(*hash, tree);
                if inside {
                    subtree = node_hash(*hash, subtree);
                }
            }
        }
    }
    Ok((subtree, tree))
}

/// Checks that `leaf` is the hash of the leaf at `index` of `head`'s tree. The proof has to be exactly as long as index and
/// size imply. RFC 6962, 2.1.1; RFC 9162, 2.1.3.2.
pub fn verify_inclusion(leaf: Hash, index: u64, head: TreeHead, proof: &[Hash]) -> Result<(), ProofError> {
    if index >= head.size {
        return Err(ProofError::Index { index, size: head.size });
    }
    let (_, root) = implied(Span::leaf(index), head.size, leaf, proof)?;
    if root == head.root { Ok(()) } else { Err(ProofError::Root { expected: head.root, implied: root }) }
}

/// Checks that `new` only added leaves to `old`. RFC 6962, 2.1.2; RFC 9162, 2.1.4.2. Every tree goes on from the empty one,
/// so a proof from it would say nothing, and none is accepted.
pub fn verify_consistency(old: TreeHead, new: TreeHead, proof: &[Hash]) -> Result<(), ProofError> {
    if old.size == 0 {
        return Err(ProofError::FromNothing);
    }
    verify_subtree_consistency(Span::first(old.size), old.root, new, proof)
}

/// Checks that the leaf at `index` of a tree is in its subtree over `span`, whose root is `root`.
/// draft-ietf-plants-merkle-tree-certs-03, 4.3.
pub fn verify_subtree_inclusion(
    leaf: Hash,
    index: u64,
    span: Span,
    root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    let inside = index.checked_sub(span.start).ok_or(ProofError::Index { index, size: span.end })?;
    verify_inclusion(leaf, inside, TreeHead { size: span.len(), root }, proof)
}

/// Checks that the subtree over `span`, whose root is `subtree`, stands in `head`'s tree.
/// draft-ietf-plants-merkle-tree-certs-03, 4.4. An empty subtree has the empty root and stands in every tree that reaches it.
pub fn verify_subtree_consistency(
    span: Span,
    subtree: Hash,
    head: TreeHead,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if span.end > head.size {
        return Err(ProofError::Shrunk { old: span.end, new: head.size });
    }
    if span.is_empty() {
        return match (proof.len(), empty_root()) {
            (0, empty) if empty == subtree => Ok(()),
            (0, empty) => Err(ProofError::Root { expected: subtree, implied: empty }),
            (came, _) => Err(ProofError::Length { expected: 0, came }),
        };
    }
    let (old, new) = implied(span, head.size, subtree, proof)?;
    for (expected, implied) in [(subtree, old), (head.root, new)] {
        if expected != implied {
            return Err(ProofError::Root { expected, implied });
        }
    }
    Ok(())
}
