//! The hub in numbers.

use causeway_api::{AttestorHolder, Stats};

use crate::column::{address, count};
use crate::{Ledger, LedgerError};

impl Ledger {
    /// Counts by state, how long settling took lately, and who holds the attestor keys.
    pub async fn stats(&self) -> Result<Stats, LedgerError> {
        let packets = sqlx::query!(
            r#"SELECT state AS "state!", count(*) AS "count!" FROM packet_states GROUP BY state"#
        )
        .fetch_all(&self.pool)
        .await?;
        let islands = sqlx::query!(r#"SELECT state, count(*) AS "count!" FROM island_states GROUP BY state"#)
            .fetch_all(&self.pool)
            .await?;
        let evidence = sqlx::query_scalar!("SELECT evidence FROM tails").fetch_one(&self.pool).await?;
        let times = sqlx::query!(
            r#"SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY ms) AS p50, percentile_disc(0.99) WITHIN GROUP (ORDER BY ms) AS p99
               FROM (SELECT (extract(epoch FROM settled_at - sent_at) * 1000)::bigint AS ms FROM packet_states
                     WHERE settled_at IS NOT NULL ORDER BY settled_at DESC LIMIT 1000) AS latest"#
        )
        .fetch_one(&self.pool)
        .await?;
        let attestors = sqlx::query!(
            r#"SELECT DISTINCT name AS "name!", address AS "address!", held_by_hub AS "held_by_hub!" FROM attestors
               WHERE revoked_at IS NULL ORDER BY name, address"#
        )
        .fetch_all(&self.pool)
        .await?;
        let attestors = attestors.into_iter().map(|row| {
            Ok(AttestorHolder {
                attestor: address("attestor", &row.address)?,
                name: row.name,
                held_by_hub: row.held_by_hub,
            })
        });
        Ok(Stats {
            packets: packets
                .into_iter()
                .map(|row| Ok((row.state, count("packets", row.count)?)))
                .collect::<Result<_, LedgerError>>()?,
            islands: islands
                .into_iter()
                .map(|row| Ok((row.state, count("islands", row.count)?)))
                .collect::<Result<_, LedgerError>>()?,
            evidence: count("evidence", evidence)?,
            settle_ms_p50: times.p50.and_then(|ms| u64::try_from(ms).ok()),
            settle_ms_p99: times.p99.and_then(|ms| u64::try_from(ms).ok()),
            attestors: attestors.collect::<Result<_, LedgerError>>()?,
        })
    }
}
