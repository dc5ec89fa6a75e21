//! Proofs as a log builds them: from the hashes in its tiles.

use std::collections::BTreeMap;

use causeway_protocol::Hash;

use super::hash::{empty_root, node_hash, perfect_root};
use super::steps::steps;
use super::{ProofError, Span};
use crate::tile::{TILE_HEIGHT, TILE_WIDTH, Tile, TileHashes, hashes_at};

/// A tile that is needed and was not given, or is too narrow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{tile} is missing")]
pub struct MissingTile {
    /// The tile.
    pub tile: Tile,
}

/// A proof to build: which tiles it needs, and then its hashes.
///
/// ```
/// use causeway_log::{Frontier, ProofPlan, Tile, TileHashes, Tiles, TreeHead, leaf_hash, verify_inclusion};
///
/// let mut frontier = Frontier::new();
/// for entry in [b"a", b"b", b"c"] {
///     frontier.append(leaf_hash(entry));
/// }
/// let plan = ProofPlan::inclusion(1, 3)?;
/// let mut tiles = Tiles::new(3);
/// for tile in plan.tiles() {
///     tiles.insert(tile, TileHashes::new(tile, frontier.edge(tile.level()).to_vec())?);
/// }
/// let proof = plan.build(&tiles)?;
/// verify_inclusion(leaf_hash(b"b"), 1, frontier.head(), &proof)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofPlan {
    size: u64,
    spans: Vec<Span>,
}

impl ProofPlan {
    /// That the leaf at `index` is in the tree of `size` leaves.
    pub fn inclusion(index: u64, size: u64) -> Result<Self, ProofError> {
        if index >= size {
            return Err(ProofError::Index { index, size });
        }
        Self::subtree(Span::leaf(index), size)
    }

    /// That the tree of `size` leaves goes on from its first `old` ones. Empty from the empty tree, which all go on from.
    pub fn consistency(old: u64, size: u64) -> Result<Self, ProofError> {
        Self::subtree(Span::first(old), size)
    }

    /// That the subtree over `span` stands in the tree of `size` leaves.
    pub fn subtree(span: Span, size: u64) -> Result<Self, ProofError> {
        if span.end > size {
            return Err(ProofError::Shrunk { old: span.end, new: size });
        }
        let steps = if span.is_empty() { Vec::new() } else { steps(span, size) };
        Ok(Self { size, spans: steps.into_iter().map(|step| step.span).collect() })
    }

    /// The root of the tree of `size` leaves itself, as a plan of one hash.
    pub fn root(size: u64) -> Self {
        Self { size, spans: vec![Span::first(size)] }
    }

    /// The tiles it needs, as a tree of this size has them, each once.
    pub fn tiles(&self) -> Vec<Tile> {
        let nodes = self.spans.iter().flat_map(|span| span.perfect());
        let mut tiles: Vec<_> = nodes.filter_map(|node| self.place(node)).map(|(tile, ..)| tile).collect();
        tiles.sort_unstable();
        tiles.dedup();
        tiles
    }

    /// The hashes of the proof.
    pub fn build(&self, tiles: &Tiles) -> Result<Vec<Hash>, MissingTile> {
        self.spans.iter().map(|span| self.root_over(*span, tiles)).collect()
    }

    /// Where a complete subtree's hashes stand: the tile, the first hash, and how many (a power of two).
    fn place(&self, (height, index): (u32, u64)) -> Option<(Tile, usize, usize)> {
        let level = u8::try_from(height / TILE_HEIGHT).ok()?;
        let count = 1u64 << (height % TILE_HEIGHT);
        let first = index * count;
        let width = u64::from(TILE_WIDTH);
        let tile = Tile::of_tree(level, first / width, self.size)?;
        Some((tile, usize::try_from(first % width).ok()?, usize::try_from(count).ok()?))
    }

    fn root_over(&self, span: Span, tiles: &Tiles) -> Result<Hash, MissingTile> {
        let mut root = None;
        let parts: Vec<_> = span.perfect().collect();
        for part in parts.into_iter().rev() {
            // A tile of a tree that holds the span always exists; were it not so, it would be missing.
            let Some((tile, first, count)) = self.place(part) else {
                return Err(MissingTile { tile: Tile::FIRST });
            };
            let hashes = tiles.get(tile).and_then(|hashes| hashes.get(first..first + count));
            let part = perfect_root(hashes.ok_or(MissingTile { tile })?);
            root = Some(root.map_or(part, |right| node_hash(part, right)));
        }
        Ok(root.unwrap_or_else(empty_root))
    }
}

/// Tiles in memory, by level and index.
#[derive(Debug, Clone, Default)]
pub struct Tiles {
    size: u64,
    hashes: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl Tiles {
    /// None yet, of a tree of `size` leaves.
    pub fn new(size: u64) -> Self {
        Self { size, hashes: BTreeMap::new() }
    }

    /// The size of the tree they are of.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a tile; a wider one of the same place replaces a narrower one, never the other way round.
    pub fn insert(&mut self, tile: Tile, hashes: TileHashes) {
        let held = self.hashes.entry((tile.level(), tile.index())).or_default();
        if held.len() < hashes.as_ref().len() {
            *held = hashes.into();
        }
    }

    /// The hashes at a tile's place, at least as many as it is wide.
    fn get(&self, tile: Tile) -> Option<&[Hash]> {
        let hashes = self.hashes.get(&(tile.level(), tile.index()))?;
        (hashes.len() >= usize::from(tile.width())).then_some(hashes)
    }

    /// The root over all leaves, computed from the tiles at the right edge: [`ProofPlan::root`] says which.
    pub fn root(&self) -> Result<Hash, MissingTile> {
        ProofPlan::root(self.size).root_over(Span::first(self.size), self)
    }
}

impl Tile {
    /// The tile at `level` and `index` as a tree of `size` leaves has it; nothing where it would be empty.
    pub fn of_tree(level: u8, index: u64, size: u64) -> Option<Self> {
        let before = index.checked_mul(u64::from(TILE_WIDTH))?;
        let left = hashes_at(size, level).checked_sub(before)?.min(u64::from(TILE_WIDTH));
        Self::new(level, index, u16::try_from(left).ok()?)
    }
}
