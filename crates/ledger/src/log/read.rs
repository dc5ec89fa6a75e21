//! What is served of the log: tiles, entries, proofs, checkpoints, and a fact with its place.

use causeway_log::{
    Bundle, Entry, Fact, Frontier, MissingTile, ProofPlan, Salt, TILE_WIDTH, Tile, TileHashes, Tiles,
    TreeHead, encode_bundle, leaf_hash,
};
use causeway_protocol::Hash;
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;

use super::facts::load;
use super::keys::FactKey;
use crate::column::{count, id, position};
use crate::{Ledger, LedgerError};

type Tx = Transaction<'static, Postgres>;

/// A fact with its leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedFact {
    /// The leaf's index.
    pub index: u64,
    /// What its entry was salted with: only for those who may see the fact.
    pub salt: Salt,
    /// The entry.
    pub entry: Entry,
    /// The fact.
    pub fact: Fact,
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum LogProofError {
    /// The log is shorter than the proof's tree.
    #[error("the log has not grown that far: {0}")]
    Missing(#[from] MissingTile),
    /// The database failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<sqlx::Error> for LogProofError {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl Ledger {
    /// The bytes of a tile, as far as the log has grown.
    pub async fn log_tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, LedgerError> {
        let mut tx = self.pool.begin().await?;
        Ok(hashes(&mut tx, tile).await?.map(|hashes| hashes.iter().flat_map(|hash| hash.0).collect()))
    }

    /// The bytes of an entry bundle, as far as the log has grown.
    pub async fn log_bundle(&self, bundle: Bundle) -> Result<Option<Vec<u8>>, LedgerError> {
        let Some(first) = bundle.first_entry() else { return Ok(None) };
        let mut tx = self.pool.begin().await?;
        let entries = entries(&mut tx, first, bundle.width()).await?;
        if entries.len() != usize::from(bundle.width()) {
            return Ok(None);
        }
        let bytes = encode_bundle(entries.iter().map(Vec::as_slice));
        Ok(Some(bytes.map_err(|error| LedgerError::corrupt("log entry", error))?))
    }

    /// The hashes of a proof.
    pub async fn log_proof(&self, plan: &ProofPlan, size: u64) -> Result<Vec<Hash>, LogProofError> {
        let mut tx = self.pool.begin().await?;
        let mut tiles = Tiles::new(size);
        for tile in plan.tiles() {
            let hashes = hashes(&mut tx, tile).await?.ok_or(MissingTile { tile })?;
            let hashes =
                TileHashes::new(tile, hashes).map_err(|error| LedgerError::corrupt("log tile", error))?;
            tiles.insert(tile, hashes);
        }
        Ok(plan.build(&tiles)?)
    }

    /// A fact with its leaf, if it is one already.
    pub async fn logged_fact(&self, key: &FactKey) -> Result<Option<LoggedFact>, LedgerError> {
        Ok(self.logged_facts(std::slice::from_ref(key)).await?.pop().flatten())
    }

    /// Facts with their leaves, in the order of their keys; nothing where one is not in the log yet.
    pub async fn logged_facts(&self, keys: &[FactKey]) -> Result<Vec<Option<LoggedFact>>, LedgerError> {
        let mut tx = self.pool.begin().await?;
        let forms: Vec<i16> = keys.iter().map(|key| key.form.into()).collect();
        let subjects: Vec<&[u8]> = keys.iter().map(|key| key.subject.as_slice()).collect();
        let numbers: Vec<_> = keys.iter().map(|key| key.number).collect();
        let rows = sqlx::query!(
            r#"SELECT key.place AS "place!", index, salt, entry
               FROM UNNEST($1::smallint[], $2::bytea[], $3::numeric[]) WITH ORDINALITY AS key (form, subject, number, place)
               JOIN log_entries AS leaf ON leaf.form = key.form AND leaf.subject = key.subject AND leaf.number = key.number
               ORDER BY key.place"#,
            &forms,
            subjects as _,
            numbers as _,
        )
        .fetch_all(&mut *tx)
        .await?;
        let places = rows.iter().map(|row| usize::try_from(row.place - 1).unwrap_or(usize::MAX));
        let places: Vec<usize> = places.collect();
        let found: Vec<FactKey> = places.iter().filter_map(|place| keys.get(*place)).cloned().collect();
        let mut logged: Vec<Option<LoggedFact>> = vec![None; keys.len()];
        let facts = load(&mut tx, &found).await?;
        for (((place, row), fact), key) in places.iter().zip(rows).zip(facts).zip(&found) {
            let salt = Salt(id::<Hash>("salt", &row.salt)?.0);
            let entry =
                Entry::decode(&row.entry).map_err(|error| LedgerError::corrupt("log entry", error))?;
            if !entry.commits_to(salt, &fact.encode()) {
                return Err(LedgerError::corrupt("the fact behind a log entry", key));
            }
            let index = count("log index", row.index)?;
            if let Some(slot) = logged.get_mut(*place) {
                *slot = Some(LoggedFact { index, salt, entry, fact });
            }
        }
        Ok(logged)
    }

    /// The size of the newest checkpoint's tree, and its note.
    pub(crate) async fn newest_tree(&self) -> Result<Option<(u64, String)>, LedgerError> {
        let row =
            sqlx::query!("SELECT size, note FROM log_checkpoints ORDER BY size DESC, position DESC LIMIT 1")
                .fetch_optional(&self.pool)
                .await?;
        row.map(|row| Ok((count("log size", row.size)?, row.note))).transpose()
    }

    /// Publishes a signed checkpoint.
    pub async fn publish_checkpoint(
        &self,
        tree: TreeHead,
        note: &str,
        now: OffsetDateTime,
    ) -> Result<(), LedgerError> {
        sqlx::query!(
            "INSERT INTO log_checkpoints (size, root, note, published_at) VALUES ($1, $2, $3, $4)",
            position(tree.size),
            tree.root.as_ref(),
            note,
            now,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The newest checkpoint: the largest tree, and of that the note that was published last.
    pub async fn newest_checkpoint(&self) -> Result<Option<String>, LedgerError> {
        let note =
            sqlx::query_scalar!("SELECT note FROM log_checkpoints ORDER BY size DESC, position DESC LIMIT 1")
                .fetch_optional(&self.pool)
                .await?;
        Ok(note)
    }
}

/// The hashes of a tile; nothing if the log has not grown that far.
async fn hashes(tx: &mut Tx, tile: Tile) -> Result<Option<Vec<Hash>>, LedgerError> {
    let full = sqlx::query_scalar!(
        "SELECT hashes FROM log_tiles WHERE level = $1 AND index = $2",
        i16::from(tile.level()),
        position(tile.index()),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let width = usize::from(tile.width());
    if let Some(full) = full {
        let whole = full.as_chunks::<32>().0.iter().map(|hash| Hash(*hash));
        return Ok(Some(whole.take(width).collect()));
    }
    if tile.is_full() {
        return Ok(None);
    }
    let Some(first) = tile.index().checked_mul(u64::from(TILE_WIDTH)) else { return Ok(None) };
    let row = row_of(tx, tile.level(), first, tile.width()).await?;
    Ok((row.len() == width).then_some(row))
}

/// The hashes of the partial tile at `level` of the tree of `size` leaves.
pub(super) async fn edge(tx: &mut Tx, size: u64, level: u8) -> Result<Vec<Hash>, LedgerError> {
    let width = Frontier::width(size, level);
    if width == 0 {
        return Ok(Vec::new());
    }
    let first = (size >> (8 * u32::from(level))) - u64::from(width);
    row_of(tx, level, first, width).await
}

/// At most `width` hashes of a level from `first` on: leaf hashes, or the roots of full tiles of the level below.
async fn row_of(tx: &mut Tx, level: u8, first: u64, width: u16) -> Result<Vec<Hash>, LedgerError> {
    let Some(below) = level.checked_sub(1) else {
        let entries = entries(tx, first, width).await?;
        return Ok(entries.iter().map(|entry| leaf_hash(entry)).collect());
    };
    let roots = sqlx::query_scalar!(
        "SELECT root FROM log_tiles WHERE level = $1 AND index >= $2 AND index < $2 + $3 ORDER BY index",
        i16::from(below),
        position(first),
        i64::from(width),
    )
    .fetch_all(&mut **tx)
    .await?;
    roots.iter().map(|root| id("tile root", root)).collect()
}

async fn entries(tx: &mut Tx, first: u64, width: u16) -> Result<Vec<Vec<u8>>, LedgerError> {
    let entries = sqlx::query_scalar!(
        "SELECT entry FROM log_entries WHERE index >= $1 AND index < $1 + $2 ORDER BY index",
        position(first),
        i64::from(width),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(entries)
}
