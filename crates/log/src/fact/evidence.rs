//! Evidence, and what it proves.

use causeway_protocol::{Address, GatewayId, Hash, IslandId, Signature};

use super::form::form;
use crate::FactKind;

form! {
    /// Evidence was verified and recorded.
    5 EvidenceRecorded, |_| FactKind::ClientUpdate;
    /// Its place in the order of recording.
    sequence: u64,
    /// The island.
    island: IslandId,
    /// The evidence's digest, as the envelope names it.
    digest: Hash,
    /// `run`, `back-fill` or `misbehaviour`.
    kind: String,
    /// Height of its first header.
    first: u64,
    /// Height of its last header.
    last: u64,
    /// How many events it proves.
    events: u64,
    /// Who submitted it.
    relayer: Address,
    /// The relayer's signature over the envelope.
    signature: Signature,
    /// The clock it was verified by, and is to be verified by again.
    at: u64,
}

form! {
    /// A gateway's event was proven.
    6 GatewayEvent, |_| FactKind::GatewayEvent;
    /// The gateway.
    gateway: GatewayId,
    /// The event's number.
    number: u64,
    /// The event's name.
    event: String,
    /// The packet it is about; for `Blocked` and `Unblocked` the source gateway.
    subject: Option<Hash>,
    /// Whether a delivery, or a settled packet, succeeded.
    success: Option<bool>,
    /// Of a settlement: 3 RESULT, 4 EXPIRED, 5 VOID.
    outcome: Option<u8>,
    /// keccak-256 of a delivery's result: what attestors sign.
    result: Option<Hash>,
    /// The block's height.
    height: u64,
    /// The block's hash.
    block: Vec<u8>,
    /// The transaction's index in the block.
    transaction: u64,
    /// The log's index in the transaction.
    log: u64,
    /// The block's time, Unix seconds.
    time: u64,
    /// The digest of the evidence that proves it.
    evidence: Hash,
    /// When that was recorded.
    at: u64,
}

form! {
    /// Two blocks sealed at one height were proven.
    7 MisbehaviourProven, |_| FactKind::Freeze;
    /// The island.
    island: IslandId,
    /// The evidence's digest.
    digest: Hash,
    /// The height of the recorded header both blocks descend from.
    meeting: u64,
    /// The height of the two blocks.
    height: u64,
    /// Their hashes, in ascending order.
    blocks: [Vec<u8>; 2],
    /// When.
    at: u64,
}
