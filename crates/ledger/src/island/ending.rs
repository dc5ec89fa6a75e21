//! The end of islands that are retiring.

use causeway_protocol::IslandId;
use time::OffsetDateTime;

use super::change::{enter, open_packets};
use super::{IslandChange, IslandLife};
use crate::attestation::refresh_holds;
use crate::column::id;
use crate::signals::Changes;
use crate::{Actor, Ledger, LedgerError};

impl Ledger {
    /// Ends every retiring island of which no packet is open any more; which those were.
    pub async fn end_retiring(&self, by: &Actor, now: OffsetDateTime) -> Result<Vec<IslandId>, LedgerError> {
        // Asked often, and nearly always for nothing: without the lock that recording takes.
        if self.retiring().await?.is_empty() {
            return Ok(Vec::new());
        }
        let (mut transaction, mut tails) = self.begin().await?;
        let mut ended = Vec::new();
        for island in self.retiring().await? {
            let end = IslandLife(causeway_api::IslandState::Retiring).apply(IslandChange::End);
            let (0, Ok(end)) = (open_packets(&mut transaction, island).await?, end) else { continue };
            enter(&mut transaction, island, IslandChange::End, end.0, by, "no packet is open", now).await?;
            ended.push(island);
        }
        if !ended.is_empty() {
            refresh_holds(&mut transaction, &mut tails, now).await?;
            tails.store(&mut transaction).await?;
            transaction.commit().await?;
            self.signals().raise(Changes {
                leaves: true,
                batches: true,
                deliveries: true,
                ..Changes::default()
            });
        }
        Ok(ended)
    }

    async fn retiring(&self) -> Result<Vec<IslandId>, LedgerError> {
        let rows = sqlx::query_scalar!("SELECT island FROM island_states WHERE state = 'retiring'")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| id("island", row)).collect()
    }
}
