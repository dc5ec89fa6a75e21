//! The contracts' ids, digests and trees equal those that two independent programs computed, and those of the protocol.

use std::path::PathBuf;
use std::str::FromStr;

use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use causeway_evm_gateway::Gateway;
use causeway_protocol::{Hash, Tree};
use proptest::prelude::*;
use serde_json::Value;

use crate::harness::{Attestors, Chain, DigestsProbe as Probe, account};

fn probe() -> (Chain, Address) {
    let mut chain = Chain::new(1);
    let probe = chain.create(account(1), &Probe::BYTECODE, &[]).unwrap();
    (chain, probe)
}

/// The worked values, if the set is there: in CAUSEWAY_VECTORS, or in shared/vectors beside the workspace.
fn vectors() -> Option<Value> {
    let folder = std::env::var_os("CAUSEWAY_VECTORS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/vectors")),
        PathBuf::from,
    );
    let file = folder.join("protocol/ids.json");
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(error) => {
            let required = std::env::var("CAUSEWAY_REQUIRE_VECTORS").is_ok_and(|value| value == "1");
            assert!(!required, "{}: {error}", file.display());
            println!("skipped: {} is not there", file.display());
            None
        }
    }
}

fn word(value: &Value) -> B256 {
    B256::from_str(value.as_str().unwrap()).unwrap()
}

fn bytes(value: &Value) -> Bytes {
    hex::decode(value.as_str().unwrap()).unwrap().into()
}

fn integer(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

#[test]
fn gateway_ids_equal_the_worked_values() {
    let Some(vectors) = vectors() else { return };
    let (mut chain, probe) = probe();
    let mut checked = 0;
    for case in list(&vectors["gateways"]) {
        // The others are names of chaincode, which no Solidity gateway has.
        let Ok(address) = Address::try_from(&bytes(&case["address"])[..]) else { continue };
        let call = Probe::gatewayIdCall {
            island: word(&case["island_id"]),
            place: address,
            birth: word(&case["birth"]),
        };
        assert_eq!(chain.view(probe, call), word(&case["gateway_id"]));
        checked += 1;
    }
    assert!(checked >= 2);
}

#[test]
fn lane_and_packet_ids_equal_the_worked_values() {
    let Some(vectors) = vectors() else { return };
    let (mut chain, probe) = probe();
    for case in list(&vectors["lanes"]) {
        let call = Probe::laneIdCall {
            source: word(&case["source"]),
            destination: word(&case["destination"]),
            name: keccak256(case["name"].as_str().unwrap()),
            ordered: integer(&case["order"]) == 1,
            sender: bytes(&case["sender"]),
            receiver: bytes(&case["receiver"]),
        };
        assert_eq!(chain.view(probe, call), word(&case["lane_id"]));
    }
    for case in list(&vectors["packets"]) {
        let packet = Probe::Packet {
            source: word(&case["source"]),
            destination: word(&case["destination"]),
            lane: word(&case["lane"]),
            sequence: integer(&case["sequence"]),
            sender: bytes(&case["sender"]),
            receiver: bytes(&case["receiver"]),
            timeout: integer(&case["timeout"]),
            budget: integer(&case["budget"]),
            payload: bytes(&case["payload"]),
        };
        assert_eq!(chain.view(probe, Probe::packetIdCall { packet }), word(&case["packet_id"]));
    }
}

#[test]
fn batches_and_their_proofs_equal_the_worked_values() {
    let Some(vectors) = vectors() else { return };
    let (mut chain, probe) = probe();
    for case in list(&vectors["batches"]) {
        let mut attestations = Vec::new();
        for leaf in list(&case["leaves"]) {
            let call = Probe::attestationCall {
                kind: u8::try_from(integer(&leaf["kind"])).unwrap(),
                packet: word(&leaf["packet"]),
                success: leaf["success"].as_bool().unwrap(),
                result: word(&leaf["result"]),
            };
            let attestation = chain.view(probe, call);
            assert_eq!(attestation, word(&leaf["leaf"]));
            attestations.push(attestation);
            let call = Probe::climbCall {
                attestation_: attestation,
                index: U256::from(integer(&leaf["index"])),
                count: U256::from(integer(&case["count"])),
                path: list(&leaf["path"]).iter().map(word).collect(),
            };
            assert_eq!(chain.view(probe, call), word(&case["root"]));
        }
        if attestations.len() as u64 == integer(&case["count"]) {
            assert_eq!(chain.view(probe, Probe::rootCall { attestations }), word(&case["root"]));
        }
        let call = Probe::batchCall {
            id: word(&case["gateway"]),
            epoch: integer(&case["epoch"]),
            count: U256::from(integer(&case["count"])),
            root_: word(&case["root"]),
        };
        assert_eq!(chain.view(probe, call), word(&case["digest"]));
    }
}

#[test]
fn rotations_equal_the_worked_values() {
    let Some(vectors) = vectors() else { return };
    let (mut chain, probe) = probe();
    for case in list(&vectors["rotations"]) {
        let call = Probe::rotationCall {
            id: word(&case["gateway"]),
            epoch: integer(&case["epoch"]),
            threshold: u8::try_from(integer(&case["threshold"])).unwrap(),
            attestors: list(&case["attestors"])
                .iter()
                .map(|a| a.as_str().unwrap().parse().unwrap())
                .collect(),
        };
        assert_eq!(chain.view(probe, call), word(&case["digest"]));
    }
}

#[test]
fn the_attestors_of_the_worked_values_are_those_of_these_tests() {
    let Some(vectors) = vectors() else { return };
    let expected: Vec<Address> =
        list(&vectors["keys"]).iter().map(|key| key["address"].as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(Attestors::new("causeway test attestor", 2, 3).addresses(), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn case_12_and_13_trees_and_paths_are_those_of_the_protocol(
        count in 1u32..70,
        at in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let (mut chain, probe) = probe();
        let leaves: Vec<Hash> = (0..count).map(|i| causeway_protocol::keccak256(&i.to_be_bytes())).collect();
        let tree = Tree::new(leaves.clone());
        let root = B256::from(tree.root().0);
        let attestations: Vec<B256> = leaves.iter().map(|leaf| B256::from(leaf.0)).collect();
        prop_assert_eq!(chain.view(probe, Probe::rootCall { attestations: attestations.clone() }), root);

        let index = at.index(count as usize);
        let path: Vec<B256> = tree.path(index).unwrap().iter().map(|node| B256::from(node.0)).collect();
        let call = Probe::climbCall {
            attestation_: attestations[index],
            index: U256::from(index),
            count: U256::from(count),
            path: path.clone(),
        };
        prop_assert_eq!(chain.view(probe, call.clone()), root);

        // Shorter or longer than the tree.
        let mut wrong = path;
        if cut && !wrong.is_empty() { wrong.pop(); } else { wrong.push(root); }
        let refused = chain.call(account(1), probe, alloy_sol_types::SolCall::abi_encode(&Probe::climbCall { path: wrong, ..call.clone() }));
        refused.reverted_with(Gateway::BadPath {});

        // Outside it.
        let refused = chain.call(account(1), probe, alloy_sol_types::SolCall::abi_encode(&Probe::climbCall { index: U256::from(count), ..call }));
        refused.reverted_with(Gateway::BadIndex { index: U256::from(count), count: U256::from(count) });
    }
}
