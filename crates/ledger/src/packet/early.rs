//! What comes before its time: events about packets that are not recorded yet, packets whose destination is not open yet.

use causeway_protocol::{GatewayEventKind, GatewayId, Hash, PacketId};
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;

use super::{Outcome, PacketEvent, Settlement};
use crate::LedgerError;
use crate::column::{Uint, id};

type Tx = Transaction<'static, Postgres>;

/// An event about a packet, recorded before the packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Orphan {
    pub(crate) packet: PacketId,
    pub(crate) gateway: GatewayId,
    pub(crate) number: u64,
    pub(crate) event: PacketEvent,
    pub(crate) result: Hash,
    pub(crate) evidence: i64,
    pub(crate) at: OffsetDateTime,
}

/// Remembers events whose packets are not recorded: packet, gateway, number.
pub(crate) async fn insert_orphans(
    transaction: &mut Tx,
    orphans: &[(PacketId, GatewayId, u64)],
) -> Result<(), LedgerError> {
    if orphans.is_empty() {
        return Ok(());
    }
    let packets: Vec<&[u8]> = orphans.iter().map(|orphan| orphan.0.as_ref()).collect();
    let gateways: Vec<&[u8]> = orphans.iter().map(|orphan| orphan.1.as_ref()).collect();
    let numbers: Vec<Uint> = orphans.iter().map(|orphan| Uint(orphan.2)).collect();
    sqlx::query!(
        "INSERT INTO orphan_events (packet, gateway, number)
         SELECT * FROM UNNEST($1::bytea[], $2::bytea[], $3::numeric[]) ON CONFLICT DO NOTHING",
        packets as _,
        gateways as _,
        numbers as _,
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Takes what was recorded about packets before they were sent, in the order of recording.
pub(crate) async fn take_orphans(
    transaction: &mut Tx,
    packets: &[PacketId],
) -> Result<Vec<Orphan>, LedgerError> {
    if packets.is_empty() {
        return Ok(Vec::new());
    }
    let packets: Vec<&[u8]> = packets.iter().map(AsRef::as_ref).collect();
    let rows = sqlx::query!(
        r#"WITH taken AS (DELETE FROM orphan_events WHERE packet = ANY($1::bytea[]) RETURNING packet, gateway, number)
           SELECT taken.packet, taken.gateway, taken.number AS "number: Uint", event.kind, event.success, event.outcome,
                  event.result, event.evidence, evidence.recorded_at
           FROM taken JOIN gateway_events AS event ON event.gateway = taken.gateway AND event.number = taken.number
           JOIN evidence ON evidence.sequence = event.evidence
           ORDER BY event.evidence, taken.gateway, taken.number"#,
        packets as _,
    )
    .fetch_all(&mut **transaction)
    .await?;
    rows.into_iter()
        .map(|row| {
            let event = match (row.kind.as_str(), row.success, row.outcome) {
                ("PacketDelivered", Some(true), _) => PacketEvent::Ended(Outcome::Delivered),
                ("PacketDelivered", Some(false), _) => PacketEvent::Ended(Outcome::Failed),
                ("PacketExpired", ..) => PacketEvent::Ended(Outcome::Expired),
                ("PacketSettled", _, Some(3)) => PacketEvent::Settled(Settlement::Result),
                ("PacketSettled", _, Some(4)) => PacketEvent::Settled(Settlement::Expired),
                ("PacketSettled", _, Some(5)) => PacketEvent::Settled(Settlement::Void),
                _ => return Err(LedgerError::corrupt("event", &row.kind)),
            };
            let result = row.result.as_deref().map_or(Hash::ZERO, GatewayEventKind::result_hash);
            Ok(Orphan {
                packet: id("packet", &row.packet)?,
                gateway: id("gateway", &row.gateway)?,
                number: row.number.0,
                event,
                result,
                evidence: row.evidence,
                at: row.recorded_at,
            })
        })
        .collect()
}

/// Remembers packets that wait for their destination to open: destination, packet.
pub(crate) async fn wait_for_opening(
    transaction: &mut Tx,
    waiting: &[(GatewayId, PacketId)],
) -> Result<(), LedgerError> {
    if waiting.is_empty() {
        return Ok(());
    }
    let destinations: Vec<&[u8]> = waiting.iter().map(|(destination, _)| destination.as_ref()).collect();
    let packets: Vec<&[u8]> = waiting.iter().map(|(_, packet)| packet.as_ref()).collect();
    sqlx::query!(
        "INSERT INTO waiting_packets (destination, packet)
         SELECT * FROM UNNEST($1::bytea[], $2::bytea[]) ON CONFLICT DO NOTHING",
        destinations as _,
        packets as _,
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Takes the packets that waited for `gateway`: packet, its source, when it was sent.
pub(crate) async fn load_waiting(
    transaction: &mut Tx,
    gateway: GatewayId,
) -> Result<Vec<(PacketId, GatewayId, u64, OffsetDateTime)>, LedgerError> {
    let rows = sqlx::query!(
        r#"WITH taken AS (DELETE FROM waiting_packets WHERE destination = $1 RETURNING packet)
         SELECT packet.id, packet.source, packet.timeout AS "timeout: Uint", packet.recorded_at
         FROM taken JOIN packets AS packet ON packet.id = taken.packet
         JOIN packet_states AS now ON now.packet = packet.id
         WHERE now.outcome IS NULL AND now.settlement IS NULL ORDER BY packet.position"#,
        gateway.as_ref(),
    )
    .fetch_all(&mut **transaction)
    .await?;
    rows.into_iter()
        .map(|row| Ok((id("packet", &row.id)?, id("source", &row.source)?, row.timeout.0, row.recorded_at)))
        .collect()
}
