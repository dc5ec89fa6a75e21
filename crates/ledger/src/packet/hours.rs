//! Packets in numbers: by the hour and the lane.

use causeway_api::LaneHour;
use causeway_protocol::{IslandId, LaneId};
use time::OffsetDateTime;

use crate::column::{count, id};
use crate::{Ledger, LedgerError};

/// Which packets to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoursFilter {
    /// Recorded at this time or later.
    pub since: OffsetDateTime,
    /// Recorded before this time.
    pub until: OffsetDateTime,
    /// Sent from or to this island.
    pub island: Option<IslandId>,
    /// Of this lane.
    pub lane: Option<LaneId>,
}

impl Ledger {
    /// At most `limit` pairs of hour and lane, the newest hour first and ascending by lane in it, those after `after`. What is counted are the
    /// packets that were recorded in the hour, and what has become of them by now.
    pub async fn lane_hours(
        &self,
        filter: &HoursFilter,
        after: Option<(OffsetDateTime, LaneId)>,
        limit: u32,
    ) -> Result<Vec<LaneHour>, LedgerError> {
        let (after_hour, after_lane) = after.unzip();
        let rows = sqlx::query!(
            r#"SELECT date_trunc('hour', packet.recorded_at, 'UTC') AS "hour!", packet.lane, packet.island, count(*) AS "sent!",
                      count(*) FILTER (WHERE now.settlement = 'result') AS "settled!",
                      count(*) FILTER (WHERE now.outcome = 'failed') AS "failed!",
                      count(*) FILTER (WHERE now.settlement IN ('expired', 'void')) AS "refunded!",
                      count(*) FILTER (WHERE now.settlement IS NULL) AS "open!",
                      percentile_disc(0.5) WITHIN GROUP (ORDER BY (extract(epoch FROM now.settled_at - now.sent_at) * 1000)::bigint) AS p50,
                      percentile_disc(0.99) WITHIN GROUP (ORDER BY (extract(epoch FROM now.settled_at - now.sent_at) * 1000)::bigint) AS p99
               FROM packets AS packet JOIN packet_states AS now ON now.packet = packet.id
               LEFT JOIN gateways AS destination ON destination.id = packet.destination
               WHERE packet.recorded_at >= $1 AND packet.recorded_at < $2
                 AND ($3::bytea IS NULL OR packet.island = $3 OR destination.island = $3)
                 AND ($4::bytea IS NULL OR packet.lane = $4)
               GROUP BY 1, packet.lane, packet.island
               HAVING $5::timestamptz IS NULL OR date_trunc('hour', packet.recorded_at, 'UTC') < $5
                   OR (date_trunc('hour', packet.recorded_at, 'UTC') = $5 AND packet.lane > $6::bytea)
               ORDER BY 1 DESC, packet.lane LIMIT $7"#,
            filter.since,
            filter.until,
            filter.island.as_ref().map(AsRef::<[u8]>::as_ref),
            filter.lane.as_ref().map(AsRef::<[u8]>::as_ref),
            after_hour,
            after_lane.as_ref().map(AsRef::<[u8]>::as_ref),
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        let read = rows.into_iter().map(|row| {
            Ok(LaneHour {
                hour: row.hour,
                lane: id("lane", &row.lane)?,
                source_island: id("island", &row.island)?,
                sent: count("sent", row.sent)?,
                settled: count("settled", row.settled)?,
                failed: count("failed", row.failed)?,
                refunded: count("refunded", row.refunded)?,
                open: count("open", row.open)?,
                settle_ms_p50: row.p50.and_then(|ms| u64::try_from(ms).ok()),
                settle_ms_p99: row.p99.and_then(|ms| u64::try_from(ms).ok()),
            })
        });
        read.collect()
    }
}
