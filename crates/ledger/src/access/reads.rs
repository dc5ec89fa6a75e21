//! What auditors read.

use causeway_api::AccessedPath;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::column::{count, position};
use crate::{Ledger, LedgerError};

/// Something that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access<'a> {
    /// The token's id, or the person's.
    pub credential: Uuid,
    /// The token's or the person's name.
    pub actor: &'a str,
    /// The path.
    pub path: &'a str,
    /// The query, without its question mark.
    pub query: &'a str,
}

impl Ledger {
    /// Records that something is read: once for each hour, with a count.
    pub async fn record_access(&self, access: Access<'_>, now: OffsetDateTime) -> Result<(), LedgerError> {
        let Access { credential, actor, path, query } = access;
        sqlx::query!(
            "INSERT INTO accesses AS known (credential, actor, path, query, hour, count, first_at, last_at)
             VALUES ($1, $2, $3, $4, date_trunc('hour', $5::timestamptz, 'UTC'), 1, $5, $5)
             ON CONFLICT (credential, hour, path, query) DO UPDATE
             SET count = known.count + 1, last_at = greatest(known.last_at, excluded.last_at)",
            credential,
            actor,
            path,
            query,
            now,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// At most `limit` of what was read, the newest first, those before the place `before`.
    pub async fn accesses(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<(u64, AccessedPath)>, LedgerError> {
        let rows = sqlx::query!(
            "SELECT position, credential, actor, path, query, count, first_at, last_at FROM accesses
             WHERE $1::bigint IS NULL OR position < $1 ORDER BY position DESC LIMIT $2",
            before.map(position),
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        let read = rows.into_iter().map(|row| {
            let access = AccessedPath {
                credential: row.credential,
                actor: row.actor,
                path: row.path,
                query: row.query,
                count: count("count", row.count)?,
                first_at: row.first_at,
                last_at: row.last_at,
            };
            Ok::<_, LedgerError>((count("position", row.position)?, access))
        });
        read.collect()
    }
}
