//! The attestor's own store: what it has verified, and nothing it was told.

use std::path::Path;

use causeway_protocol::{Family, GatewayId, Hash, IslandId, PacketId};
use redb::{Database, ReadTransaction, ReadableDatabase, TableDefinition, WriteTransaction};

use crate::error::{StoreError, database};
use crate::journal::JOURNAL;
use crate::records::{GatewayRecord, IslandRecord, Outcome, PacketRecord, Record};

type Id<'a> = &'a [u8; 32];

/// island → [`IslandRecord`].
pub(crate) const ISLANDS: TableDefinition<'_, Id<'_>, &[u8]> = TableDefinition::new("islands");
/// (island, height) → block hash of a verified header.
pub(crate) const HEADERS: TableDefinition<'_, (Id<'_>, u64), Id<'_>> = TableDefinition::new("headers");
/// (island, height) → the light client's state after that header, for misbehaviour that starts there.
pub(crate) const STATES: TableDefinition<'_, (Id<'_>, u64), &[u8]> = TableDefinition::new("states");
/// gateway → [`GatewayRecord`].
pub(crate) const GATEWAYS: TableDefinition<'_, Id<'_>, &[u8]> = TableDefinition::new("gateways");
/// (gateway, number of an event) → where the event was emitted: block hash, transaction, log.
pub(crate) const EVENTS: TableDefinition<'_, (Id<'_>, u64), &[u8; 48]> = TableDefinition::new("events");
/// packet → [`PacketRecord`].
pub(crate) const PACKETS: TableDefinition<'_, Id<'_>, &[u8]> = TableDefinition::new("packets");
/// (lane, sequence) → packet.
pub(crate) const SEQUENCES: TableDefinition<'_, (Id<'_>, u64), Id<'_>> = TableDefinition::new("sequences");
/// (packet, gateway that said so) → [`Outcome`].
pub(crate) const OUTCOMES: TableDefinition<'_, (Id<'_>, Id<'_>), &[u8]> = TableDefinition::new("outcomes");

const FILE: &str = "attestor.redb";

/// The store of one attestor: one file, opened by one process at a time.
pub struct Store {
    database: Database,
}

impl Store {
    /// Opens the store in `folder`, making both if they are not there.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder)
            .map_err(|cause| StoreError::Folder { path: folder.to_path_buf(), cause })?;
        let opened = Database::create(folder.join(FILE)).map_err(database)?;
        let store = Self { database: opened };
        store.write(|transaction| {
            transaction.open_table(ISLANDS).map_err(database)?;
            transaction.open_table(HEADERS).map_err(database)?;
            transaction.open_table(STATES).map_err(database)?;
            transaction.open_table(GATEWAYS).map_err(database)?;
            transaction.open_table(EVENTS).map_err(database)?;
            transaction.open_table(PACKETS).map_err(database)?;
            transaction.open_table(SEQUENCES).map_err(database)?;
            transaction.open_table(OUTCOMES).map_err(database)?;
            transaction.open_table(JOURNAL).map_err(database)?;
            Ok(())
        })?;
        Ok(store)
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Runs `change` in one transaction and makes it durable, or leaves everything as it was.
    pub(crate) fn write<T>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let transaction = self.database.begin_write().map_err(database)?;
        let value = change(&transaction)?;
        transaction.commit().map_err(database)?;
        Ok(value)
    }

    /// A consistent view of everything verified so far.
    pub(crate) fn view(&self) -> Result<View, StoreError> {
        Ok(View { transaction: self.database.begin_read().map_err(database)? })
    }

    /// The record of `island`, made from its anchored `state` when it is new.
    pub(crate) fn island(
        &self,
        island: IslandId,
        family: Family,
        anchored: Anchored<'_>,
    ) -> Result<IslandRecord, StoreError> {
        if let Some(record) = self.view()?.island(island)? {
            if record.family != family {
                return Err(StoreError::OtherFamily { island, stored: record.family, configured: family });
            }
            return Ok(record);
        }
        let record = IslandRecord {
            family,
            state: anchored.state.to_vec(),
            sequence: 0,
            recorded_ms: 0,
            caught_up_ms: 0,
            frozen: false,
        };
        self.write(|transaction| {
            let mut islands = transaction.open_table(ISLANDS).map_err(database)?;
            islands.insert(&island.0, record.encode().as_slice()).map_err(database)?;
            let mut headers = transaction.open_table(HEADERS).map_err(database)?;
            headers.insert((&island.0, anchored.height), &anchored.hash.0).map_err(database)?;
            let mut states = transaction.open_table(STATES).map_err(database)?;
            states.insert((&island.0, anchored.height), anchored.state).map_err(database)?;
            Ok(())
        })?;
        Ok(record)
    }
}

/// Where a light client starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anchored<'a> {
    /// Its state, canonical bytes.
    pub(crate) state: &'a [u8],
    /// The anchor's height.
    pub(crate) height: u64,
    /// The anchor's block hash.
    pub(crate) hash: Hash,
}

/// What was verified up to one moment.
pub(crate) struct View {
    transaction: ReadTransaction,
}

impl View {
    /// How far `island` has been followed.
    pub(crate) fn island(&self, island: IslandId) -> Result<Option<IslandRecord>, StoreError> {
        let table = self.transaction.open_table(ISLANDS).map_err(database)?;
        read(table.get(&island.0).map_err(database)?.map(|found| IslandRecord::decode(found.value())))
    }

    /// The verified header at `height` of `island`: its block hash.
    pub(crate) fn header(&self, island: IslandId, height: u64) -> Result<Option<Hash>, StoreError> {
        let table = self.transaction.open_table(HEADERS).map_err(database)?;
        let found = table.get((&island.0, height)).map_err(database)?;
        Ok(found.map(|hash| Hash(*hash.value())))
    }

    /// The newest client state of `island` at or below `height`: its height and bytes.
    pub(crate) fn state_at(
        &self,
        island: IslandId,
        height: u64,
    ) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        let table = self.transaction.open_table(STATES).map_err(database)?;
        let mut range = table.range((&island.0, 0)..=(&island.0, height)).map_err(database)?;
        match range.next_back() {
            None => Ok(None),
            Some(found) => {
                let (key, state) = found.map_err(database)?;
                Ok(Some((key.value().1, state.value().to_vec())))
            }
        }
    }

    /// A gateway whose `Opened` is proven.
    pub(crate) fn gateway(&self, gateway: GatewayId) -> Result<Option<GatewayRecord>, StoreError> {
        let table = self.transaction.open_table(GATEWAYS).map_err(database)?;
        read(table.get(&gateway.0).map_err(database)?.map(|found| GatewayRecord::decode(found.value())))
    }

    /// A packet whose `PacketSent` is proven.
    pub(crate) fn packet(&self, packet: PacketId) -> Result<Option<PacketRecord>, StoreError> {
        let table = self.transaction.open_table(PACKETS).map_err(database)?;
        read(table.get(&packet.0).map_err(database)?.map(|found| PacketRecord::decode(found.value())))
    }

    /// How `packet` ended, by the proven word of `gateway`.
    pub(crate) fn outcome(
        &self,
        packet: PacketId,
        gateway: GatewayId,
    ) -> Result<Option<Outcome>, StoreError> {
        let table = self.transaction.open_table(OUTCOMES).map_err(database)?;
        read(
            table.get((&packet.0, &gateway.0)).map_err(database)?.map(|found| Outcome::decode(found.value())),
        )
    }
}

fn read<T, E: Into<StoreError>>(found: Option<Result<T, E>>) -> Result<Option<T>, StoreError> {
    found.transpose().map_err(Into::into)
}
