//! The worked values of the design, computed twice independently: the Rust code has to equal every one of them.

#![allow(clippy::unwrap_used)] // a test may panic

use std::path::PathBuf;

use causeway_protocol::{
    Address, Attestation, AttestationKind, Batch, BatchProof, Envelope, Family, GatewayId, Hash, HubId,
    Island, IslandId, Lane, LaneOrder, LocalSigner, Packet, Rotation, Signature, SignedEnvelope, Signer,
};
use serde_json::Value;

/// The worked values: a copy travels with the code, so that a plain clone tests them.
fn ids() -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/ids.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is text in {value}"))
}

fn bytes(value: &Value, key: &str) -> Vec<u8> {
    const_hex::decode(text(value, key)).unwrap()
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value, key: &str) -> T {
    text(value, key).parse().unwrap()
}

fn items<'a>(ids: &'a Value, key: &str) -> &'a [Value] {
    let items = ids[key].as_array().unwrap();
    assert!(!items.is_empty(), "{key} holds worked values");
    items
}

#[test]
fn islands_equal_the_worked_values() {
    for island in items(&ids(), "islands") {
        let family: Family = parsed(island, "family");
        let made =
            Island { family, fingerprint: parsed(island, "fingerprint"), anchor: parsed(island, "anchor") };
        assert_eq!(made.id(), parsed::<IslandId>(island, "island_id"));
    }
}

#[test]
fn gateways_equal_the_worked_values() {
    for gateway in items(&ids(), "gateways") {
        let island: IslandId = parsed(gateway, "island_id");
        let made = GatewayId::derive(island, &bytes(gateway, "address"), parsed(gateway, "birth"));
        assert_eq!(made, parsed::<GatewayId>(gateway, "gateway_id"));
    }
}

#[test]
fn lanes_equal_the_worked_values() {
    for lane in items(&ids(), "lanes") {
        let order = match lane["order"].as_u64() {
            Some(0) => LaneOrder::Unordered,
            _ => LaneOrder::Ordered { sender: bytes(lane, "sender"), receiver: bytes(lane, "receiver") },
        };
        let (source, destination) = (parsed(lane, "source"), parsed(lane, "destination"));
        let made = Lane { source, destination, name: text(lane, "name").to_owned(), order };
        assert_eq!(made.id().to_string(), text(lane, "lane_id"));
    }
}

#[test]
fn packets_equal_the_worked_values() {
    for packet in items(&ids(), "packets") {
        let mut fields = packet.clone();
        fields.as_object_mut().unwrap().remove("packet_id");
        let made: Packet = serde_json::from_value(fields.clone()).unwrap();
        assert_eq!(made.id().to_string(), text(packet, "packet_id"));
        assert_eq!(serde_json::to_value(&made).unwrap(), fields, "JSON has one form");
        made.check().unwrap();
    }
}

fn attestation(leaf: &Value) -> Attestation {
    let kind = u8::try_from(leaf["kind"].as_u64().unwrap()).unwrap();
    Attestation {
        kind: AttestationKind::try_from(kind).unwrap(),
        packet: parsed(leaf, "packet"),
        success: leaf["success"].as_bool().unwrap(),
        result: parsed(leaf, "result"),
    }
}

#[test]
fn batches_equal_the_worked_values() {
    for batch in items(&ids(), "batches") {
        let leaves: Vec<Attestation> = items(batch, "leaves").iter().map(attestation).collect();
        let made = Batch::of(batch["epoch"].as_u64().unwrap(), &leaves).unwrap();
        assert_eq!(u64::from(made.count), batch["count"].as_u64().unwrap());
        assert_eq!(made.root.to_string(), text(batch, "root"));
        for (leaf, made_leaf) in items(batch, "leaves").iter().zip(&leaves) {
            assert_eq!(made_leaf.leaf().to_string(), text(leaf, "leaf"));
            let index = u32::try_from(leaf["index"].as_u64().unwrap()).unwrap();
            let path = leaf["path"].as_array().unwrap();
            let path: Vec<Hash> = path.iter().map(|node| node.as_str().unwrap().parse().unwrap()).collect();
            assert_eq!(Batch::tree(&leaves).path(index as usize).unwrap(), path);
            assert!(made.includes(made_leaf, &BatchProof { index, path }).unwrap());
        }
        let gateway: GatewayId = parsed(batch, "gateway");
        let digest = made.digest(gateway);
        assert_eq!(digest.to_string(), text(batch, "digest"));
        let mut last = Address::ZERO;
        for signature in items(batch, "signatures") {
            let signer: Address = parsed(signature, "signer");
            let made: Signature = parsed(signature, "signature");
            assert_eq!(made.signer(digest), Ok(signer));
            assert!(signer > last, "ascending");
            last = signer;
        }
    }
}

#[test]
fn rotations_equal_the_worked_values() {
    for rotation in items(&ids(), "rotations") {
        let attestors =
            items(rotation, "attestors").iter().map(|a| a.as_str().unwrap().parse().unwrap()).collect();
        let threshold = u8::try_from(rotation["threshold"].as_u64().unwrap()).unwrap();
        let made = Rotation { epoch: rotation["epoch"].as_u64().unwrap(), threshold, attestors };
        made.check().unwrap();
        assert_eq!(made.digest(parsed(rotation, "gateway")).to_string(), text(rotation, "digest"));
    }
}

fn worked_envelope(value: &Value) -> SignedEnvelope {
    let envelope = Envelope {
        hub: HubId::of_origin(text(value, "origin")),
        island: parsed(value, "island"),
        first: value["first"].as_u64().unwrap(),
        last: value["last"].as_u64().unwrap(),
        relayer: parsed(value, "relayer"),
        evidence: bytes(value, "evidence_bytes"),
    };
    SignedEnvelope { envelope, signature: parsed(value, "signature") }
}

#[test]
fn envelopes_equal_the_worked_values() {
    for value in items(&ids(), "envelopes") {
        let signed = worked_envelope(value);
        assert_eq!(signed.envelope.hub.to_string(), text(value, "hub"));
        assert_eq!(signed.envelope.digest().to_string(), text(value, "digest"));
        signed.check_signature().unwrap();
    }
}

#[test]
fn every_byte_of_an_envelope_is_load_bearing() {
    let signed = worked_envelope(&ids()["envelopes"][0]);
    let bytes = signed.encode();
    assert_eq!(SignedEnvelope::decode(&bytes).unwrap(), signed);
    for position in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[position] ^= 1 << bit;
            let refused = match SignedEnvelope::decode(&flipped) {
                Err(_) => true,
                Ok(other) => other.check_signature().is_err(),
            };
            assert!(refused, "byte {position}, bit {bit}");
        }
    }
    let mut trailing = bytes.clone();
    trailing.push(0);
    assert!(SignedEnvelope::decode(&trailing).is_err());
    assert!(SignedEnvelope::decode(&bytes[..bytes.len() - 1]).is_err());
}

#[test]
fn another_relayers_signature_is_refused() {
    let mut signed = worked_envelope(&ids()["envelopes"][0]);
    signed.signature = LocalSigner::from_bytes(&[9; 32]).unwrap().sign(signed.envelope.digest()).unwrap();
    assert!(signed.check_signature().is_err());
}
