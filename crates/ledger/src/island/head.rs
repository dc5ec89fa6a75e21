//! What an island's light client knows, now and earlier, and the headers recorded.

use causeway_api::RecordedHeader;
use causeway_protocol::{Hash, IslandId};

use crate::column::{Uint, id};
use crate::{Ledger, LedgerError};

/// A state of an island's light client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientHeadRow {
    /// The state, canonical bytes.
    pub state: Vec<u8>,
    /// Height of its head.
    pub height: u64,
    /// Block hash of its head.
    pub hash: Hash,
    /// Time of its head, Unix seconds.
    pub time: u64,
}

impl Ledger {
    /// The newest state of an island's light client.
    pub async fn client_state(&self, island: IslandId) -> Result<Option<ClientHeadRow>, LedgerError> {
        self.client_state_at(island, u64::MAX).await
    }

    /// The newest state whose head is at `height` or below it.
    pub async fn client_state_at(
        &self,
        island: IslandId,
        height: u64,
    ) -> Result<Option<ClientHeadRow>, LedgerError> {
        let row = sqlx::query!(
            r#"SELECT bytes, height AS "height: Uint", hash, time AS "time: Uint" FROM client_states
               WHERE island = $1 AND height <= $2::numeric ORDER BY height DESC, position DESC LIMIT 1"#,
            island.as_ref(),
            Uint(height) as _,
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            let hash = id("head", &row.hash)?;
            Ok(ClientHeadRow { state: row.bytes, height: row.height.0, hash, time: row.time.0 })
        })
        .transpose()
    }

    /// The lowest recorded header at `at_or_above` or above it: where a back-fill can end.
    pub async fn recorded_header(
        &self,
        island: IslandId,
        at_or_above: u64,
    ) -> Result<Option<RecordedHeader>, LedgerError> {
        let row = sqlx::query!(
            r#"SELECT height AS "height: Uint", hash FROM headers
               WHERE island = $1 AND height >= $2::numeric ORDER BY height LIMIT 1"#,
            island.as_ref(),
            Uint(at_or_above) as _,
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| Ok(RecordedHeader { height: row.height.0, hash: id("header", &row.hash)? })).transpose()
    }
}
