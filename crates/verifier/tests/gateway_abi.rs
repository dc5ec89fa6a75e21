//! The events that are read are the events the gateway contract declares.

#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their parts")]

use std::collections::BTreeSet;
use std::path::Path;

use causeway_protocol::{Hash, keccak256};
use causeway_verifier::evm::{topic_of, topics};
use serde_json::Value;

#[test]
fn topics_are_those_of_the_compiled_gateway() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../adapters/evm/gateway/artifacts/Gateway.json");
    let artifact: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut declared = BTreeSet::new();
    for event in artifact["abi"].as_array().unwrap().iter().filter(|item| item["type"] == "event") {
        let name = event["name"].as_str().unwrap();
        let inputs = event["inputs"].as_array().unwrap();
        let types: Vec<&str> = inputs.iter().map(|input| input["type"].as_str().unwrap()).collect();
        let topic = keccak256(format!("{name}({})", types.join(",")).as_bytes());
        assert_eq!(topic_of(name), Some(topic), "{name}");
        let indexed: Vec<&str> = inputs
            .iter()
            .filter(|input| input["indexed"] == true)
            .map(|input| input["name"].as_str().unwrap())
            .collect();
        assert_eq!(indexed[..2], ["number", "gateway"], "{name}");
        declared.insert(topic);
    }
    assert_eq!(topics().into_iter().collect::<BTreeSet<Hash>>(), declared);
}
