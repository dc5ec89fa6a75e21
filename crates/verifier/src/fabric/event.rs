//! Gateway events: writes of a gateway's chaincode to keys that it writes once.

use causeway_protocol::{
    Address, AttestationKind, AttestorSet, DecodeError, GatewayEventKind, GatewayId, Hash, HubId, IslandId,
    LaneTerms, MAX_RESULT, Packet, PacketId, Reader, Rotation,
};

use super::signature::sha256;
use crate::client::VERSION;

/// Why a value is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum EventFault {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error("{0}")]
    Value(String),
}

/// Whether a gateway writes events to keys like this.
pub(super) fn is_event_key(key: &str) -> bool {
    key == "opened"
        || ["seq/", "in/", "end/", "epoch/", "act/", "beat/"].iter().any(|prefix| key.starts_with(prefix))
}

/// An event as its gateway wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// The gateway it names as its own.
    pub(super) gateway: GatewayId,
    pub(super) kind: GatewayEventKind,
}

/// Reads what transaction `transaction` (64 hex digits) wrote to `key`. The key has to be the one that follows from the value,
/// and every id in it from the fields.
pub(super) fn read(key: &str, value: &[u8], transaction: &str) -> Result<Written, EventFault> {
    let mut items = Reader::versioned("event", VERSION, value)?;
    let gateway = GatewayId(items.array("gateway")?);
    let name = items.text("name")?;
    let (kind, expected) = match name {
        "Opened" => (opened(&mut items)?, "opened".to_owned()),
        "PacketSent" => sent(gateway, &mut items)?,
        "PacketDelivered" => {
            let packet = PacketId(items.array("packet")?);
            let (success, result) = (flag("success", &mut items)?, items.bytes("result")?.to_vec());
            if result.len() > MAX_RESULT {
                return Err(EventFault::Value(format!("a result of {} bytes", result.len())));
            }
            (GatewayEventKind::PacketDelivered { packet, success, result }, packet_key("in", packet))
        }
        "PacketExpired" => {
            let packet = PacketId(items.array("packet")?);
            (GatewayEventKind::PacketExpired { packet }, packet_key("in", packet))
        }
        "PacketSettled" => settled(&mut items)?,
        "AttestorsRotated" => {
            let set = attestor_set(&mut items)?;
            let key = format!("epoch/{}", set.epoch);
            (GatewayEventKind::AttestorsRotated(set), key)
        }
        "Beat" => (GatewayEventKind::Beat, format!("beat/{transaction}")),
        act => (owners_act(act, &mut items)?, act_key(key)?.to_owned()),
    };
    items.end("event")?;
    if expected == key {
        Ok(Written { gateway, kind })
    } else {
        Err(EventFault::Value(format!("{name} stands at another key than {expected:?}")))
    }
}

fn packet_key(prefix: &str, packet: PacketId) -> String {
    format!("{prefix}/{}", const_hex::encode(packet.0))
}

/// `act/` and a number from 1 on: the value does not say which.
fn act_key(key: &str) -> Result<&str, EventFault> {
    let number = key.strip_prefix("act/").and_then(|number| number.parse::<u64>().ok());
    match number {
        Some(number) if number > 0 && key == format!("act/{number}") => Ok(key),
        _ => Err(EventFault::Value("an owner's act stands at act/ and its number".into())),
    }
}

fn flag(what: &'static str, items: &mut Reader<'_>) -> Result<bool, EventFault> {
    match items.uint(what)? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(EventFault::Value(format!("{what} is {other}, expected 0 or 1"))),
    }
}

fn attestor_set(items: &mut Reader<'_>) -> Result<AttestorSet, EventFault> {
    let (epoch, threshold) = (items.uint("epoch")?, items.uint("threshold")?);
    let threshold =
        u8::try_from(threshold).map_err(|_| EventFault::Value(format!("a threshold of {threshold}")))?;
    let attestors = items
        .list("attestors")?
        .each("attestors", Rotation::MAX_ATTESTORS, |list| list.array("attestor").map(Address))?;
    let rotation = Rotation { epoch, threshold, attestors };
    rotation.check().map_err(|error| EventFault::Value(error.to_string()))?;
    let Rotation { epoch, threshold, attestors } = rotation;
    Ok(AttestorSet { epoch, threshold, attestors })
}

fn opened(items: &mut Reader<'_>) -> Result<GatewayEventKind, EventFault> {
    let (island, hub) = (IslandId(items.array("island")?), HubId(items.array("hub")?));
    let owner = Address(items.array("owner")?);
    Ok(GatewayEventKind::Opened { island, hub, owner, attestors: attestor_set(items)? })
}

fn sent(source: GatewayId, items: &mut Reader<'_>) -> Result<(GatewayEventKind, String), EventFault> {
    let id = PacketId(items.array("packet")?);
    let packet = Packet {
        source,
        destination: GatewayId(items.array("destination")?),
        lane: Hash(items.array("lane")?).into(),
        sequence: items.uint("sequence")?,
        sender: items.bytes("sender")?.to_vec(),
        receiver: items.bytes("receiver")?.to_vec(),
        timeout: items.uint("timeout")?,
        budget: items.uint("budget")?,
        payload: items.bytes("payload")?.to_vec(),
    };
    let lane = LaneTerms { name: Hash(items.array("lane name")?), ordered: flag("ordered", items)? };
    packet.check().map_err(|error| EventFault::Value(error.to_string()))?;
    if packet.id() != id {
        return Err(EventFault::Value(format!("packet {id} has the fields of {}", packet.id())));
    }
    if lane.lane_id(&packet) != packet.lane {
        return Err(EventFault::Value(format!("lane {} does not follow from its terms", packet.lane)));
    }
    let key = format!("seq/{}/{}", const_hex::encode(packet.lane.0), packet.sequence);
    Ok((GatewayEventKind::PacketSent { packet: Box::new(packet), lane }, key))
}

fn settled(items: &mut Reader<'_>) -> Result<(GatewayEventKind, String), EventFault> {
    let packet = PacketId(items.array("packet")?);
    let kind = items.uint("kind")?;
    let outcome = u8::try_from(kind)
        .ok()
        .and_then(|kind| AttestationKind::try_from(kind).ok())
        .filter(|kind| !kind.checked_by_destination())
        .ok_or_else(|| EventFault::Value(format!("settled by attestation kind {kind}")))?;
    let success = flag("success", items)?;
    if success && outcome != AttestationKind::Result {
        return Err(EventFault::Value("success without a result".into()));
    }
    Ok((GatewayEventKind::PacketSettled { packet, outcome, success }, packet_key("end", packet)))
}

fn owners_act(name: &str, items: &mut Reader<'_>) -> Result<GatewayEventKind, EventFault> {
    Ok(match name {
        "RotationNoticed" => {
            let attestors = attestor_set(items)?;
            GatewayEventKind::RotationNoticed { attestors, effective: items.uint("effective")? }
        }
        "Paused" => GatewayEventKind::Paused,
        "Unpaused" => GatewayEventKind::Unpaused,
        "Closed" => GatewayEventKind::Closed,
        "Blocked" => GatewayEventKind::Blocked { source: GatewayId(items.array("source")?) },
        "Unblocked" => GatewayEventKind::Unblocked { source: GatewayId(items.array("source")?) },
        other => {
            let other: String = other.chars().take(40).collect();
            return Err(EventFault::Value(format!("no gateway has an event {other:?}")));
        }
    })
}

/// What enters a gateway's id as its birth: SHA-256 of the opening transaction's id, its 64 hex digits as text.
pub(super) fn birth(transaction: &str) -> Hash {
    Hash(sha256(&[transaction.as_bytes()]))
}

#[cfg(test)]
mod tests;
