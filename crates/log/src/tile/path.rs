//! What a log serves under its prefix, by path.

use core::fmt;
use core::str::FromStr;

use super::{Bundle, TILE_WIDTH, Tile};

/// A resource of a log: its path is relative to the log's prefix, without a slash in front.
///
/// ```
/// use causeway_log::{Resource, Tile};
///
/// let tile = Tile::new(0, 1_234_067, 5).unwrap();
/// assert_eq!(Resource::Tile(tile).to_string(), "tile/0/x001/x234/067.p/5");
/// assert_eq!("tile/0/x001/x234/067.p/5".parse(), Ok(Resource::Tile(tile)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// The newest checkpoint.
    Checkpoint,
    /// A tile of hashes.
    Tile(Tile),
    /// A bundle of entries.
    Bundle(Bundle),
}

/// A path that names nothing a log serves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected checkpoint, tile/<level>/<index>[.p/<width>] or tile/entries/<index>[.p/<width>], got {came:?}"
)]
pub struct PathError {
    /// The path, at most its first 80 characters.
    pub came: String,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint => f.write_str("checkpoint"),
            Self::Tile(tile) => tile.fmt(f),
            Self::Bundle(bundle) => bundle.fmt(f),
        }
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.level)?;
        place(f, self.index, self.width)
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tile/entries/")?;
        place(f, self.index, self.width)
    }
}

/// The index in groups of three digits, all but the last marked with an x, and the width unless it is full.
fn place(f: &mut fmt::Formatter<'_>, index: u64, width: u16) -> fmt::Result {
    let mut groups = Vec::new();
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(rest % 1000);
        rest /= 1000;
    }
    for group in groups.iter().rev() {
        write!(f, "x{group:03}/")?;
    }
    write!(f, "{:03}", index % 1000)?;
    if width < TILE_WIDTH { write!(f, ".p/{width}") } else { Ok(()) }
}

impl FromStr for Resource {
    type Err = PathError;

    fn from_str(path: &str) -> Result<Self, PathError> {
        // What is read leniently and is not written back the same has a second form of something, and is nothing.
        read(path)
            .filter(|resource| resource.to_string() == path)
            .ok_or_else(|| PathError { came: path.chars().take(80).collect() })
    }
}

fn read(path: &str) -> Option<Resource> {
    if path == "checkpoint" {
        return Some(Resource::Checkpoint);
    }
    let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let (index, width) = match rest.split_once(".p/") {
        Some((index, width)) => (index, width.parse().ok()?),
        None => (rest, TILE_WIDTH),
    };
    let mut sum = 0u64;
    for group in index.split('/') {
        let digits = group.strip_prefix('x').unwrap_or(group);
        let group: u16 = digits.parse().ok().filter(|_| digits.len() == 3)?;
        sum = sum.checked_mul(1000)?.checked_add(u64::from(group))?;
    }
    if level == "entries" {
        return Bundle::new(sum, width).map(Resource::Bundle);
    }
    Tile::new(level.parse().ok()?, sum, width).map(Resource::Tile)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(path: &str) -> Result<Resource, PathError> {
        path.parse()
    }

    #[test]
    fn indices_are_written_in_groups_of_three() {
        let index = |index| Bundle::new(index, 256).unwrap().to_string();
        assert_eq!(index(0), "tile/entries/000");
        assert_eq!(index(999), "tile/entries/999");
        assert_eq!(index(1000), "tile/entries/x001/000");
        assert_eq!(index(1_234_067), "tile/entries/x001/x234/067");
        assert_eq!(index(u64::MAX), "tile/entries/x018/x446/x744/x073/x709/x551/615");
    }

    #[test]
    fn a_path_in_another_form_names_nothing() {
        let paths = [
            "",
            "/checkpoint",
            "checkpoint/",
            "Checkpoint",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/00",
            "tile/0/0000",
            "tile/0/x000/000",
            "tile/0/x000/001",
            "tile/0/001/000",
            "tile/0/x001",
            "tile/0/001/",
            "tile/00/001",
            "tile/64/001",
            "tile/-1/001",
            "tile/+1/001",
            "tile/0/+01",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/000.p",
            "tile/0/000.p/1/",
            "tile/0/000.p/1.p/1",
            "tile/entries/1",
            "tile/Entries/001",
            "tile/data/001",
            "tile/8/0/001",
            "tile/entries/000.p/+5",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        ];
        for came in paths {
            assert_eq!(path(came), Err(PathError { came: came.into() }));
        }
    }

    #[test]
    fn a_long_path_is_not_repeated_whole() {
        let refused = path(&"x".repeat(1_000_000)).unwrap_err();
        assert_eq!(refused.came.len(), 80);
    }

    proptest! {
        #[test]
        fn every_tile_and_bundle_comes_back_from_its_path(level in 0u8..64, index: u64, width in 1u16..=256) {
            let tile = Resource::Tile(Tile::new(level, index, width).unwrap());
            prop_assert_eq!(path(&tile.to_string()), Ok(tile));
            let bundle = Resource::Bundle(Bundle::new(index, width).unwrap());
            prop_assert_eq!(path(&bundle.to_string()), Ok(bundle));
        }

        #[test]
        fn what_is_read_is_written_the_same(text in "(tile/)?(entries|[0-9]{1,2})/(x?[0-9]{2,3}/){0,3}[0-9]{2,4}(.p/[0-9]{1,3})?") {
            if let Ok(resource) = path(&text) {
                prop_assert_eq!(resource.to_string(), text);
            }
        }
    }
}
