//! A copy of a log in a folder, as C2SP tlog-tiles: any reader of those can read it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use causeway_log::{
    Bundle, Entries, Entry, Frontier, ProofPlan, SignedCheckpoint, Tile, TileHashes, Tiles, TreeHead,
    VerifierKey, leaf_hash, verify_consistency,
};

use crate::{Alarm, LogSource, Trouble};

/// Levels of tiles that a tree of 2^63 leaves has.
const LEVELS: u8 = 8;
/// Leaves that are read before what was read is written down.
const MOST: u64 = 65_536;

/// A log's copy, as far as it was checked.
#[derive(Debug)]
pub struct Mirror {
    folder: PathBuf,
    origin: String,
    keys: Vec<VerifierKey>,
    tree: Frontier,
}

/// What a look at the log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grown {
    /// How many leaves were mirrored before.
    pub before: u64,
    /// The tree that is mirrored now.
    pub tree: TreeHead,
}

impl Mirror {
    /// The mirror in `folder` of the log `origin`, whose checkpoints one of `keys` signs. An empty folder begins one.
    pub fn open(folder: &Path, origin: &str, keys: Vec<VerifierKey>) -> Result<Self, Trouble> {
        let mut mirror =
            Self { folder: folder.to_owned(), origin: origin.to_owned(), keys, tree: Frontier::new() };
        fs::create_dir_all(folder)?;
        let note = match fs::read(folder.join("checkpoint")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(mirror),
            note => note?,
        };
        let damaged = |what: String| Trouble::Damaged(what);
        let signed = SignedCheckpoint::open(&note, origin, &mirror.keys)
            .map_err(|error| damaged(format!("its checkpoint: {error}")))?;
        let size = signed.head().size;
        let edges = (0..LEVELS).map(|level| mirror.edge(size, level)).collect::<Result<Vec<_>, _>>()?;
        mirror.tree =
            Frontier::from_edges(size, edges).map_err(|error| damaged(format!("its tiles: {error:?}")))?;
        if mirror.tree.head() != signed.head() {
            return Err(damaged("its tiles make another tree than its checkpoint says".into()));
        }
        Ok(mirror)
    }

    /// The tree that is mirrored.
    pub fn head(&self) -> TreeHead {
        self.tree.head()
    }

    /// Looks at the log once: reads what is new, and checks that the checkpoint is the tree of all entries ever read.
    ///
    /// Two signed checkpoints that contradict each other are put into the folder `alarms`: together they prove the fork to anybody.
    pub async fn look(&mut self, source: &dyn LogSource) -> Result<Grown, Trouble> {
        let note = source.checkpoint().await?;
        let signed = SignedCheckpoint::open(&note, &self.origin, &self.keys).map_err(Alarm::from)?;
        let (before, served) = (self.tree.size(), signed.head());
        if served.size <= before {
            self.check_older(served, &note)?;
            return Ok(Grown { before, tree: self.head() });
        }
        let mut tree = self.tree.clone();
        while tree.size() < served.size {
            let until = served.size.min(tree.size() - tree.size() % MOST + MOST);
            self.read(source, &mut tree, until).await?;
        }
        if tree.head() != served {
            self.keep_fork(&note)?;
            return Err(Alarm::Fork { mirrored: self.head(), served }.into());
        }
        self.write_edges(&tree)?;
        write(&self.folder.join("checkpoint"), &note)?;
        self.tree = tree;
        Ok(Grown { before, tree: served })
    }

    /// Reads entries up to `until`, and writes down them and the tiles that they complete. Nothing of it counts before the checkpoint does.
    async fn read(&self, source: &dyn LogSource, tree: &mut Frontier, until: u64) -> Result<(), Trouble> {
        let from = tree.size();
        // Entries at the right edge that were read before, and come again beside new ones.
        let known = tree.edge(0).to_vec();
        for tile in Tile::made(from, until).into_iter().filter(|tile| tile.level() == 0) {
            let Some(bundle) = Bundle::new(tile.index(), tile.width()) else { continue };
            let path = bundle.to_string();
            let bytes = source.tile(&path).await?;
            let first = bundle.first_entry().unwrap_or_default();
            let entries = Entries::decode(bundle, &bytes)
                .map_err(|error| Alarm::Entry { index: first, detail: format!("{path}: {error}") })?;
            for (index, entry) in (first..).zip(entries.iter()) {
                if index < from {
                    let place = usize::try_from(index - first).unwrap_or(usize::MAX);
                    if known.get(place) != Some(&leaf_hash(entry)) {
                        let detail = "it is another entry than the one that was mirrored".to_owned();
                        return Err(Alarm::Entry { index, detail }.into());
                    }
                    continue;
                }
                Entry::decode(entry).map_err(|error| Alarm::Entry { index, detail: error.to_string() })?;
                for full in tree.append(leaf_hash(entry)) {
                    let hashes: Vec<u8> = full.hashes.iter().flat_map(|hash| hash.0).collect();
                    if let Some(tile) = Tile::new(full.level, full.index, causeway_log::TILE_WIDTH) {
                        write(&self.folder.join(tile.to_string()), &hashes)?;
                    }
                }
            }
            write(&self.folder.join(path), &bytes)?;
        }
        Ok(())
    }

    /// The partial tiles at the right edge.
    fn write_edges(&self, tree: &Frontier) -> Result<(), Trouble> {
        for level in 0..LEVELS {
            let hashes = tree.edge(level);
            let width = u16::try_from(hashes.len()).unwrap_or(u16::MAX);
            let index = edge_index(tree.size(), level);
            if let Some(tile) = Tile::new(level, index, width).filter(|_| width > 0) {
                let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
                write(&self.folder.join(tile.to_string()), &bytes)?;
            }
        }
        Ok(())
    }

    /// A checkpoint that is not newer than the mirror has to be one that the mirror goes on from.
    fn check_older(&self, served: TreeHead, note: &[u8]) -> Result<(), Trouble> {
        let mirrored = self.head();
        if served == mirrored || served.size == 0 {
            return Ok(());
        }
        let goes_on = served.size < mirrored.size && {
            let plan = ProofPlan::consistency(served.size, mirrored.size)
                .map_err(|error| Trouble::Damaged(error.to_string()))?;
            let mut tiles = Tiles::new(mirrored.size);
            for tile in plan.tiles() {
                tiles.insert(tile, self.tile(tile)?);
            }
            let proof = plan.build(&tiles).map_err(|error| Trouble::Damaged(error.to_string()))?;
            verify_consistency(served, mirrored, &proof).is_ok()
        };
        if goes_on {
            return Ok(());
        }
        self.keep_fork(note)?;
        Err(Alarm::Fork { mirrored, served }.into())
    }

    fn keep_fork(&self, note: &[u8]) -> Result<(), Trouble> {
        let alarms = self.folder.join("alarms");
        let size = self.tree.size();
        if size > 0 {
            let mirrored = fs::read(self.folder.join("checkpoint"))?;
            write(&alarms.join(format!("fork-{size}-mirrored")), &mirrored)?;
        }
        write(&alarms.join(format!("fork-{size}-served")), note)?;
        Ok(())
    }

    fn edge(&self, size: u64, level: u8) -> Result<Vec<causeway_protocol::Hash>, Trouble> {
        let width = Frontier::width(size, level);
        let Some(tile) = Tile::new(level, edge_index(size, level), width).filter(|_| width > 0) else {
            return Ok(Vec::new());
        };
        Ok(self.tile(tile)?.as_ref().to_vec())
    }

    /// A tile of the mirror. One that is partial here may be full by now.
    fn tile(&self, tile: Tile) -> Result<TileHashes, Trouble> {
        let full = Tile::new(tile.level(), tile.index(), causeway_log::TILE_WIDTH);
        let bytes = match full.map(|full| fs::read(self.folder.join(full.to_string()))) {
            Some(Ok(bytes)) => bytes,
            _ => fs::read(self.folder.join(tile.to_string()))?,
        };
        let bytes = bytes.get(..usize::from(tile.width()) * 32).unwrap_or(&bytes);
        TileHashes::decode(tile, bytes).map_err(|error| Trouble::Damaged(error.to_string()))
    }
}

/// Where the partial tile of a level is.
fn edge_index(size: u64, level: u8) -> u64 {
    size.checked_shr(8 * (u32::from(level) + 1)).unwrap_or_default()
}

/// Writes a file whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    fs::write(&new, bytes)?;
    fs::rename(new, path)
}
