//! What a monitor has to say.

use causeway_client::ClientError;
use causeway_log::{CheckpointError, TreeHead};
use causeway_protocol::{GatewayId, Hash, IslandId, PacketId};
use causeway_verifier::Refusal;

/// Something that no honest hub does. It does not go away by itself, and what proves it was kept.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Alarm {
    /// Two signed trees of which neither goes on from the other.
    #[error(
        "the log forked: the tree of {} leaves that was mirrored has root {}, and a checkpoint of {} leaves with root {} does not go on from it",
        .mirrored.size, .mirrored.root, .served.size, .served.root
    )]
    Fork {
        /// The tree in the mirror, whose checkpoint was signed.
        mirrored: TreeHead,
        /// The tree of the other checkpoint.
        served: TreeHead,
    },
    /// The checkpoint is not signed by a key of the log, or is none.
    #[error("what is served as the log's checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// An entry that no log of this kind has.
    #[error("leaf {index} of the log: {detail}")]
    Entry {
        /// Its index.
        index: u64,
        /// What is wrong.
        detail: String,
    },
    /// An island's trust anchor is not the one that is trusted.
    #[error("island {name} is served under trust anchor {came}, the one that is trusted is {expected}")]
    Anchor {
        /// The island's name.
        name: String,
        /// SHA-256 of the trusted one.
        expected: Hash,
        /// SHA-256 of the one that is served.
        came: Hash,
    },
    /// Recorded evidence does not verify.
    #[error("evidence {digest} of island {island}, which the hub recorded, does not verify: {refusal}")]
    Evidence {
        /// The island.
        island: IslandId,
        /// The evidence.
        digest: Hash,
        /// Why.
        refusal: Box<Refusal>,
    },
    /// The bytes are not those that the digest names.
    #[error("evidence of island {island} is served as {expected}, and its bytes hash to {came}")]
    OtherBytes {
        /// The island.
        island: IslandId,
        /// The digest that is served.
        expected: Hash,
        /// That of the bytes.
        came: Hash,
    },
    /// The hub says of an island what its evidence does not prove.
    #[error(
        "the hub says that island {island} stands at block {came} at height {height}, its evidence says {expected:?}"
    )]
    Head {
        /// The island.
        island: IslandId,
        /// The height.
        height: u64,
        /// The block that the evidence proves there, if any.
        expected: Option<Hash>,
        /// The block that the hub names.
        came: Hash,
    },
    /// Numbers of a gateway's events are missing, and have been for a while.
    #[error(
        "events {first} to {last} of gateway {gateway} are missing from the evidence, and later ones are there"
    )]
    Gap {
        /// The gateway.
        gateway: GatewayId,
        /// The first that is missing.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// The hub says that something happened to a packet, and no evidence proves it.
    #[error(
        "the hub says that {event} number {number} of gateway {gateway} happened to packet {packet}, and no evidence proves it"
    )]
    Unproven {
        /// The packet.
        packet: PacketId,
        /// The event.
        event: String,
        /// The gateway.
        gateway: GatewayId,
        /// Its number.
        number: u64,
    },
}

impl Alarm {
    /// The stable, kebab-case name of the kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Fork { .. } => "fork",
            Self::Checkpoint(_) => "checkpoint",
            Self::Entry { .. } => "entry",
            Self::Anchor { .. } => "anchor",
            Self::Evidence { .. } | Self::OtherBytes { .. } => "evidence",
            Self::Head { .. } => "head",
            Self::Gap { .. } => "gap",
            Self::Unproven { .. } => "fact-without-evidence",
        }
    }
}

/// Why a look was not finished.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Somebody has to know.
    #[error(transparent)]
    Alarm(#[from] Alarm),
    /// The hub did not answer, or not usably: the next look may be better.
    #[error("{0}")]
    Unreachable(String),
    /// The mirror's own folder.
    #[error("the mirror: {0}")]
    Folder(#[from] std::io::Error),
    /// The mirror's folder holds something else than a mirror of this log.
    #[error("the mirror is damaged: {0}")]
    Damaged(String),
}

impl From<ClientError> for Trouble {
    fn from(error: ClientError) -> Self {
        Self::Unreachable(error.to_string())
    }
}
