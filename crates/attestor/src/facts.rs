//! Verified evidence becomes facts in the store, in one durable step with the client state it led to.

use causeway_protocol::{AttestorSet, GatewayEvent, GatewayEventKind, GatewayId, IslandId, Packet, PacketId};
use causeway_verifier::{Advance, ClientState, EventFact, Gateway, Verified};
use redb::{ReadableTable, WriteTransaction};

use crate::Store;
use crate::error::{StoreError, database};
use crate::records::{GatewayFault, GatewayRecord, IslandRecord, Outcome, PacketRecord, Record};
use crate::store::{EVENTS, GATEWAYS, HEADERS, ISLANDS, OUTCOMES, PACKETS, SEQUENCES, STATES};

/// The place of one piece of evidence in the hub's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The hub's sequence.
    pub(crate) sequence: u64,
    /// When the hub recorded it, Unix milliseconds.
    pub(crate) recorded_ms: u64,
}

impl Store {
    /// Freezes `island`: misbehaviour was proven.
    pub(crate) fn freeze(
        &self,
        island: IslandId,
        record: &IslandRecord,
        place: Place,
        state: &ClientState,
    ) -> Result<IslandRecord, StoreError> {
        let next = IslandRecord { state: state.bytes.clone(), frozen: true, ..moved(record, place) };
        self.write(|transaction| put_island(transaction, island, &next))?;
        Ok(next)
    }

    /// Keeps that at `now_ms` of the attestor's own clock the hub had nothing newer for `island`.
    pub(crate) fn caught_up(
        &self,
        island: IslandId,
        record: &IslandRecord,
        now_ms: u64,
    ) -> Result<IslandRecord, StoreError> {
        let next = IslandRecord { caught_up_ms: record.caught_up_ms.max(now_ms), ..record.clone() };
        self.write(|transaction| put_island(transaction, island, &next))?;
        Ok(next)
    }

    /// Takes what a run or a back-fill proved about `island`, with `gateways` looked for where they were said to be.
    pub(crate) fn take(
        &self,
        island: IslandId,
        record: &IslandRecord,
        place: Place,
        gateways: &[Gateway],
        advance: &Verified<Advance>,
    ) -> Result<IslandRecord, StoreError> {
        let next = IslandRecord { state: advance.state.bytes.clone(), ..moved(record, place) };
        self.write(|transaction| {
            put_island(transaction, island, &next)?;
            {
                let mut headers = transaction.open_table(HEADERS).map_err(database)?;
                for header in &advance.headers {
                    headers.insert((&island.0, header.height), &header.hash.0).map_err(database)?;
                }
                if next.state != record.state {
                    let mut states = transaction.open_table(STATES).map_err(database)?;
                    states.insert((&island.0, advance.last), next.state.as_slice()).map_err(database)?;
                }
            }
            advance.events.iter().try_for_each(|fact| witness(transaction, gateways, fact))
        })?;
        Ok(next)
    }
}

fn moved(record: &IslandRecord, place: Place) -> IslandRecord {
    IslandRecord { sequence: place.sequence, recorded_ms: place.recorded_ms, ..record.clone() }
}

fn put_island(
    transaction: &WriteTransaction,
    island: IslandId,
    record: &IslandRecord,
) -> Result<(), StoreError> {
    let mut islands = transaction.open_table(ISLANDS).map_err(database)?;
    islands.insert(&island.0, record.encode().as_slice()).map_err(database)?;
    Ok(())
}

/// Takes one proven event. It counts if its gateway opened before (decision 3), on the same island and at the same address:
/// everything else is the word of somebody else. Under one number the first event counts, and a second one ends trust in the
/// gateway.
fn witness(transaction: &WriteTransaction, gateways: &[Gateway], fact: &EventFact) -> Result<(), StoreError> {
    let event = &fact.event;
    let Some(speaker) = gateways.iter().find(|gateway| gateway.id == event.gateway) else { return Ok(()) };
    if let GatewayEventKind::Opened { attestors, .. } = &event.kind {
        open(transaction, speaker, attestors)?;
    }
    let opened = record_of(transaction, event.gateway)?;
    if opened.is_none_or(|opened| opened.island != speaker.island || opened.address != speaker.address) {
        tracing::debug!(gateway = %event.gateway, number = event.number, "an event in the name of a gateway not open there");
        return Ok(());
    }
    if first_of_its_number(transaction, fact)? {
        apply(transaction, event)
    } else {
        blame(transaction, event.gateway, GatewayFault::TwoEvents)
    }
}

/// Whether no other event was proven under the gateway's number.
fn first_of_its_number(transaction: &WriteTransaction, fact: &EventFact) -> Result<bool, StoreError> {
    let mut events = transaction.open_table(EVENTS).map_err(database)?;
    let (key, here) = ((&fact.event.gateway.0, fact.event.number), place_of(fact));
    let first = events.get(key).map_err(database)?.map(|first| *first.value());
    if first.is_none() {
        events.insert(key, &here).map_err(database)?;
    }
    Ok(first.is_none_or(|first| first == here))
}

/// Where on its island an event was emitted: block hash, transaction, log.
fn place_of(fact: &EventFact) -> [u8; 48] {
    let mut place = [0; 48];
    place[..32].copy_from_slice(&fact.block.0);
    place[32..40].copy_from_slice(&fact.transaction.to_be_bytes());
    place[40..].copy_from_slice(&fact.log.to_be_bytes());
    place
}

/// Applies one event of an open gateway. The same event proven again changes nothing.
fn apply(transaction: &WriteTransaction, event: &GatewayEvent) -> Result<(), StoreError> {
    let gateway = event.gateway;
    match &event.kind {
        GatewayEventKind::AttestorsRotated(set) => change(transaction, gateway, |record| {
            if set.epoch > record.set.epoch {
                record.set = set.clone();
            }
        }),
        GatewayEventKind::Paused => pause(transaction, gateway, event.number, true),
        GatewayEventKind::Unpaused => pause(transaction, gateway, event.number, false),
        GatewayEventKind::PacketSent { packet, .. } => sent(transaction, gateway, packet),
        GatewayEventKind::PacketDelivered { packet, success, result } => {
            let result = GatewayEventKind::result_hash(result);
            ended(transaction, gateway, *packet, Outcome::Delivered { success: *success, result })
        }
        GatewayEventKind::PacketExpired { packet } => ended(transaction, gateway, *packet, Outcome::Expired),
        // The opening has made the record. Settlement is the source's own affair, and the rest changes nothing that is signed:
        // `block` stops signatures on chain, a noticed rotation counts once it is carried out, a closed gateway still has to
        // expire and settle.
        GatewayEventKind::Opened { .. }
        | GatewayEventKind::PacketSettled { .. }
        | GatewayEventKind::RotationNoticed { .. }
        | GatewayEventKind::Closed
        | GatewayEventKind::Blocked { .. }
        | GatewayEventKind::Unblocked { .. }
        | GatewayEventKind::Beat => Ok(()),
    }
}

fn open(transaction: &WriteTransaction, speaker: &Gateway, set: &AttestorSet) -> Result<(), StoreError> {
    let mut gateways = transaction.open_table(GATEWAYS).map_err(database)?;
    if gateways.get(&speaker.id.0).map_err(database)?.is_none() {
        let Gateway { island, address, .. } = speaker.clone();
        let record =
            GatewayRecord { island, address, set: set.clone(), paused: false, paused_by: 0, fault: None };
        gateways.insert(&speaker.id.0, record.encode().as_slice()).map_err(database)?;
    }
    Ok(())
}

/// The record of a gateway that has opened.
fn record_of(
    transaction: &WriteTransaction,
    gateway: GatewayId,
) -> Result<Option<GatewayRecord>, StoreError> {
    let gateways = transaction.open_table(GATEWAYS).map_err(database)?;
    let found = gateways.get(&gateway.0).map_err(database)?.map(|found| GatewayRecord::decode(found.value()));
    Ok(found.transpose()?)
}

/// Changes the record of an open gateway.
fn change(
    transaction: &WriteTransaction,
    gateway: GatewayId,
    edit: impl FnOnce(&mut GatewayRecord),
) -> Result<(), StoreError> {
    if let Some(mut record) = record_of(transaction, gateway)? {
        edit(&mut record);
        let mut gateways = transaction.open_table(GATEWAYS).map_err(database)?;
        gateways.insert(&gateway.0, record.encode().as_slice()).map_err(database)?;
    }
    Ok(())
}

/// Keeps what the gateway contradicted itself in first.
fn blame(transaction: &WriteTransaction, gateway: GatewayId, fault: GatewayFault) -> Result<(), StoreError> {
    tracing::error!(%gateway, "a gateway contradicts itself, nothing to or from it is delivered any more: {fault}");
    change(transaction, gateway, |record| record.fault = record.fault.or(Some(fault)))
}

fn pause(
    transaction: &WriteTransaction,
    gateway: GatewayId,
    number: u64,
    paused: bool,
) -> Result<(), StoreError> {
    change(transaction, gateway, |record| {
        if number > record.paused_by {
            record.paused = paused;
            record.paused_by = number;
        }
    })
}

fn sent(transaction: &WriteTransaction, gateway: GatewayId, packet: &Packet) -> Result<(), StoreError> {
    let id = packet.id();
    let first = {
        let mut packets = transaction.open_table(PACKETS).map_err(database)?;
        packets.insert(&id.0, PacketRecord::from(packet).encode().as_slice()).map_err(database)?;
        let mut sequences = transaction.open_table(SEQUENCES).map_err(database)?;
        let key = (&packet.lane.0, packet.sequence);
        let first = sequences.get(key).map_err(database)?.map(|first| *first.value());
        if first.is_none() {
            sequences.insert(key, &id.0).map_err(database)?;
        }
        first
    };
    if first.is_some_and(|first| first != id.0) {
        blame(transaction, gateway, GatewayFault::TwoPackets)?;
    }
    Ok(())
}

fn ended(
    transaction: &WriteTransaction,
    gateway: GatewayId,
    packet: PacketId,
    outcome: Outcome,
) -> Result<(), StoreError> {
    let disputed = {
        let mut outcomes = transaction.open_table(OUTCOMES).map_err(database)?;
        let key = (&packet.0, &gateway.0);
        let first = outcomes.get(key).map_err(database)?.map(|first| Outcome::decode(first.value()));
        let kept = match first.transpose()? {
            None => outcome,
            Some(first) if first == outcome => return Ok(()),
            Some(_) => Outcome::Disputed,
        };
        outcomes.insert(key, kept.encode().as_slice()).map_err(database)?;
        kept == Outcome::Disputed
    };
    if disputed { blame(transaction, gateway, GatewayFault::TwoOutcomes) } else { Ok(()) }
}
