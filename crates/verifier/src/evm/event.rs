//! A gateway's events in the logs of an EVM chain.

use std::sync::LazyLock;

use causeway_protocol::{
    Address, AttestationKind, AttestorSet, GatewayEvent, GatewayEventKind, GatewayId, Hash, HubId, IslandId,
    LaneId, LaneTerms, MAX_RESULT, Packet, PacketId, Rotation, keccak256,
};

use super::abi::{AbiFault, Tuple, uint};
use crate::Gateway;

/// Why a log is not an event of one of the gateways. Such a log proves nothing, and harms nobody but its own gateway, whose
/// numbers would have a gap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogFault {
    /// No gateway is registered at the contract's address.
    #[error("contract {0} is no registered gateway")]
    NotAGateway(Address),
    /// The contract emitted something else.
    #[error("not an event of a gateway")]
    NotAnEvent,
    /// The log names another gateway than the ones registered at its address.
    #[error("the log is of gateway {0}, which is not registered at its address")]
    OtherGateway(GatewayId),
    /// Another number of topics than the event has.
    #[error("{came} topics, the event has {expected}")]
    Topics {
        /// Topics of the event.
        expected: usize,
        /// Topics of the log.
        came: usize,
    },
    /// Data that no Solidity compiler writes.
    #[error("data is not canonical ABI: {0}")]
    Abi(#[from] AbiFault),
    /// The packet's id does not follow from its fields.
    #[error("the log names packet {came}, its fields are those of {expected}")]
    PacketId {
        /// The recomputed id.
        expected: PacketId,
        /// The id in the log.
        came: PacketId,
    },
    /// The packet's lane does not follow from its terms.
    #[error("the log names lane {came}, its terms are those of {expected}")]
    LaneId {
        /// The recomputed id.
        expected: LaneId,
        /// The id in the log.
        came: LaneId,
    },
    /// A gateway that says it opened elsewhere.
    #[error("the gateway opened here would be {expected}, the log says {came}")]
    Birth {
        /// The id that follows from the island, the address and the parent block.
        expected: GatewayId,
        /// The id in the log.
        came: GatewayId,
    },
    /// A gateway opened for another island.
    #[error("the gateway opened for island {0}, another one")]
    OtherIsland(IslandId),
    /// Values that no gateway emits.
    #[error("{0}")]
    Value(String),
}

/// Where a log stands: what an `Opened` is checked against.
#[derive(Debug, Clone, Copy)]
pub struct EventContext<'a> {
    /// The gateways looked for.
    pub gateways: &'a [Gateway],
    /// Hash of the block before the log's.
    pub parent: Hash,
}

macro_rules! events {
    ($($name:ident = $signature:literal),* $(,)?) => {
        #[derive(Clone, Copy)]
        enum Kind { $($name),* }
        const SIGNATURES: &[(Kind, &str)] = &[$((Kind::$name, concat!(stringify!($name), $signature))),*];
    };
}

events! {
    Opened = "(uint64,bytes32,bytes32,bytes32,address,uint64,uint8,address[])",
    PacketSent = "(uint64,bytes32,bytes32,bytes32,bytes32,uint64,bytes,bytes,uint64,uint64,bytes,bytes32,bool)",
    PacketDelivered = "(uint64,bytes32,bytes32,bool,bytes)",
    PacketExpired = "(uint64,bytes32,bytes32)",
    PacketSettled = "(uint64,bytes32,bytes32,uint8,bool)",
    AttestorsRotated = "(uint64,bytes32,uint64,uint8,address[])",
    RotationNoticed = "(uint64,bytes32,uint64,uint8,address[],uint64)",
    Paused = "(uint64,bytes32)",
    Unpaused = "(uint64,bytes32)",
    Closed = "(uint64,bytes32)",
    Beat = "(uint64,bytes32)",
    Blocked = "(uint64,bytes32,bytes32)",
    Unblocked = "(uint64,bytes32,bytes32)",
}

static TOPICS: LazyLock<Vec<(Hash, Kind)>> = LazyLock::new(|| {
    SIGNATURES.iter().map(|(kind, signature)| (keccak256(signature.as_bytes()), *kind)).collect()
});

/// Topic 0 of every event a gateway emits: for filters.
pub fn topics() -> Vec<Hash> {
    TOPICS.iter().map(|(topic, _)| *topic).collect()
}

/// Topic 0 of the event of this name.
pub fn topic_of(name: &str) -> Option<Hash> {
    let is = |signature: &str| signature.split_once('(').is_some_and(|(before, _)| before == name);
    SIGNATURES
        .iter()
        .find(|(_, signature)| is(signature))
        .map(|(_, signature)| keccak256(signature.as_bytes()))
}

/// Reads one log as an event of one of the gateways.
///
/// It counts only if the contract is the registered one, the event a gateway's, its gateway id ours, its data canonical, and
/// every id in it the one that follows from the fields.
pub fn decode_event(
    context: EventContext<'_>,
    address: Address,
    topics: &[Hash],
    data: &[u8],
) -> Result<GatewayEvent, LogFault> {
    let mut here = context.gateways.iter().filter(|gateway| gateway.address == address.0).peekable();
    if here.peek().is_none() {
        return Err(LogFault::NotAGateway(address));
    }
    let (topic, rest) = topics.split_first().ok_or(LogFault::NotAnEvent)?;
    let (_, kind) = TOPICS.iter().find(|(known, _)| known == topic).ok_or(LogFault::NotAnEvent)?;
    let third = usize::from(matches!(
        kind,
        Kind::Opened
            | Kind::PacketSent
            | Kind::PacketDelivered
            | Kind::PacketExpired
            | Kind::PacketSettled
            | Kind::Blocked
            | Kind::Unblocked
    ));
    let (number, named, id) = match rest {
        [number, named] if third == 0 => (number, *named, Hash::ZERO),
        [number, named, id] if third == 1 => (number, *named, *id),
        _ => return Err(LogFault::Topics { expected: 3 + third, came: topics.len() }),
    };
    let named = GatewayId::from(named);
    let gateway = here.find(|gateway| gateway.id == named).ok_or(LogFault::OtherGateway(named))?;
    let number = uint(number)?;
    if number == 0 {
        return Err(LogFault::Value("event number 0, numbers start at 1".into()));
    }
    let kind = decode_kind(*kind, gateway, context.parent, number, id, data)?;
    Ok(GatewayEvent { gateway: named, number, kind })
}

fn decode_kind(
    kind: Kind,
    gateway: &Gateway,
    parent: Hash,
    number: u64,
    id: Hash,
    data: &[u8],
) -> Result<GatewayEventKind, LogFault> {
    let packet = PacketId::from(id);
    let event = match kind {
        Kind::Opened => opened(gateway, parent, number, id, data)?,
        Kind::PacketSent => sent(gateway, packet, data)?,
        Kind::PacketDelivered => {
            let mut tuple = Tuple::new(data, 2);
            let (success, result) = (tuple.bool()?, tuple.bytes()?.to_vec());
            tuple.end()?;
            if result.len() > MAX_RESULT {
                return Err(LogFault::Value(format!("a result of {} bytes", result.len())));
            }
            GatewayEventKind::PacketDelivered { packet, success, result }
        }
        Kind::PacketSettled => {
            let mut tuple = Tuple::new(data, 2);
            let (kind, success) = (tuple.byte()?, tuple.bool()?);
            tuple.end()?;
            let outcome = AttestationKind::try_from(kind)
                .ok()
                .filter(|kind| !kind.checked_by_destination())
                .ok_or_else(|| LogFault::Value(format!("settled by attestation kind {kind}")))?;
            if success && outcome != AttestationKind::Result {
                return Err(LogFault::Value("success without a result".into()));
            }
            GatewayEventKind::PacketSettled { packet, outcome, success }
        }
        Kind::AttestorsRotated => {
            let mut tuple = Tuple::new(data, 3);
            let attestors = attestor_set(&mut tuple)?;
            tuple.end()?;
            GatewayEventKind::AttestorsRotated(attestors)
        }
        Kind::RotationNoticed => {
            let mut tuple = Tuple::new(data, 4);
            let attestors = attestor_set(&mut tuple)?;
            let effective = tuple.uint()?;
            tuple.end()?;
            GatewayEventKind::RotationNoticed { attestors, effective }
        }
        Kind::PacketExpired => bare(data, GatewayEventKind::PacketExpired { packet })?,
        Kind::Paused => bare(data, GatewayEventKind::Paused)?,
        Kind::Unpaused => bare(data, GatewayEventKind::Unpaused)?,
        Kind::Closed => bare(data, GatewayEventKind::Closed)?,
        Kind::Beat => bare(data, GatewayEventKind::Beat)?,
        Kind::Blocked => bare(data, GatewayEventKind::Blocked { source: id.into() })?,
        Kind::Unblocked => bare(data, GatewayEventKind::Unblocked { source: id.into() })?,
    };
    Ok(event)
}

/// An event without data.
fn bare(data: &[u8], event: GatewayEventKind) -> Result<GatewayEventKind, LogFault> {
    Tuple::new(data, 0).end()?;
    Ok(event)
}

fn attestor_set(tuple: &mut Tuple<'_>) -> Result<AttestorSet, LogFault> {
    let (epoch, threshold) = (tuple.uint()?, tuple.byte()?);
    let attestors = tuple.addresses(Rotation::MAX_ATTESTORS)?;
    let rotation = Rotation { epoch, threshold, attestors };
    rotation.check().map_err(|error| LogFault::Value(error.to_string()))?;
    let Rotation { epoch, threshold, attestors } = rotation;
    Ok(AttestorSet { epoch, threshold, attestors })
}

/// `Opened` has to be number 1, and the gateway's id the one that follows from where it opened.
fn opened(
    gateway: &Gateway,
    parent: Hash,
    number: u64,
    island: Hash,
    data: &[u8],
) -> Result<GatewayEventKind, LogFault> {
    let mut tuple = Tuple::new(data, 5);
    let (hub, owner) = (HubId::from(tuple.word()?), tuple.address()?);
    let attestors = attestor_set(&mut tuple)?;
    tuple.end()?;
    if number != 1 {
        return Err(LogFault::Value(format!("Opened is number {number}, expected 1")));
    }
    let island = IslandId::from(island);
    if island != gateway.island {
        return Err(LogFault::OtherIsland(island));
    }
    let expected = GatewayId::derive(island, &gateway.address, parent);
    if expected != gateway.id {
        return Err(LogFault::Birth { expected, came: gateway.id });
    }
    Ok(GatewayEventKind::Opened { island, hub, owner, attestors })
}

/// A packet's source is the gateway that emits it; its id and its lane's follow from the fields.
fn sent(gateway: &Gateway, came: PacketId, data: &[u8]) -> Result<GatewayEventKind, LogFault> {
    let mut tuple = Tuple::new(data, 10);
    let packet = Packet {
        source: gateway.id,
        destination: tuple.word()?.into(),
        lane: tuple.word()?.into(),
        sequence: tuple.uint()?,
        sender: tuple.bytes()?.to_vec(),
        receiver: tuple.bytes()?.to_vec(),
        timeout: tuple.uint()?,
        budget: tuple.uint()?,
        payload: tuple.bytes()?.to_vec(),
    };
    let lane = LaneTerms { name: tuple.word()?, ordered: tuple.bool()? };
    tuple.end()?;
    packet.check().map_err(|error| LogFault::Value(error.to_string()))?;
    let expected = packet.id();
    if expected != came {
        return Err(LogFault::PacketId { expected, came });
    }
    let expected = lane.lane_id(&packet);
    if expected != packet.lane {
        return Err(LogFault::LaneId { expected, came: packet.lane });
    }
    Ok(GatewayEventKind::PacketSent { packet: Box::new(packet), lane })
}
