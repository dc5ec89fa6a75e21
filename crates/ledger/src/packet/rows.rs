//! Writing packets and their states in bulk, and reading those that events are about.

use std::collections::HashSet;

use causeway_protocol::{GatewayId, IslandId, LaneTerms, Packet, PacketId};
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;

use super::{Outcome, PacketLife, Settlement};
use crate::LedgerError;
use crate::column::{Uint, id};

type Tx = Transaction<'static, Postgres>;

/// A packet to insert.
#[derive(Debug)]
pub(crate) struct NewPacket<'a> {
    pub(crate) position: i64,
    pub(crate) id: PacketId,
    pub(crate) packet: &'a Packet,
    pub(crate) lane: LaneTerms,
    pub(crate) island: IslandId,
    pub(crate) at: OffsetDateTime,
}

/// Inserts packets. Answers the positions of those that were not inserted because their id, or their lane and sequence, are
/// taken.
pub(crate) async fn insert_packets(
    transaction: &mut Tx,
    rows: &[NewPacket<'_>],
) -> Result<HashSet<i64>, LedgerError> {
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let positions: Vec<i64> = rows.iter().map(|row| row.position).collect();
    let ids: Vec<&[u8]> = rows.iter().map(|row| row.id.as_ref()).collect();
    let packets = || rows.iter().map(|row| row.packet);
    let sources: Vec<&[u8]> = packets().map(|packet| packet.source.as_ref()).collect();
    let destinations: Vec<&[u8]> = packets().map(|packet| packet.destination.as_ref()).collect();
    let lanes: Vec<&[u8]> = packets().map(|packet| packet.lane.as_ref()).collect();
    let sequences: Vec<Uint> = packets().map(|packet| Uint(packet.sequence)).collect();
    let senders: Vec<&[u8]> = packets().map(|packet| packet.sender.as_slice()).collect();
    let receivers: Vec<&[u8]> = packets().map(|packet| packet.receiver.as_slice()).collect();
    let timeouts: Vec<Uint> = packets().map(|packet| Uint(packet.timeout)).collect();
    let budgets: Vec<Uint> = packets().map(|packet| Uint(packet.budget)).collect();
    let payloads: Vec<&[u8]> = packets().map(|packet| packet.payload.as_slice()).collect();
    let names: Vec<&[u8]> = rows.iter().map(|row| row.lane.name.as_ref()).collect();
    let ordered: Vec<bool> = rows.iter().map(|row| row.lane.ordered).collect();
    let islands: Vec<&[u8]> = rows.iter().map(|row| row.island.as_ref()).collect();
    let times: Vec<OffsetDateTime> = rows.iter().map(|row| row.at).collect();
    let inserted = sqlx::query!(
        "INSERT INTO packets (position, id, source, destination, lane, sequence, sender, receiver, timeout, budget, payload,
                              lane_name, ordered, island, recorded_at)
         SELECT * FROM UNNEST($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::numeric[], $7::bytea[],
                              $8::bytea[], $9::numeric[], $10::numeric[], $11::bytea[], $12::bytea[], $13::bool[],
                              $14::bytea[], $15::timestamptz[])
         ON CONFLICT DO NOTHING",
        &positions,
        ids as _,
        sources as _,
        destinations as _,
        lanes as _,
        sequences as _,
        senders as _,
        receivers as _,
        timeouts as _,
        budgets as _,
        payloads as _,
        names as _,
        &ordered,
        islands as _,
        &times,
    )
    .execute(&mut **transaction)
    .await?;
    if inserted.rows_affected() == rows.len() as u64 {
        return Ok(HashSet::new());
    }
    let there = sqlx::query_scalar!("SELECT position FROM packets WHERE position = ANY($1)", &positions)
        .fetch_all(&mut **transaction)
        .await?;
    let there: HashSet<i64> = there.into_iter().collect();
    Ok(positions.into_iter().filter(|position| !there.contains(position)).collect())
}

/// Keeps a packet whose lane and sequence are taken.
pub(crate) async fn keep_conflict(
    transaction: &mut Tx,
    gateway: GatewayId,
    number: u64,
    id: PacketId,
    packet: &Packet,
    evidence: i64,
) -> Result<(), LedgerError> {
    sqlx::query!(
        "INSERT INTO packet_conflicts (gateway, number, id, destination, lane, sequence, sender, receiver, timeout, budget,
                                       payload, evidence)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        gateway.as_ref(),
        Uint(number) as _,
        id.as_ref(),
        packet.destination.as_ref(),
        packet.lane.as_ref(),
        Uint(packet.sequence) as _,
        packet.sender,
        packet.receiver,
        Uint(packet.timeout) as _,
        Uint(packet.budget) as _,
        packet.payload,
        evidence,
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// A packet recorded earlier, as far as events about it need it.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) id: PacketId,
    pub(crate) source: GatewayId,
    pub(crate) destination: GatewayId,
    pub(crate) island: IslandId,
    pub(crate) life: PacketLife,
    pub(crate) settled_at: Option<OffsetDateTime>,
    pub(crate) changed_at: OffsetDateTime,
}

pub(crate) async fn load_packets(transaction: &mut Tx, ids: &[PacketId]) -> Result<Vec<Loaded>, LedgerError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&[u8]> = ids.iter().map(AsRef::as_ref).collect();
    let rows = sqlx::query!(
        r#"SELECT packet.id, packet.source, packet.destination, packet.island, now.attested_at IS NOT NULL AS "attested!",
                  now.outcome, now.settlement, now.held, now.disputed, now.settled_at, now.changed_at
           FROM packets AS packet JOIN packet_states AS now ON now.packet = packet.id
           WHERE packet.id = ANY($1::bytea[])"#,
        ids as _,
    )
    .fetch_all(&mut **transaction)
    .await?;
    rows.into_iter()
        .map(|row| {
            let outcome = row
                .outcome
                .map(|text| Outcome::parse(&text).ok_or_else(|| LedgerError::corrupt("outcome", &text)));
            let settlement = row.settlement.map(|text| {
                Settlement::parse(&text).ok_or_else(|| LedgerError::corrupt("settlement", &text))
            });
            let life = PacketLife {
                attested: row.attested,
                outcome: outcome.transpose()?,
                settlement: settlement.transpose()?,
                held: row.held,
                disputed: row.disputed,
            };
            Ok(Loaded {
                id: id("packet", &row.id)?,
                source: id("source", &row.source)?,
                destination: id("destination", &row.destination)?,
                island: id("island", &row.island)?,
                life,
                settled_at: row.settled_at,
                changed_at: row.changed_at,
            })
        })
        .collect()
}

/// The state of a packet that was sent now: id, life, sent, settled, changed.
pub(crate) type NewState = (PacketId, PacketLife, OffsetDateTime, Option<OffsetDateTime>, OffsetDateTime);

pub(crate) async fn insert_states(transaction: &mut Tx, states: &[NewState]) -> Result<(), LedgerError> {
    if states.is_empty() {
        return Ok(());
    }
    let packets: Vec<&[u8]> = states.iter().map(|state| state.0.as_ref()).collect();
    let outcomes: Vec<Option<&str>> =
        states.iter().map(|state| state.1.outcome.map(Outcome::as_str)).collect();
    let settlements: Vec<Option<&str>> =
        states.iter().map(|state| state.1.settlement.map(Settlement::as_str)).collect();
    let held: Vec<bool> = states.iter().map(|state| state.1.held).collect();
    let disputed: Vec<bool> = states.iter().map(|state| state.1.disputed).collect();
    let sent: Vec<OffsetDateTime> = states.iter().map(|state| state.2).collect();
    let settled: Vec<Option<OffsetDateTime>> = states.iter().map(|state| state.3).collect();
    let changed: Vec<OffsetDateTime> = states.iter().map(|state| state.4).collect();
    sqlx::query!(
        "INSERT INTO packet_states (packet, outcome, settlement, held, disputed, sent_at, settled_at, changed_at)
         SELECT * FROM UNNEST($1::bytea[], $2::text[], $3::text[], $4::bool[], $5::bool[], $6::timestamptz[],
                              $7::timestamptz[], $8::timestamptz[])",
        packets as _,
        outcomes as _,
        settlements as _,
        &held,
        &disputed,
        &sent,
        settled as _,
        &changed,
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// The new state of a packet that was sent earlier: id, life, settled, changed.
pub(crate) type ChangedState = (PacketId, PacketLife, Option<OffsetDateTime>, OffsetDateTime);

pub(crate) async fn update_states(transaction: &mut Tx, states: &[ChangedState]) -> Result<(), LedgerError> {
    if states.is_empty() {
        return Ok(());
    }
    let packets: Vec<&[u8]> = states.iter().map(|state| state.0.as_ref()).collect();
    let outcomes: Vec<Option<&str>> =
        states.iter().map(|state| state.1.outcome.map(Outcome::as_str)).collect();
    let settlements: Vec<Option<&str>> =
        states.iter().map(|state| state.1.settlement.map(Settlement::as_str)).collect();
    let disputed: Vec<bool> = states.iter().map(|state| state.1.disputed).collect();
    let settled: Vec<Option<OffsetDateTime>> = states.iter().map(|state| state.2).collect();
    let changed: Vec<OffsetDateTime> = states.iter().map(|state| state.3).collect();
    sqlx::query!(
        "UPDATE packet_states AS now
         SET outcome = new.outcome, settlement = new.settlement, disputed = new.disputed, settled_at = new.settled_at,
             changed_at = new.changed_at
         FROM UNNEST($1::bytea[], $2::text[], $3::text[], $4::bool[], $5::timestamptz[], $6::timestamptz[])
              AS new (packet, outcome, settlement, disputed, settled_at, changed_at)
         WHERE now.packet = new.packet",
        packets as _,
        outcomes as _,
        settlements as _,
        &disputed,
        settled as _,
        &changed,
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
