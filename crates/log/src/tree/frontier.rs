//! The right edge of a growing tree: all that has to be known to append to it.

use causeway_protocol::Hash;

use super::hash::{node_hash, perfect_root};
use super::{Span, TreeHead};
use crate::tile::{TILE_WIDTH, Tile, hashes_at};

/// A tile that an append completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullTile {
    /// Its level, leaves being 0.
    pub level: u8,
    /// Its index on the level.
    pub index: u64,
    /// Its 256 hashes.
    pub hashes: Vec<Hash>,
    /// The root over them: one hash of the level above.
    pub root: Hash,
}

/// Tiles that are not the right edge of a tree of the size given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a tree of {size} leaves ends at level {level} in a tile of {expected} hashes, not {came}")]
pub struct UnfitEdge {
    /// The size that came.
    pub size: u64,
    /// The level.
    pub level: u8,
    /// How many hashes the size implies.
    pub expected: u16,
    /// How many came.
    pub came: usize,
}

/// A tree's size and its partial tiles, one a level: what is left of it when every full tile is stored elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// By level; each holds fewer than 256 hashes.
    edges: Vec<Vec<Hash>>,
}

impl Frontier {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The right edge of a tree of `size` leaves, from the hashes of its partial tile at each level.
    pub fn from_edges(size: u64, edges: Vec<Vec<Hash>>) -> Result<Self, UnfitEdge> {
        let levels = edges.len().max(usize::from(Tile::LEVELS));
        for level in 0..u8::try_from(levels).unwrap_or(u8::MAX) {
            let came = edges.get(usize::from(level)).map_or(0, Vec::len);
            let expected = Self::width(size, level);
            if came != usize::from(expected) {
                return Err(UnfitEdge { size, level, expected, came });
            }
        }
        Ok(Self { size, edges })
    }

    /// How many hashes the partial tile at `level` has in a tree of `size` leaves.
    pub fn width(size: u64, level: u8) -> u16 {
        (hashes_at(size, level) % u64::from(TILE_WIDTH)).try_into().unwrap_or_default()
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the partial tile at `level`.
    pub fn edge(&self, level: u8) -> &[Hash] {
        self.edges.get(usize::from(level)).map_or(&[], Vec::as_slice)
    }

    /// Appends a leaf by its hash; answers the tiles that are full now, lower levels first.
    pub fn append(&mut self, leaf: Hash) -> Vec<FullTile> {
        let mut full = Vec::new();
        let mut carried = leaf;
        self.size += 1;
        for level in 0..Tile::LEVELS {
            if self.edges.len() == usize::from(level) {
                self.edges.push(Vec::new());
            }
            let Some(edge) = self.edges.get_mut(usize::from(level)) else { break };
            edge.push(carried);
            if edge.len() < usize::from(TILE_WIDTH) {
                break;
            }
            let hashes = core::mem::take(edge);
            carried = perfect_root(&hashes);
            let index = hashes_at(self.size, level) / u64::from(TILE_WIDTH) - 1;
            full.push(FullTile { level, index, hashes, root: carried });
        }
        full
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        let mut root = None;
        for edge in &self.edges {
            // Each edge falls into complete subtrees, the largest first; the root folds them from the right.
            let parts: Vec<_> = Span::first(edge.len() as u64).perfect().collect();
            let mut rest = edge.as_slice();
            for (height, _) in parts.into_iter().rev() {
                let (left, part) = rest.split_at(rest.len() - (1 << height));
                let part = perfect_root(part);
                root = Some(root.map_or(part, |right| node_hash(part, right)));
                rest = left;
            }
        }
        root.map_or_else(TreeHead::empty, |root| TreeHead { size: self.size, root })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::leaf_hash;

    #[test]
    fn tiles_fill_up_level_by_level() {
        let mut frontier = Frontier::new();
        let mut full = Vec::new();
        for at in 0u32..65_536 + 300 {
            full.extend(frontier.append(leaf_hash(&at.to_be_bytes())));
        }
        assert_eq!(full.iter().filter(|tile| tile.level == 0).count(), 257);
        let upper: Vec<_> = full.iter().filter(|tile| tile.level == 1).collect();
        assert_eq!((upper.len(), upper[0].index), (1, 0));
        let roots: Vec<_> = full.iter().filter(|tile| tile.level == 0).map(|tile| tile.root).collect();
        assert_eq!(upper[0].hashes, roots[..256]);
        assert_eq!([0, 1, 2].map(|level| frontier.edge(level).len()), [44, 1, 1]);
    }

    #[test]
    fn an_edge_that_does_not_fit_the_size_is_refused() {
        let hash = leaf_hash(b"one");
        let refused = Frontier::from_edges(2, vec![vec![hash]]);
        assert_eq!(refused, Err(UnfitEdge { size: 2, level: 0, expected: 2, came: 1 }));
        let refused = Frontier::from_edges(256, vec![vec![], vec![hash], vec![hash]]);
        assert_eq!(refused, Err(UnfitEdge { size: 256, level: 2, expected: 0, came: 1 }));
        assert!(Frontier::from_edges(256, vec![vec![], vec![hash]]).is_ok());
    }

    #[test]
    fn the_tree_without_leaves_has_the_empty_root() {
        assert_eq!(Frontier::new().head(), TreeHead::empty());
    }
}
