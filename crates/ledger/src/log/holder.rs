//! Who may append: a lease in the log's one row, by Postgres' own clock.

use std::time::Duration;

use causeway_log::TreeHead;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::column::{count, id};
use crate::{Ledger, LedgerError};

/// Somebody who may append to the log, while the lease lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogHolder(pub(super) Uuid);

/// How far the tree has grown, and who grows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogHead {
    /// Size and root of what is committed; the newest checkpoint may be behind.
    pub tree: TreeHead,
    /// Who may append, and until when by the database's clock.
    pub holder: Option<(LogHolder, OffsetDateTime)>,
}

impl Default for LogHolder {
    fn default() -> Self {
        Self::new()
    }
}

impl LogHolder {
    /// An identity that nobody had before: one for every start of a sequencer.
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl Ledger {
    /// Takes or keeps the right to append, for `lease` from now. Answers whether `holder` has it: while another's lease lasts, not.
    pub async fn hold_log(&self, holder: LogHolder, lease: Duration) -> Result<bool, LedgerError> {
        let held = sqlx::query!(
            "UPDATE log_head SET holder = $1, held_until = clock_timestamp() + make_interval(secs => $2)
             WHERE holder IS NULL OR holder = $1 OR held_until < clock_timestamp()",
            holder.0,
            lease.as_secs_f64(),
        )
        .execute(&self.pool)
        .await?;
        Ok(held.rows_affected() == 1)
    }

    /// Gives the right to append back, so that the next holder need not wait.
    pub async fn release_log(&self, holder: LogHolder) -> Result<(), LedgerError> {
        sqlx::query!("UPDATE log_head SET holder = NULL, held_until = NULL WHERE holder = $1", holder.0)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// How far the tree has grown, and who grows it.
    pub async fn log_head(&self) -> Result<LogHead, LedgerError> {
        let row =
            sqlx::query!("SELECT size, root, holder, held_until FROM log_head").fetch_one(&self.pool).await?;
        Ok(LogHead {
            tree: TreeHead { size: count("log size", row.size)?, root: id("log root", &row.root)? },
            holder: row.holder.map(LogHolder).zip(row.held_until),
        })
    }
}
