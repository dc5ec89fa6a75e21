//! Gateway events: what a gateway says happened, in an order without gaps.

use crate::{Address, AttestationKind, GatewayId, Hash, HubId, IslandId, LaneTerms, Packet, PacketId};

/// One event of one gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayEvent {
    /// The gateway that emitted it.
    pub gateway: GatewayId,
    /// Its number: from 1, without gaps, over every kind of event.
    pub number: u64,
    /// What happened.
    pub kind: GatewayEventKind,
}

/// What happened at a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayEventKind {
    /// The gateway opened: always number 1.
    Opened {
        /// The island it says it is on.
        island: IslandId,
        /// The hub it works with.
        hub: HubId,
        /// Who may pause, close, block and submit rotations.
        owner: Address,
        /// The first attestor set.
        attestors: AttestorSet,
    },
    /// A packet was sent.
    PacketSent {
        /// The packet. Its `source` is this gateway.
        packet: Box<Packet>,
        /// What its lane's id commits to beside the packet's own fields.
        lane: LaneTerms,
    },
    /// A packet was delivered: its receiver was called once.
    PacketDelivered {
        /// The packet.
        packet: PacketId,
        /// Whether the receiver succeeded.
        success: bool,
        /// What it answered: at most 1024 bytes.
        result: Vec<u8>,
    },
    /// A packet can never be delivered any more.
    PacketExpired {
        /// The packet.
        packet: PacketId,
    },
    /// The sender of a packet was told how it ended.
    PacketSettled {
        /// The packet.
        packet: PacketId,
        /// RESULT, EXPIRED or VOID.
        outcome: AttestationKind,
        /// Whether it ended as a successful delivery.
        success: bool,
    },
    /// Another attestor set is in force, at once.
    AttestorsRotated(AttestorSet),
    /// The owner announced a rotation without the attestors' signatures.
    RotationNoticed {
        /// The announced set.
        attestors: AttestorSet,
        /// From when the owner may carry it out, Unix seconds.
        effective: u64,
    },
    /// Send and deliver stopped.
    Paused,
    /// Send and deliver go on.
    Unpaused,
    /// The gateway ended for good.
    Closed,
    /// Packets of one source gateway are not delivered any more.
    Blocked {
        /// The source gateway.
        source: GatewayId,
    },
    /// Packets of one source gateway are delivered again.
    Unblocked {
        /// The source gateway.
        source: GatewayId,
    },
    /// Nothing but a sign of life.
    Beat,
}

/// The attestors a gateway accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestorSet {
    /// Counts the sets of a gateway, from 1.
    pub epoch: u64,
    /// How many signatures are needed.
    pub threshold: u8,
    /// Who may sign, ascending.
    pub attestors: Vec<Address>,
}

impl GatewayEventKind {
    /// The event's name, as in the gateway's interface.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "Opened",
            Self::PacketSent { .. } => "PacketSent",
            Self::PacketDelivered { .. } => "PacketDelivered",
            Self::PacketExpired { .. } => "PacketExpired",
            Self::PacketSettled { .. } => "PacketSettled",
            Self::AttestorsRotated(_) => "AttestorsRotated",
            Self::RotationNoticed { .. } => "RotationNoticed",
            Self::Paused => "Paused",
            Self::Unpaused => "Unpaused",
            Self::Closed => "Closed",
            Self::Blocked { .. } => "Blocked",
            Self::Unblocked { .. } => "Unblocked",
            Self::Beat => "Beat",
        }
    }

    /// The packet the event is about, if it is about one.
    pub fn packet(&self) -> Option<PacketId> {
        match self {
            Self::PacketSent { packet, .. } => Some(packet.id()),
            Self::PacketDelivered { packet, .. }
            | Self::PacketExpired { packet }
            | Self::PacketSettled { packet, .. } => Some(*packet),
            _ => None,
        }
    }

    /// The digest of a delivery's result that attestors sign: `H(result bytes)`.
    pub fn result_hash(result: &[u8]) -> Hash {
        crate::keccak256(result)
    }
}
