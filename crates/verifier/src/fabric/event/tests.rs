//! Events as the chaincode's own tests write them, and as the forge does.

use causeway_protocol::{AttestorSet, GatewayEventKind, GatewayId, IslandId};
use proptest::prelude::*;
use serde_json::Value;

use super::{birth, is_event_key, read};

/// What the chaincode's tests wrote down: its unit tests check that the gateway writes the same.
fn written_by_the_chaincode() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../adapters/fabric/gateway/testdata/events.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    const_hex::decode(value.as_str().unwrap()).unwrap()
}

fn word(value: &Value) -> [u8; 32] {
    hex(value).try_into().unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

fn check_set(set: &AttestorSet, fields: &Value) {
    assert_eq!(set.epoch, number(&fields["epoch"]));
    assert_eq!(u64::from(set.threshold), number(&fields["threshold"]));
    let listed = fields["attestors"].as_array().unwrap();
    assert!(set.attestors.iter().map(|attestor| attestor.0.to_vec()).eq(listed.iter().map(hex)));
}

fn check(kind: &GatewayEventKind, fields: &Value) {
    match kind {
        GatewayEventKind::Opened { island, hub, owner, attestors } => {
            assert_eq!((island.0, hub.0), (word(&fields["island"]), word(&fields["hub"])));
            assert_eq!(owner.0.to_vec(), hex(&fields["owner"]));
            check_set(attestors, fields);
        }
        GatewayEventKind::PacketSent { packet, lane } => {
            assert_eq!(packet.id().0, word(&fields["packet"]));
            assert_eq!(packet.destination.0, word(&fields["destination"]));
            assert_eq!(packet.lane.0, word(&fields["lane"]));
            let numbers =
                [("sequence", packet.sequence), ("timeout", packet.timeout), ("budget", packet.budget)];
            for (name, came) in numbers {
                assert_eq!(came, number(&fields[name]), "{name}");
            }
            let bytes =
                [("sender", &packet.sender), ("receiver", &packet.receiver), ("payload", &packet.payload)];
            for (name, came) in bytes {
                assert_eq!(*came, hex(&fields[name]), "{name}");
            }
            assert_eq!(
                (lane.name.0, Value::Bool(lane.ordered)),
                (word(&fields["name"]), fields["ordered"].clone())
            );
        }
        GatewayEventKind::PacketDelivered { packet, success, result } => {
            assert_eq!((packet.0, result), (word(&fields["packet"]), &hex(&fields["result"])));
            assert_eq!(Value::Bool(*success), fields["success"]);
        }
        GatewayEventKind::PacketExpired { packet } => assert_eq!(packet.0, word(&fields["packet"])),
        GatewayEventKind::PacketSettled { packet, outcome, success } => {
            assert_eq!(packet.0, word(&fields["packet"]));
            assert_eq!(Value::Bool(*success), fields["success"]);
            assert_eq!(u64::from(*outcome as u8), number(&fields["kind"]));
        }
        GatewayEventKind::AttestorsRotated(set) => check_set(set, fields),
        GatewayEventKind::RotationNoticed { attestors, effective } => {
            check_set(attestors, fields);
            assert_eq!(*effective, number(&fields["effective"]));
        }
        GatewayEventKind::Blocked { source } | GatewayEventKind::Unblocked { source } => {
            assert_eq!(source.0, word(&fields["source"]));
        }
        GatewayEventKind::Paused
        | GatewayEventKind::Unpaused
        | GatewayEventKind::Closed
        | GatewayEventKind::Beat => {}
    }
}

#[test]
fn what_the_chaincode_writes_is_read_as_it_meant_it() {
    let all = written_by_the_chaincode();
    let island = IslandId(word(&all["island"]));
    let gateway = GatewayId(word(&all["gateway"]));
    let mut names = std::collections::BTreeSet::new();
    for event in all["events"].as_array().unwrap() {
        let (key, transaction) = (event["key"].as_str().unwrap(), event["tx_id"].as_str().unwrap());
        assert!(is_event_key(key));
        let written = read(key, &hex(&event["value"]), transaction).unwrap();
        assert_eq!((written.gateway, Value::from(written.kind.name())), (gateway, event["kind"].clone()));
        check(&written.kind, &event["fields"]);
        names.insert(written.kind.name());
        if let GatewayEventKind::Opened { .. } = written.kind {
            let name = all["gateway_name"].as_str().unwrap();
            assert_eq!(GatewayId::derive(island, name.as_bytes(), birth(transaction)), gateway);
        }
    }
    assert_eq!(names.len(), 13, "every kind: {names:?}");
}

#[test]
fn an_event_at_another_events_key_is_none() {
    let all = written_by_the_chaincode();
    let events = all["events"].as_array().unwrap();
    for event in events {
        for other in events.iter().filter(|other| other["key"] != event["key"]) {
            let (key, transaction) = (other["key"].as_str().unwrap(), event["tx_id"].as_str().unwrap());
            // Acts do not say which they are; a packet's two outcomes share a key.
            let of_one_kind =
                |prefix: &str| key.starts_with(prefix) && event["key"].as_str().unwrap().starts_with(prefix);
            if !of_one_kind("act/") {
                read(key, &hex(&event["value"]), transaction).unwrap_err();
            }
        }
    }
    for key in ["act/0", "act/01", "act/", "act/1x", "epoch/02", "beat/"] {
        for event in events {
            read(key, &hex(&event["value"]), "00").unwrap_err();
        }
    }
}

#[test]
fn bytes_cut_off_or_added_to_an_event_are_refused() {
    let all = written_by_the_chaincode();
    for event in all["events"].as_array().unwrap() {
        let (key, transaction) = (event["key"].as_str().unwrap(), event["tx_id"].as_str().unwrap());
        let value = hex(&event["value"]);
        for cut in 0..value.len() {
            read(key, &value[..cut], transaction).unwrap_err();
        }
        read(key, &[&value[..], &[0]].concat(), transaction).unwrap_err();
    }
}

proptest! {
    #[test]
    fn any_bytes_are_an_event_or_none(key in "(opened|seq/|in/|end/|epoch/|act/|beat/)[0-9a-f/]{0,70}", value in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&key, &value, "00");
        let _ = read(&key, &[&[1][..], &value].concat(), "00");
    }
}
