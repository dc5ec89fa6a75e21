//! What light clients take and what they find out.

use causeway_protocol::{Family, GatewayEvent, GatewayId, Hash, IslandId};

/// What a light client knows of its island: its head, its validators, its parameters. Opaque bytes to everybody else; their
/// form is in `docs/formats.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientState {
    /// Whose light client reads it.
    pub family: Family,
    /// The state, in its canonical encoding.
    pub bytes: Vec<u8>,
}

/// A client state in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Height of the head.
    pub height: u64,
    /// Block hash of the head.
    pub hash: Hash,
    /// The head's time, Unix seconds.
    pub time: u64,
    /// How long after the head's time the client still advances, seconds.
    pub trusting_period: u64,
    /// How far a header's time may lie ahead of the verifier's clock, seconds.
    pub clock_drift: u64,
    /// Addresses of the validators that the next evidence is judged by, ascending.
    pub validators: Vec<Vec<u8>>,
    /// Whether misbehaviour was proven: then nothing advances it any more.
    pub frozen: bool,
}

/// A gateway whose events are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// The island it is on.
    pub island: IslandId,
    /// Its address there: 20 raw bytes on EVM islands.
    pub address: Vec<u8>,
    /// Its id.
    pub id: GatewayId,
}

/// A header that was recorded before: where a back-fill has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// Its height.
    pub height: u64,
    /// Its block hash.
    pub hash: Hash,
}

/// What evidence is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EvidenceKind {
    /// Headers linked to the head: advances the client.
    Run,
    /// Headers linked to one recorded before: facts of the past.
    BackFill,
    /// Two blocks sealed at one height.
    Misbehaviour,
    /// A header far above a trusted one, without those between.
    Skip,
}

/// What evidence claims to be about, read without verifying anything, so that a caller can look up what it has to pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Whose light client verifies it.
    pub family: Family,
    /// What it is for.
    pub kind: EvidenceKind,
    /// Height of the first header.
    pub first: u64,
    /// Height of the last header.
    pub last: u64,
    /// Block hash that the first header names as its parent: the head of a run, the meeting point of misbehaviour.
    pub parent: Hash,
}

/// One verified header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderFact {
    /// Its height.
    pub height: u64,
    /// Its block hash.
    pub hash: Hash,
    /// The block hash before it.
    pub parent: Hash,
    /// Its time, Unix seconds.
    pub time: u64,
}

/// One verified gateway event, and where it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFact {
    /// Height of its block.
    pub height: u64,
    /// Hash of its block.
    pub block: Hash,
    /// Time of its block, Unix seconds.
    pub time: u64,
    /// Index of its transaction in the block.
    pub transaction: u64,
    /// Position of its log in the transaction's receipt.
    pub log: u64,
    /// What happened.
    pub event: GatewayEvent,
}

/// A trust anchor, read and found consistent. Whether to trust it is for people to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchored {
    /// The client state that starts there.
    pub state: ClientState,
    /// The anchor's header.
    pub header: HeaderFact,
    /// The validators it starts with, ascending, to show to whoever approves it.
    pub validators: Vec<Vec<u8>>,
    /// The chain's fingerprint, if the anchor is its genesis block.
    pub fingerprint: Option<Hash>,
}

/// What a run or a back-fill proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// Run or back-fill.
    pub kind: EvidenceKind,
    /// Height of the first header.
    pub first: u64,
    /// Height of the last header.
    pub last: u64,
    /// The state after it. A back-fill leaves it as it was.
    pub state: ClientState,
    /// Every header, in height order.
    pub headers: Vec<HeaderFact>,
    /// Every event proven, in the chain's order.
    pub events: Vec<EventFact>,
}

/// Where a skip leads: a header that enough of a trusted set sealed, on their chain or on a twin of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The client state there, with the parameters of the trusted one.
    pub state: ClientState,
    /// The header.
    pub header: HeaderFact,
}

/// Two different blocks that a quorum sealed at one height.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misbehaviour {
    /// The recorded height both descend from.
    pub meeting: u64,
    /// The height of both blocks.
    pub height: u64,
    /// Their hashes, ascending.
    pub blocks: [Hash; 2],
}
