//! Reading evidence back.

use causeway_api::EvidenceItem;
use causeway_protocol::{Hash, IslandId};

use super::Recorded;
use crate::column::{Uint, address, count, id, position};
use crate::{Ledger, LedgerError};

impl Ledger {
    /// What is known of the evidence with this digest.
    pub async fn known_evidence(
        &self,
        island: IslandId,
        digest: Hash,
    ) -> Result<Option<Recorded>, LedgerError> {
        let row = sqlx::query!(
            "SELECT sequence, events FROM evidence WHERE island = $1 AND digest = $2",
            island.as_ref(),
            digest.as_ref(),
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            let events = u32::try_from(row.events).map_err(|_| LedgerError::corrupt("events", row.events))?;
            Ok(Recorded { sequence: count("sequence", row.sequence)?, digest, events, known: true })
        })
        .transpose()
    }

    /// At most `limit` pieces of an island's evidence in the order of recording, those after `after`. The order is that of
    /// commits: nothing appears later below a sequence that was read.
    pub async fn evidence_after(
        &self,
        island: IslandId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EvidenceItem>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT sequence, digest, first AS "first: Uint", last AS "last: Uint", relayer, recorded_at, bytes FROM evidence
               WHERE island = $1 AND sequence > $2 ORDER BY sequence LIMIT $3"#,
            island.as_ref(),
            position(after),
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(EvidenceItem {
                    sequence: count("sequence", row.sequence)?,
                    digest: id("digest", &row.digest)?,
                    first: row.first.0,
                    last: row.last.0,
                    relayer: address("relayer", &row.relayer)?,
                    recorded_at: row.recorded_at,
                    evidence: row.bytes,
                })
            })
            .collect()
    }
}
