//! The shape of a proof: which hashes it is made of, and what each is for.

use super::Span;
use super::span::split;

/// What one hash of a proof is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Where the subtree and the tree begin to share nodes.
    Seed,
    /// The right sibling of what was computed so far; the subtree ends before it.
    Right,
    /// The left sibling of what was computed so far; `inside` the subtree too, or before it.
    Left {
        /// Whether the subtree holds it.
        inside: bool,
    },
}

/// One hash of a proof: the root over `span`, used as `role` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) role: Role,
    pub(crate) span: Span,
}

/// Every hash in the proof that the subtree over `span` stands in a tree of `size` leaves, in the order of the proof.
///
/// This is the SUBPROOF of RFC 6962, 2.1.2, for any subtree (draft-ietf-plants-merkle-tree-certs-03, 4.4): for the first leaves
/// of a tree it is a consistency proof, and for one leaf an inclusion proof (2.1.1). `span` has to be a non-empty subtree that
/// ends at or before `size`. At most 65 steps.
pub(crate) fn steps(span: Span, size: u64) -> Vec<Step> {
    let Span { mut start, mut end } = span;
    let (mut offset, mut size) = (0, size);
    let mut seeded = false;
    let mut down = Vec::new();
    while start > 0 || end < size {
        let middle = split(size);
        if end <= middle {
            let span = Span { start: offset + middle, end: offset + size };
            down.push(Step { role: Role::Right, span });
            size = middle;
            continue;
        }
        // A subtree that reaches across the middle begins where the tree does.
        let inside = start < middle;
        seeded |= inside;
        let span = Span { start: offset, end: offset + middle };
        down.push(Step { role: Role::Left { inside }, span });
        start = start.saturating_sub(middle);
        end -= middle;
        size -= middle;
        offset += middle;
    }
    if seeded {
        down.push(Step { role: Role::Seed, span: Span { start: offset, end: offset + size } });
    }
    down.reverse();
    down
}
