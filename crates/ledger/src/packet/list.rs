//! One packet, and lists of packets.

use causeway_api as api;
use causeway_api::PacketState;
use causeway_protocol::{GatewayId, IslandId, LaneId, PacketId};
use time::OffsetDateTime;

use super::read::{PacketColumns, packet_of};
use crate::column::{Uint, count, id, position};
use crate::{Ledger, LedgerError};

/// Which packets to list. Everything that is set has to match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PacketFilter {
    /// Sent from or to this island.
    pub island: Option<IslandId>,
    /// Sent by this gateway.
    pub source: Option<GatewayId>,
    /// Sent to this gateway.
    pub destination: Option<GatewayId>,
    /// Of this lane.
    pub lane: Option<LaneId>,
    /// In this state.
    pub state: Option<PacketState>,
    /// Sent by this sender.
    pub sender: Option<Vec<u8>>,
    /// Sent to this receiver.
    pub receiver: Option<Vec<u8>>,
    /// Recorded at this time or later.
    pub since: Option<OffsetDateTime>,
    /// Recorded before this time.
    pub until: Option<OffsetDateTime>,
}

/// Part of a list of packets, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacketPage {
    /// The packets.
    pub items: Vec<api::Packet>,
    /// Where the rest begins; none at the end.
    pub next: Option<u64>,
}

const STATES: [(PacketState, &str); 8] = [
    (PacketState::Verified, "verified"),
    (PacketState::Attested, "attested"),
    (PacketState::Delivered, "delivered"),
    (PacketState::Failed, "failed"),
    (PacketState::Expired, "expired"),
    (PacketState::Settled, "settled"),
    (PacketState::Refunded, "refunded"),
    (PacketState::Held, "held"),
];

fn state_of(text: &str) -> Result<PacketState, LedgerError> {
    let found = STATES.into_iter().find(|(_, name)| *name == text);
    found.map(|(state, _)| state).ok_or_else(|| LedgerError::corrupt("packet state", text))
}

impl Ledger {
    /// One packet.
    pub async fn packet(&self, id: PacketId) -> Result<Option<api::Packet>, LedgerError> {
        let page = self.select_packets(Some(id), &PacketFilter::default(), None, 1).await?;
        Ok(page.into_iter().next().map(|(_, packet)| packet))
    }

    /// At most `limit` packets that match, newest first, those before the position `after`.
    pub async fn packets(
        &self,
        filter: &PacketFilter,
        after: Option<u64>,
        limit: u32,
    ) -> Result<PacketPage, LedgerError> {
        let mut rows = self.select_packets(None, filter, after, limit.saturating_add(1)).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| more).map(|(position, _)| *position);
        Ok(PacketPage { items: rows.into_iter().map(|(_, packet)| packet).collect(), next })
    }

    async fn select_packets(
        &self,
        only: Option<PacketId>,
        filter: &PacketFilter,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<(u64, api::Packet)>, LedgerError> {
        fn bytes<T: AsRef<[u8]>>(value: Option<&T>) -> Option<&[u8]> {
            value.map(AsRef::as_ref)
        }
        let state = filter.state.and_then(|state| STATES.into_iter().find(|(known, _)| *known == state));
        let rows = sqlx::query!(
            r#"SELECT packet.position, packet.id, packet.source, packet.destination, packet.lane,
                      packet.sequence AS "sequence: Uint", packet.sender, packet.receiver, packet.timeout AS "timeout: Uint",
                      packet.budget AS "budget: Uint", packet.payload, packet.lane_name, packet.ordered, packet.island,
                      packet.recorded_at, now.state AS "state!", now.outcome, now.changed_at,
                      destination.island AS "destination_island?"
               FROM packets AS packet JOIN packet_states AS now ON now.packet = packet.id
               LEFT JOIN gateways AS destination ON destination.id = packet.destination
               WHERE ($1::bytea IS NULL OR packet.id = $1)
                 AND ($2::bytea IS NULL OR packet.island = $2 OR destination.island = $2)
                 AND ($3::bytea IS NULL OR packet.source = $3) AND ($4::bytea IS NULL OR packet.destination = $4)
                 AND ($5::bytea IS NULL OR packet.lane = $5) AND ($6::text IS NULL OR now.state = $6)
                 AND ($7::bytea IS NULL OR packet.sender = $7) AND ($8::bytea IS NULL OR packet.receiver = $8)
                 AND ($9::timestamptz IS NULL OR packet.recorded_at >= $9)
                 AND ($10::timestamptz IS NULL OR packet.recorded_at < $10)
                 AND ($11::bigint IS NULL OR packet.position < $11)
               ORDER BY packet.position DESC LIMIT $12"#,
            bytes(only.as_ref()),
            bytes(filter.island.as_ref()),
            bytes(filter.source.as_ref()),
            bytes(filter.destination.as_ref()),
            bytes(filter.lane.as_ref()),
            state.map(|(_, name)| name),
            filter.sender.as_deref(),
            filter.receiver.as_deref(),
            filter.since,
            filter.until,
            after.map(position),
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let columns = PacketColumns {
                    source: row.source,
                    destination: row.destination,
                    lane: row.lane,
                    sequence: row.sequence,
                    sender: row.sender,
                    receiver: row.receiver,
                    timeout: row.timeout,
                    budget: row.budget,
                    payload: row.payload,
                    lane_name: row.lane_name,
                    ordered: row.ordered,
                };
                let (packet, lane) = packet_of(columns)?;
                let success = match row.outcome.as_deref() {
                    Some("delivered") => Some(true),
                    Some("failed") => Some(false),
                    _ => None,
                };
                let destination_island = row.destination_island.map(|bytes| id("island", &bytes));
                let shown = api::Packet {
                    id: id("packet", &row.id)?,
                    state: state_of(&row.state)?,
                    packet,
                    lane,
                    source_island: id("island", &row.island)?,
                    destination_island: destination_island.transpose()?,
                    success,
                    recorded_at: row.recorded_at,
                    changed_at: row.changed_at,
                };
                Ok((count("position", row.position)?, shown))
            })
            .collect()
    }
}
