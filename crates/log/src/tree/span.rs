//! Stretches of leaves, and which of them are subtrees.

use super::ProofError;

/// The leaves from `start` up to, not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Span {
    /// The span from `start` to `end`, if it is a subtree of every tree that holds it: `start` has to be a multiple of the
    /// smallest power of two that is not below its length (draft-ietf-plants-merkle-tree-certs-03, 4.1). An empty span is one.
    pub fn subtree(start: u64, end: u64) -> Result<Self, ProofError> {
        let refuse = ProofError::NotASubtree { start, end };
        let length = end.checked_sub(start).ok_or(refuse.clone())?;
        // Above 2^63 the power would be 2^64, of which only 0 is a multiple.
        let aligned =
            length.checked_next_power_of_two().map_or(start == 0, |power| start.is_multiple_of(power));
        if aligned { Ok(Self { start, end }) } else { Err(refuse) }
    }

    /// The first `size` leaves.
    pub(crate) fn first(size: u64) -> Self {
        Self { start: 0, end: size }
    }

    /// The leaf at `index` alone.
    pub(crate) fn leaf(index: u64) -> Self {
        Self { start: index, end: index.saturating_add(1) }
    }

    /// Its first leaf.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The leaf after its last.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// How many leaves it has.
    pub fn len(&self) -> u64 {
        self.end - self.start
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The complete subtrees it falls into, from left to right: each is (height, index at that height). `self` has to start
    /// at a multiple of the largest of them, as every sibling in a proof does.
    pub(crate) fn perfect(self) -> impl Iterator<Item = (u32, u64)> {
        let mut at = self.start;
        core::iter::from_fn(move || {
            let height = (self.end - at).checked_ilog2()?;
            let index = at >> height;
            at += 1 << height;
            Some((height, index))
        })
    }
}

/// Where a list of `size` > 1 leaves splits: the largest power of two below it.
pub(crate) fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subtree_starts_at_a_multiple_of_its_length_rounded_up() {
        for (start, end) in
            [(0, 0), (0, 7), (4, 8), (4, 7), (8, 13), (3, 3), (0, u64::MAX), (1 << 63, u64::MAX)]
        {
            assert!(Span::subtree(start, end).is_ok(), "{start}..{end}");
        }
        for (start, end) in [(1, 3), (2, 5), (2, 6), (1, 15), (3, 5), (2, 1), (1, (1 << 63) + 2)] {
            assert_eq!(Span::subtree(start, end), Err(ProofError::NotASubtree { start, end }));
        }
    }

    #[test]
    fn a_span_falls_into_complete_subtrees_from_left_to_right() {
        let parts: Vec<_> = Span::first(13).perfect().collect();
        assert_eq!(parts, [(3, 0), (2, 2), (0, 12)]);
        assert_eq!(Span { start: 8, end: 11 }.perfect().collect::<Vec<_>>(), [(1, 4), (0, 10)]);
    }

    #[test]
    fn a_list_splits_at_the_largest_power_of_two_below_it() {
        let splits: Vec<_> = [2, 3, 4, 5, 8, 9, u64::MAX].map(split).into();
        assert_eq!(splits, [1, 2, 2, 4, 4, 8, 1 << 63]);
    }
}
