//! Verified evidence becomes facts in the store, in one durable step with the client state it led to.

use causeway_protocol::{AttestorSet, GatewayEvent, GatewayEventKind, GatewayId, IslandId, Packet, PacketId};
use causeway_verifier::{Advance, ClientState, Verified};
use redb::{ReadableTable, WriteTransaction};

use crate::Store;
use crate::error::{StoreError, database};
use crate::records::{GatewayFault, GatewayRecord, IslandRecord, Outcome, PacketRecord, Record};
use crate::store::{GATEWAYS, HEADERS, ISLANDS, OUTCOMES, PACKETS, SEQUENCES, STATES};

/// The place of one piece of evidence in the hub's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The hub's sequence.
    pub(crate) sequence: u64,
    /// When the hub recorded it, Unix milliseconds.
    pub(crate) recorded_ms: u64,
}

impl Store {
    /// Takes what a run or a back-fill proved about `island`.
    pub(crate) fn take(
        &self,
        island: IslandId,
        record: &IslandRecord,
        place: Place,
        advance: &Verified<Advance>,
    ) -> Result<IslandRecord, StoreError> {
        self.take_facts(island, record, place, advance)
    }

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

    /// [`Store::take`] without the mark of verification, for tests of what follows from facts.
    pub(crate) fn take_facts(
        &self,
        island: IslandId,
        record: &IslandRecord,
        place: Place,
        advance: &Advance,
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
            advance.events.iter().try_for_each(|fact| apply(transaction, island, &fact.event))
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

/// Applies one proven event. The same event proven again changes nothing.
fn apply(transaction: &WriteTransaction, island: IslandId, event: &GatewayEvent) -> Result<(), StoreError> {
    let gateway = event.gateway;
    match &event.kind {
        GatewayEventKind::Opened { attestors, .. } => open(transaction, gateway, island, attestors),
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
        // Settlement is the source's own affair, and the rest changes nothing that is signed: `block` stops signatures
        // on chain, a noticed rotation counts once it is carried out, a closed gateway still has to expire and settle.
        GatewayEventKind::PacketSettled { .. }
        | GatewayEventKind::RotationNoticed { .. }
        | GatewayEventKind::Closed
        | GatewayEventKind::Blocked { .. }
        | GatewayEventKind::Unblocked { .. }
        | GatewayEventKind::Beat => Ok(()),
    }
}

fn open(
    transaction: &WriteTransaction,
    gateway: GatewayId,
    island: IslandId,
    set: &AttestorSet,
) -> Result<(), StoreError> {
    let mut gateways = transaction.open_table(GATEWAYS).map_err(database)?;
    if gateways.get(&gateway.0).map_err(database)?.is_none() {
        let record = GatewayRecord { island, set: set.clone(), paused: false, paused_by: 0, fault: None };
        gateways.insert(&gateway.0, record.encode().as_slice()).map_err(database)?;
    }
    Ok(())
}

/// Changes the record of an open gateway. The verifier lets no event pass before `Opened`, so there is one.
fn change(
    transaction: &WriteTransaction,
    gateway: GatewayId,
    edit: impl FnOnce(&mut GatewayRecord),
) -> Result<(), StoreError> {
    let mut gateways = transaction.open_table(GATEWAYS).map_err(database)?;
    let found = gateways.get(&gateway.0).map_err(database)?.map(|found| GatewayRecord::decode(found.value()));
    if let Some(mut record) = found.transpose()? {
        edit(&mut record);
        gateways.insert(&gateway.0, record.encode().as_slice()).map_err(database)?;
    }
    Ok(())
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
        change(transaction, gateway, |record| record.fault = Some(GatewayFault::TwoPackets))?;
    }
    Ok(())
}

fn ended(
    transaction: &WriteTransaction,
    gateway: GatewayId,
    packet: PacketId,
    outcome: Outcome,
) -> Result<(), StoreError> {
    let first = {
        let mut outcomes = transaction.open_table(OUTCOMES).map_err(database)?;
        let key = (&packet.0, &gateway.0);
        let first = outcomes.get(key).map_err(database)?.map(|first| Outcome::decode(first.value()));
        let first = first.transpose()?;
        if first.is_none() {
            outcomes.insert(key, outcome.encode().as_slice()).map_err(database)?;
        }
        first
    };
    if first.is_some_and(|first| first != outcome) {
        change(transaction, gateway, |record| record.fault = Some(GatewayFault::TwoOutcomes))?;
    }
    Ok(())
}
