//! What a bundle proves, in plain words.

use causeway_protocol::{
    Address, AttestationKind, Family, GatewayId, Hash, HubId, IslandId, LaneTerms, Packet, PacketId,
};
use serde::Serialize;

/// What was verified, and what had to be believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The packet's id.
    pub id: PacketId,
    /// Where it is in its life, as far as this bundle proves.
    pub state: &'static str,
    /// What it says.
    pub packet: Packet,
    /// What its lane's id commits to.
    pub lane: LaneTerms,
    /// The islands at its ends, the source first.
    pub islands: Vec<ReportedIsland>,
    /// Its events, in the order of its life.
    pub events: Vec<ReportedEvent>,
    /// What attestors signed about it.
    pub statements: Vec<ReportedStatement>,
    /// The log that has it all.
    pub log: ReportedLog,
    /// What is proven, in sentences.
    pub proven: Vec<String>,
    /// What had to be believed, and of whom, in sentences.
    pub believed: Vec<String>,
}

/// An island whose evidence was verified again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportedIsland {
    /// Its id.
    pub id: IslandId,
    /// The name it was registered under.
    pub name: String,
    /// Its family.
    pub family: Family,
    /// SHA-256 of its trust anchor.
    pub anchor: Hash,
    /// Whether whoever verifies trusts that anchor of their own.
    pub anchor_trusted: bool,
    /// How many pieces of evidence were verified.
    pub pieces: usize,
    /// How far its headers go.
    pub height: u64,
    /// Whether its validators were shown to have sealed two blocks at one height.
    pub frozen: bool,
}

/// A proven event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportedEvent {
    /// Its name.
    pub event: &'static str,
    /// The island it happened on.
    pub island: IslandId,
    /// The gateway that emitted it.
    pub gateway: GatewayId,
    /// Its number there.
    pub number: u64,
    /// Its block's height.
    pub height: u64,
    /// Its block.
    pub block: Hash,
    /// Its block's time, Unix seconds.
    pub time: u64,
}

/// A signed statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportedStatement {
    /// What it says.
    pub kind: AttestationKind,
    /// The gateway that checks it.
    pub gateway: GatewayId,
    /// The epoch of the attestor set.
    pub epoch: u64,
    /// How many signatures that gateway needs.
    pub threshold: u8,
    /// How many attestors it has.
    pub of: usize,
    /// Whether it has enough.
    pub enough: bool,
    /// Who signed.
    pub signed_by: Vec<ReportedAttestor>,
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportedAttestor {
    /// The key's address.
    pub attestor: Address,
    /// Whether the hub's operator holds the key, by the hub's own word in its log; nothing if the bundle does not say.
    pub held_by_hub: Option<bool>,
}

/// The log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportedLog {
    /// Its name.
    pub origin: String,
    /// The hub's id.
    pub hub: HubId,
    /// How many leaves the checkpoint's tree has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// How many leaves of it are in the bundle.
    pub leaves: usize,
    /// Whether the checkpoint is signed by a key that whoever verifies takes for the log's.
    pub signed: bool,
    /// The witnesses, of those that whoever verifies knows, that cosigned it.
    pub witnesses: Vec<String>,
}
