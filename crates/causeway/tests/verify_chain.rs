//! `causeway verify chain` on captured chains of real networks.
#![allow(clippy::unwrap_used)] // a test may panic

use std::path::PathBuf;

use assert_cmd::Command;
use serde_json::{Value, json};

/// A capture of the outside vectors, or nothing (said aloud) where they are not there and not demanded.
fn outside(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("CAUSEWAY_VECTORS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors")),
        PathBuf::from,
    );
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var_os("CAUSEWAY_REQUIRE_VECTORS").is_none_or(|demanded| demanded != "1"),
        "{} is missing, and CAUSEWAY_REQUIRE_VECTORS demands it",
        path.display(),
    );
    eprintln!("skipped: {} is not there", path.display());
    None
}

fn verify(file: &PathBuf, family: &str) -> (i32, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_causeway"));
    let output = command.args(["verify", "chain", "--json", "--family", family]).arg(file).output().unwrap();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
}

fn own(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name)
}

#[test]
fn the_slices_kept_here_verify() {
    for (name, headers, receipts) in
        [("qbft-removal.json", 6, 1), ("qbft-2f-plus-1.json", 6, 0), ("qbft-contract.json", 4, 1)]
    {
        let (code, report) = verify(&own(name), "qbft");
        assert_eq!(code, 0, "{name}: {report}");
        assert_eq!(report["headers"], headers);
        assert_eq!(report["verified"], headers);
        assert_eq!(report["refused"], 0);
        assert_eq!(report["receipt_roots"], receipts);
        assert_eq!(report["first_refusal"], Value::Null);
    }
}

#[test]
fn a_validator_that_leaves_is_reported_where_the_new_set_seals() {
    let (_, report) = verify(&own("qbft-removal.json"), "qbft");
    let left = "0x2c8af631282967f341ea91837c5aac1fb81f483b";
    let expected = json!([{"height": 99, "added": [], "removed": [left], "by_configuration": false}]);
    assert_eq!(report["validator_changes"], expected);
}

#[test]
fn a_chain_of_another_family_is_refused() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_causeway"));
    command.args(["verify", "chain", "--family", "ibft"]).arg(own("qbft-removal.json")).assert().code(1);
}

#[test]
fn a_trusted_block_that_contradicts_itself_is_refused_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut capture: Value =
        serde_json::from_str(&std::fs::read_to_string(own("qbft-removal.json")).unwrap()).unwrap();
    capture["blocks"][0]["block"]["gasUsed"] = "0x1".into();
    let file = folder.path().join("altered.json");
    std::fs::write(&file, capture.to_string()).unwrap();
    let (code, report) = verify(&file, "qbft");
    assert_eq!(code, 1);
    assert_eq!((&report["verified"], &report["refused"]), (&json!(0), &json!(6)));
    assert_eq!(report["first_refusal"]["height"], 96);
    assert_eq!(report["first_refusal"]["code"], "hash-differs");
}

#[test]
fn without_a_family_the_genesis_file_says_it() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_causeway"));
    command.args(["verify", "chain"]).arg(own("qbft-removal.json")).assert().code(0);
}

#[test]
fn every_captured_chain_verifies_whole() {
    let chains = [
        ("goquorum-qbft/chain.json", "qbft", 103),
        ("goquorum-qbft-contract/chain-1.json", "qbft", 89),
        ("goquorum-qbft-contract/chain-2.json", "qbft", 64),
        ("goquorum-transitions/testqbft.json", "ibft", 24),
        ("goquorum-transitions/algorithm.json", "ibft", 26),
        ("goquorum-transitions/ceil5.json", "qbft", 26),
        ("goquorum-transitions/ceil6ibft.json", "ibft", 26),
        ("goquorum-transitions/twof.json", "qbft", 26),
        ("goquorum-transitions/tocontract.json", "qbft", 34),
    ];
    for (name, family, headers) in chains {
        let Some(file) = outside(name) else { continue };
        let (code, report) = verify(&file, family);
        assert_eq!(code, 0, "{name}: {report}");
        assert_eq!((&report["headers"], &report["verified"]), (&json!(headers), &json!(headers)), "{name}");
    }
}

#[test]
fn the_last_header_of_a_chain_on_2f_plus_1_waits_for_a_quorum() {
    // noceil runs on 3 seals of 5 to its end: all but the last header count through a descendant for which other nodes hold
    // a fourth seal; for the last one no node does.
    let Some(file) = outside("goquorum-transitions/noceil.json") else { return };
    let (code, report) = verify(&file, "ibft");
    assert_eq!(code, 1);
    assert_eq!((&report["verified"], &report["refused"]), (&json!(19), &json!(1)));
    assert_eq!(report["first_refusal"]["height"], 20);
    assert_eq!(report["first_refusal"]["code"], "two-f-plus-one-quorum");
}
