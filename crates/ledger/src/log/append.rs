//! Waiting facts become leaves: one transaction, which commits whole or not at all.

use causeway_log::{Entry, Frontier, FullTile, Salt, Tile, TreeHead, UnfitEdge};
use sqlx::{Postgres, Transaction};

use super::facts::{FORMS, load};
use super::holder::LogHolder;
use super::keys::FactKey;
use crate::column::{Uint, count, id, position};
use crate::{Ledger, LedgerError};

type Tx = Transaction<'static, Postgres>;

/// What an append did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// How many leaves were added.
    pub leaves: u64,
    /// The tree after it, durable.
    pub tree: TreeHead,
}

/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else may append now.
    #[error("another sequencer holds the log")]
    NotHolder,
    /// What is stored does not add up to the root that was committed: the log must not grow.
    #[error("the stored tiles and entries lead to root {came}, the log's head says {expected}")]
    Diverged {
        /// The head's root.
        expected: causeway_protocol::Hash,
        /// What the right edge leads to.
        came: causeway_protocol::Hash,
    },
    /// Tiles or entries are missing, or there are too many: the log must not grow.
    #[error("the log's right edge: {0}")]
    Edge(#[from] UnfitEdge),
    /// The database failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<sqlx::Error> for AppendError {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl Ledger {
    /// Appends at most `most` waiting facts in the order they wait, each under a salt from `draw`. Nothing is answered before
    /// COMMIT, and the commit is durable as the database's own settings have it: with a synchronous standby, there too.
    pub async fn append_to_log(
        &self,
        holder: LogHolder,
        most: u32,
        mut draw: impl FnMut() -> Salt + Send,
    ) -> Result<Appended, AppendError> {
        let mut tx = self.pool.begin().await?;
        // Whoever turned it off for speed: what is signed must not be lost.
        sqlx::query!("SELECT set_config('synchronous_commit', 'on', TRUE)").fetch_one(&mut *tx).await?;
        let before = locked_head(&mut tx, holder).await?;
        let keys = take(&mut tx, most).await?;
        if keys.is_empty() {
            tx.commit().await?;
            return Ok(Appended { leaves: 0, tree: before });
        }
        let mut frontier = frontier(&mut tx, before.size).await?;
        let came = frontier.head().root;
        if came != before.root {
            return Err(AppendError::Diverged { expected: before.root, came });
        }
        let facts = load(&mut tx, &keys).await?;
        let mut rows = Vec::with_capacity(keys.len());
        let mut tiles = Vec::new();
        for fact in &facts {
            let salt = draw();
            let entry = Entry::new(fact.kind(), salt, &fact.encode());
            tiles.append(&mut frontier.append(entry.leaf_hash()));
            rows.push((salt, entry));
        }
        insert_entries(&mut tx, before.size, &keys, &rows).await?;
        insert_tiles(&mut tx, &tiles).await?;
        let after = frontier.head();
        let moved = sqlx::query!(
            "UPDATE log_head SET size = $1, root = $2 WHERE size = $3 AND holder = $4",
            position(after.size),
            after.root.as_ref(),
            position(before.size),
            holder.0,
        )
        .execute(&mut *tx)
        .await?;
        if moved.rows_affected() != 1 {
            return Err(AppendError::NotHolder);
        }
        tx.commit().await?;
        Ok(Appended { leaves: keys.len() as u64, tree: after })
    }

    /// Puts every fact that is neither a leaf nor waiting among those that wait: the full anti-join, for whoever begins to hold
    /// the log. Answers how many there were; none, unless somebody wrote to the database past its triggers.
    pub async fn refill_log(&self, holder: LogHolder) -> Result<u64, AppendError> {
        let mut tx = self.pool.begin().await?;
        locked_head(&mut tx, holder).await?;
        let found = sqlx::query!(
            "INSERT INTO log_waiting (form, subject, number)
             SELECT form, subject, number FROM log_facts AS fact
             WHERE NOT EXISTS (SELECT FROM log_entries AS entry
                               WHERE (entry.form, entry.subject, entry.number) = (fact.form, fact.subject, fact.number))
             ON CONFLICT DO NOTHING"
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(found.rows_affected())
    }

    /// How many facts wait to become leaves.
    pub async fn log_waiting(&self) -> Result<u64, LedgerError> {
        let waiting = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM log_waiting"#)
            .fetch_one(&self.pool)
            .await?;
        count("waiting facts", waiting)
    }
}

/// The head, locked: nobody else appends, and nobody takes the log over, until this transaction ends.
async fn locked_head(tx: &mut Tx, holder: LogHolder) -> Result<TreeHead, AppendError> {
    let row = sqlx::query!("SELECT size, root FROM log_head WHERE holder = $1 FOR UPDATE", holder.0)
        .fetch_optional(&mut **tx)
        .await?
        .ok_or(AppendError::NotHolder)?;
    Ok(TreeHead { size: count("log size", row.size)?, root: id("log root", &row.root)? })
}

/// Takes facts that wait, except those that are leaves already, and those of forms that only a newer program can read back.
async fn take(tx: &mut Tx, most: u32) -> Result<Vec<FactKey>, LedgerError> {
    let known: Vec<i16> = FORMS.iter().copied().map(i16::from).collect();
    let rows = sqlx::query!(
        r#"WITH taken AS (
               DELETE FROM log_waiting WHERE position IN 
                   (SELECT position FROM log_waiting WHERE form = ANY($2) ORDER BY position LIMIT $1)
               RETURNING position, form, subject, number
           )
           SELECT form, subject, number AS "number: Uint" FROM taken
           WHERE NOT EXISTS (SELECT FROM log_entries AS entry
                             WHERE (entry.form, entry.subject, entry.number) = (taken.form, taken.subject, taken.number))
           ORDER BY position"#,
        i64::from(most),
        &known,
    )
    .fetch_all(&mut **tx)
    .await?;
    let keys = rows.into_iter().map(|row| {
        let form = u8::try_from(row.form).map_err(|_| LedgerError::corrupt("log form", row.form))?;
        Ok(FactKey { form, subject: row.subject, number: row.number })
    });
    keys.collect()
}

/// The right edge of the tree of `size` leaves, from entries and from the roots of full tiles.
pub(super) async fn frontier(tx: &mut Tx, size: u64) -> Result<Frontier, AppendError> {
    let mut edges = Vec::new();
    for level in 0..Tile::LEVELS {
        edges.push(super::read::edge(tx, size, level).await?);
    }
    Ok(Frontier::from_edges(size, edges)?)
}

async fn insert_entries(
    tx: &mut Tx,
    first: u64,
    keys: &[FactKey],
    rows: &[(Salt, Entry)],
) -> Result<(), LedgerError> {
    let indices: Vec<i64> = (first..).take(rows.len()).map(position).collect();
    let forms: Vec<i16> = keys.iter().map(|key| key.form.into()).collect();
    let subjects: Vec<&[u8]> = keys.iter().map(|key| key.subject.as_slice()).collect();
    let numbers: Vec<Uint> = keys.iter().map(|key| key.number).collect();
    let salts: Vec<&[u8]> = rows.iter().map(|(salt, _)| salt.0.as_slice()).collect();
    let entries: Vec<Vec<u8>> = rows.iter().map(|(_, entry)| entry.encode().to_vec()).collect();
    sqlx::query!(
        "INSERT INTO log_entries (index, form, subject, number, salt, entry)
         SELECT * FROM UNNEST($1::bigint[], $2::smallint[], $3::bytea[], $4::numeric[], $5::bytea[], $6::bytea[])",
        &indices,
        &forms,
        subjects as _,
        numbers as _,
        salts as _,
        &entries,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_tiles(tx: &mut Tx, tiles: &[FullTile]) -> Result<(), LedgerError> {
    if tiles.is_empty() {
        return Ok(());
    }
    let levels: Vec<i16> = tiles.iter().map(|tile| i16::from(tile.level)).collect();
    let indices: Vec<i64> = tiles.iter().map(|tile| position(tile.index)).collect();
    let hashes: Vec<Vec<u8>> =
        tiles.iter().map(|tile| tile.hashes.iter().flat_map(|hash| hash.0).collect()).collect();
    let roots: Vec<&[u8]> = tiles.iter().map(|tile| tile.root.as_ref()).collect();
    sqlx::query!(
        "INSERT INTO log_tiles (level, index, hashes, root)
         SELECT * FROM UNNEST($1::smallint[], $2::bigint[], $3::bytea[], $4::bytea[])",
        &levels,
        &indices,
        &hashes,
        roots as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
