//! A gateway's events as its chaincode writes them.

use causeway_protocol::{AttestorSet, GatewayEventKind, GatewayId, Hash, Writer};

use crate::client::VERSION;

/// The key and the value of an event in transaction `transaction`; `act` is the number of an owner's act.
pub fn written(
    gateway: GatewayId,
    event: &GatewayEventKind,
    transaction: &str,
    act: u64,
) -> (String, Vec<u8>) {
    let items = Writer::new().bytes(&gateway.0).bytes(event.name().as_bytes());
    let packet_key = |prefix: &str, packet: &[u8; 32]| format!("{prefix}/{}", const_hex::encode(packet));
    let act_key = || format!("act/{act}");
    let (key, items) = match event {
        GatewayEventKind::Opened { island, hub, owner, attestors } => {
            let items = items.bytes(&island.0).bytes(&hub.0).bytes(&owner.0);
            ("opened".to_owned(), set(items, attestors))
        }
        GatewayEventKind::PacketSent { packet, lane } => {
            let lane_id: Hash = packet.lane.into();
            let key = format!("seq/{}/{}", const_hex::encode(lane_id.0), packet.sequence);
            let items = items
                .bytes(&packet.id().0)
                .bytes(&packet.destination.0)
                .bytes(&lane_id.0)
                .uint(packet.sequence)
                .bytes(&packet.sender)
                .bytes(&packet.receiver)
                .uint(packet.timeout)
                .uint(packet.budget)
                .bytes(&packet.payload);
            (key, items.bytes(&lane.name.0).uint(lane.ordered.into()))
        }
        GatewayEventKind::PacketDelivered { packet, success, result } => {
            let items = items.bytes(&packet.0).uint((*success).into()).bytes(result);
            (packet_key("in", &packet.0), items)
        }
        GatewayEventKind::PacketExpired { packet } => (packet_key("in", &packet.0), items.bytes(&packet.0)),
        GatewayEventKind::PacketSettled { packet, outcome, success } => {
            let items = items.bytes(&packet.0).uint((*outcome as u8).into()).uint((*success).into());
            (packet_key("end", &packet.0), items)
        }
        GatewayEventKind::AttestorsRotated(attestors) => {
            (format!("epoch/{}", attestors.epoch), set(items, attestors))
        }
        GatewayEventKind::RotationNoticed { attestors, effective } => {
            (act_key(), set(items, attestors).uint(*effective))
        }
        GatewayEventKind::Blocked { source } | GatewayEventKind::Unblocked { source } => {
            (act_key(), items.bytes(&source.0))
        }
        GatewayEventKind::Beat => (format!("beat/{transaction}"), items),
        GatewayEventKind::Paused | GatewayEventKind::Unpaused | GatewayEventKind::Closed => {
            (act_key(), items)
        }
    };
    (key, items.versioned(VERSION))
}

fn set(items: Writer, set: &AttestorSet) -> Writer {
    let attestors = Writer::new().each(&set.attestors, |list, attestor| list.bytes(&attestor.0));
    items.uint(set.epoch).uint(set.threshold.into()).list(&attestors)
}
