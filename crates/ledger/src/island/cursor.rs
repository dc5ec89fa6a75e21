//! Where a relayer resumes.

use causeway_api as api;
use causeway_protocol::{GatewayId, IslandId};

use super::IslandRef;
use crate::column::Uint;
use crate::{Ledger, LedgerError};

/// Most gaps that a cursor names; the next one is asked for when these are closed.
const MOST_GAPS: i64 = 100;

impl Ledger {
    /// The head, the client state, and for every gateway the last number without a gap before it and what is missing above.
    pub async fn cursor(&self, island: IslandId) -> Result<Option<api::Cursor>, LedgerError> {
        let Some(record) = self.island(&IslandRef::Id(island)).await? else { return Ok(None) };
        let mut gateways = Vec::new();
        for row in self.distinct_gateways(island).await? {
            let gaps = row.cursor.highest > row.cursor.number;
            gateways.push(api::GatewayCursor {
                gateway: row.id,
                address: row.address,
                number: row.cursor.number,
                height: row.cursor.height,
                missing: if gaps { self.gaps(row.id, row.cursor.number).await? } else { Vec::new() },
            });
        }
        Ok(Some(api::Cursor {
            island,
            family: record.family,
            state: record.state,
            head: record.head,
            client_state: record.client_state,
            gateways,
        }))
    }

    /// The ranges of numbers above `after` that are missing below recorded ones, lowest first.
    async fn gaps(&self, gateway: GatewayId, after: u64) -> Result<Vec<api::NumberRange>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT before + 1 AS "first!: Uint", number - 1 AS "last!: Uint"
               FROM (SELECT number, lag(number, 1, $2::numeric) OVER (ORDER BY number) AS before
                     FROM gateway_events WHERE gateway = $1 AND number > $2::numeric) AS numbers
               WHERE number > before + 1 ORDER BY number LIMIT $3"#,
            gateway.as_ref(),
            Uint(after) as _,
            MOST_GAPS,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| api::NumberRange { first: row.first.0, last: row.last.0 }).collect())
    }
}
