//! Facts: what the hub recorded, in the canonical bytes that an entry commits to.
//!
//! A fact names what it is about by ids and digests; payloads and evidence stay outside, so that erasing them leaves every
//! entry provable. Times are microseconds since the Unix epoch, as the hub's database keeps them.

mod decode;
mod encode;

use causeway_protocol::{Address, DecodeError, GatewayId, Hash, IslandId, Signature};

use crate::FactKind;

/// One fact. Its canonical form is in `docs/formats.md`, section Log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// An island was registered.
    IslandRegistered {
        /// The island.
        island: IslandId,
        /// Its name.
        name: String,
        /// Its family.
        family: String,
        /// The genesis block's hash.
        fingerprint: Hash,
        /// The hash of the trust anchor's block.
        anchor: Vec<u8>,
        /// The height of that block.
        height: u64,
        /// SHA-256 of the anchor's canonical bytes: what an approval names.
        digest: Hash,
        /// When.
        at: u64,
    },
    /// A gateway was registered on an island.
    GatewayRegistered {
        /// The gateway.
        gateway: GatewayId,
        /// Its island.
        island: IslandId,
        /// Its address there.
        address: Vec<u8>,
        /// When.
        at: u64,
    },
    /// Somebody changed an island's state.
    IslandChanged {
        /// The island.
        island: IslandId,
        /// Counts the changes of all islands: two equal changes are two facts.
        position: u64,
        /// `approved`, `suspended`, `resumed`, `frozen` or `retired`.
        change: String,
        /// Who did it.
        actor: String,
        /// Why.
        reason: String,
        /// When.
        at: u64,
    },
    /// A gateway was suspended for a fault of its own.
    GatewaySuspended {
        /// The gateway.
        gateway: GatewayId,
        /// Counts the suspensions of all gateways.
        position: u64,
        /// The fault.
        reason: String,
        /// The event that contradicts an earlier one.
        number: u64,
        /// The digest of the evidence that proves it.
        evidence: Hash,
        /// When.
        at: u64,
    },
    /// Evidence was verified and recorded.
    EvidenceRecorded {
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
    },
    /// A gateway's event was proven.
    GatewayEvent(EventFact),
    /// Two blocks sealed at one height were proven.
    MisbehaviourProven {
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
    },
    /// A token was admitted, and with it a relayer's or attestor's key.
    TokenAdmitted {
        /// The token's id.
        token: [u8; 16],
        /// Its name.
        name: String,
        /// Its role.
        role: String,
        /// The key's address, for relayers and attestors.
        address: Option<Address>,
        /// The island it is bound to.
        island: Option<IslandId>,
        /// Whether the hub's operator holds the key.
        held_by_hub: bool,
        /// When.
        at: u64,
    },
    /// A token was revoked.
    TokenRevoked {
        /// The token's id.
        token: [u8; 16],
        /// Who revoked it.
        actor: String,
        /// When.
        at: u64,
    },
    /// An attestor signed a batch of statements.
    BatchAttested {
        /// The gateway that checks it.
        gateway: GatewayId,
        /// The epoch it is signed for.
        epoch: u64,
        /// How many statements it has.
        count: u64,
        /// The root over them.
        root: Hash,
        /// Who signed.
        attestor: Address,
        /// The signature.
        signature: Signature,
        /// When it was recorded.
        at: u64,
    },
}

/// A proven event of a gateway, as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFact {
    /// The gateway.
    pub gateway: GatewayId,
    /// The event's number.
    pub number: u64,
    /// The event's name.
    pub event: String,
    /// The packet it is about; for `Blocked` and `Unblocked` the source gateway.
    pub subject: Option<Hash>,
    /// Whether a delivery, or a settled packet, succeeded.
    pub success: Option<bool>,
    /// Of a settlement: 3 RESULT, 4 EXPIRED, 5 VOID.
    pub outcome: Option<u8>,
    /// keccak-256 of a delivery's result: what attestors sign.
    pub result: Option<Hash>,
    /// The block's height.
    pub height: u64,
    /// The block's hash.
    pub block: Vec<u8>,
    /// The transaction's index in the block.
    pub transaction: u64,
    /// The log's index in the transaction.
    pub log: u64,
    /// The block's time, Unix seconds.
    pub time: u64,
    /// The digest of the evidence that proves it.
    pub evidence: Hash,
    /// When that was recorded.
    pub at: u64,
}

impl Fact {
    /// What its entry shows.
    pub fn kind(&self) -> FactKind {
        match self {
            Self::IslandRegistered { .. } | Self::GatewayRegistered { .. } => FactKind::Registration,
            Self::IslandChanged { change, .. } if change == "approved" => FactKind::Approval,
            Self::IslandChanged { change, .. } if change == "frozen" => FactKind::Freeze,
            Self::IslandChanged { .. } | Self::GatewaySuspended { .. } => FactKind::PolicyChange,
            Self::EvidenceRecorded { .. } => FactKind::ClientUpdate,
            Self::GatewayEvent(_) => FactKind::GatewayEvent,
            Self::MisbehaviourProven { .. } => FactKind::Freeze,
            Self::TokenAdmitted { .. } | Self::TokenRevoked { .. } => FactKind::KeyChange,
            Self::BatchAttested { .. } => FactKind::Attestation,
        }
    }

    /// Its canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        encode::encode(self)
    }

    /// Reads canonical bytes; no others are accepted.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode::decode(bytes)
    }
}

/// The number that each form of a fact begins with.
pub(crate) mod form {
    pub(crate) const ISLAND_REGISTERED: u64 = 1;
    pub(crate) const GATEWAY_REGISTERED: u64 = 2;
    pub(crate) const ISLAND_CHANGED: u64 = 3;
    pub(crate) const GATEWAY_SUSPENDED: u64 = 4;
    pub(crate) const EVIDENCE_RECORDED: u64 = 5;
    pub(crate) const GATEWAY_EVENT: u64 = 6;
    pub(crate) const MISBEHAVIOUR_PROVEN: u64 = 7;
    pub(crate) const TOKEN_ADMITTED: u64 = 8;
    pub(crate) const TOKEN_REVOKED: u64 = 9;
    pub(crate) const BATCH_ATTESTED: u64 = 10;
}
