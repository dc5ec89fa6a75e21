//! Tiles: how the tree's hashes and the log's entries are cut up and named (C2SP tlog-tiles).
//!
//! A tile holds up to 256 hashes that stand side by side; level 0 are leaf hashes, and each hash of a higher level is the root
//! over a full tile of the level below. An entry bundle holds the entries behind one tile of level 0.

mod bundle;
mod path;

use causeway_protocol::Hash;

pub use bundle::{BundleError, Entries, encode_bundle};
pub use path::{PathError, Resource};

/// The most hashes in a tile.
pub const TILE_WIDTH: u16 = 256;
/// How many levels of nodes a tile spans: 2^8 = 256.
pub(crate) const TILE_HEIGHT: u32 = 8;

/// How many hashes the level of tiles has in a tree of `size` leaves.
pub(crate) fn hashes_at(size: u64, level: u8) -> u64 {
    size.checked_shr(TILE_HEIGHT * u32::from(level)).unwrap_or(0)
}

/// One tile of hashes: where it is, and how wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

/// The entries behind one tile of level 0: which, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bundle {
    index: u64,
    width: u16,
}

/// Bytes that are no tile of this width.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{tile} has {expected} bytes, not {came}")]
pub struct TileLength {
    /// The tile.
    pub tile: Tile,
    /// Its length by its width.
    pub expected: usize,
    /// The length that came.
    pub came: usize,
}

impl Tile {
    /// Levels of a tree whose size is a 64-bit number: at level 8 a single hash would stand for 2^64 leaves.
    pub const LEVELS: u8 = 8;
    /// The narrowest tile of level 0.
    pub(crate) const FIRST: Self = Self { level: 0, index: 0, width: 1 };
    /// The highest level that a path may name.
    const HIGHEST: u8 = 63;

    /// A tile, if the level is at most 63 and the width 1 to 256.
    pub fn new(level: u8, index: u64, width: u16) -> Option<Self> {
        let fits = level <= Self::HIGHEST && (1..=TILE_WIDTH).contains(&width);
        fits.then_some(Self { level, index, width })
    }

    /// Its level; leaves are 0.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Its index on the level.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes it has.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether it has all 256 hashes.
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// Every tile that a tree of `new` leaves has and one of `old` leaves does not have at that width: what an append makes.
    pub fn made(old: u64, new: u64) -> Vec<Self> {
        let mut tiles = Vec::new();
        for level in 0..Self::LEVELS {
            let first = hashes_at(old, level);
            if hashes_at(new, level) <= first {
                continue;
            }
            let from = first / u64::from(TILE_WIDTH);
            tiles.extend((from..).map_while(|index| Self::of_tree(level, index, new)));
        }
        tiles
    }
}

impl Bundle {
    /// A bundle, if the width is 1 to 256.
    pub fn new(index: u64, width: u16) -> Option<Self> {
        (1..=TILE_WIDTH).contains(&width).then_some(Self { index, width })
    }

    /// Its index.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many entries it has.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// The index of its first entry; nothing if no log is that long.
    pub fn first_entry(&self) -> Option<u64> {
        self.index.checked_mul(u64::from(TILE_WIDTH))
    }
}

/// The hashes in a tile, as many as it is wide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileHashes(Vec<Hash>);

impl TileHashes {
    /// The hashes of `tile`: as many as it is wide.
    pub fn new(tile: Tile, hashes: Vec<Hash>) -> Result<Self, TileLength> {
        if hashes.len() == usize::from(tile.width) {
            Ok(Self(hashes))
        } else {
            Err(TileLength { tile, expected: 32 * usize::from(tile.width), came: 32 * hashes.len() })
        }
    }

    /// Reads what is served as `tile`: its hashes, one after the other.
    pub fn decode(tile: Tile, bytes: &[u8]) -> Result<Self, TileLength> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        let expected = 32 * usize::from(tile.width);
        if !rest.is_empty() || bytes.len() != expected {
            return Err(TileLength { tile, expected, came: bytes.len() });
        }
        Ok(Self(hashes.iter().map(|hash| Hash(*hash)).collect()))
    }

    /// What is served: the hashes, one after the other.
    pub fn encode(&self) -> Vec<u8> {
        self.0.iter().flat_map(|hash| hash.0).collect()
    }
}

impl AsRef<[Hash]> for TileHashes {
    fn as_ref(&self) -> &[Hash] {
        &self.0
    }
}

impl From<TileHashes> for Vec<Hash> {
    fn from(hashes: TileHashes) -> Self {
        hashes.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_of_seventy_thousand_has_the_tiles_of_the_specification() {
        let tiles = Tile::made(0, 70_000);
        let of = |level, full| tiles.iter().filter(move |t| t.level == level && t.is_full() == full);
        assert_eq!([0, 1, 2].map(|level| of(level, true).count()), [273, 1, 0]);
        let partial: Vec<_> = [0, 1, 2].iter().flat_map(|level| of(*level, false)).map(|t| t.width).collect();
        assert_eq!(partial, [112, 17, 1]);
        assert_eq!(tiles.len(), 277);
    }

    #[test]
    fn a_tree_of_256_has_a_full_tile_and_one_hash_above() {
        let expected = [(0, 0, 256), (1, 0, 1)].map(|(level, index, width)| Tile { level, index, width });
        assert_eq!(Tile::made(0, 256), expected);
        assert_eq!(Tile::made(255, 256), expected);
        assert_eq!(Tile::made(256, 256), []);
        assert_eq!(Tile::of_tree(1, 1, 256), None);
        assert_eq!(Tile::of_tree(8, 0, u64::MAX), None);
    }

    #[test]
    fn a_tile_of_another_length_is_refused() {
        let tile = Tile::new(0, 0, 2).unwrap();
        for length in [0, 32, 63, 65, 96] {
            let refused = TileHashes::decode(tile, &vec![1; length]);
            assert_eq!(refused, Err(TileLength { tile, expected: 64, came: length }));
        }
        let bytes: Vec<u8> = (0..64).collect();
        assert_eq!(TileHashes::decode(tile, &bytes).unwrap().encode(), bytes);
    }
}
