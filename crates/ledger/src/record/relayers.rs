//! Who submitted what.

use causeway_api::RelayerWork;
use causeway_protocol::{Address, IslandId};

use crate::column::{address, count, id};
use crate::{Ledger, LedgerError};

impl Ledger {
    /// At most `limit` relayers with what each submitted of each island, ascending by (relayer, island), those after `after`.
    pub async fn relayer_work(
        &self,
        island: Option<IslandId>,
        after: Option<(Address, IslandId)>,
        limit: u32,
    ) -> Result<Vec<RelayerWork>, LedgerError> {
        let (after_relayer, after_island) = after.unzip();
        let rows = sqlx::query!(
            r#"SELECT evidence.relayer, evidence.island, count(*) AS "pieces!", sum(evidence.events)::bigint AS "events!",
                      sum(octet_length(evidence.bytes))::bigint AS "bytes!", min(evidence.recorded_at) AS "first_at!",
                      max(evidence.recorded_at) AS "last_at!",
                      (SELECT token.name FROM tokens AS token WHERE token.address = evidence.relayer
                       ORDER BY token.created_at DESC LIMIT 1) AS "name?"
               FROM evidence
               WHERE ($1::bytea IS NULL OR evidence.island = $1)
                 AND ($2::bytea IS NULL OR (evidence.relayer::bytea, evidence.island::bytea) > ($2, $3::bytea))
               GROUP BY evidence.relayer, evidence.island ORDER BY evidence.relayer, evidence.island LIMIT $4"#,
            island.as_ref().map(AsRef::<[u8]>::as_ref),
            after_relayer.as_ref().map(AsRef::<[u8]>::as_ref),
            after_island.as_ref().map(AsRef::<[u8]>::as_ref),
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        let read = rows.into_iter().map(|row| {
            Ok(RelayerWork {
                relayer: address("relayer", &row.relayer)?,
                name: row.name,
                island: id("island", &row.island)?,
                pieces: count("pieces", row.pieces)?,
                events: count("events", row.events)?,
                bytes: count("bytes", row.bytes)?,
                first_at: row.first_at,
                last_at: row.last_at,
            })
        });
        read.collect()
    }
}
