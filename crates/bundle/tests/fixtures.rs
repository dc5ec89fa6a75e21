//! Bundles of packets that a sandbox carried: between two QBFT islands, and from QBFT to Fabric. They verify as long as the form lasts.

use causeway_bundle::{Bundle, Trust, verify};
use causeway_protocol::Hash;
use serde::Deserialize;

#[derive(Deserialize)]
struct Known {
    id: String,
    state: String,
    anchors: Vec<Hash>,
    log_keys: Vec<String>,
}

/// A bundle, and what somebody knows who may verify it.
fn fixture(bytes: &'static [u8], known: &str) -> (&'static [u8], Known, Trust) {
    let known: Known = serde_json::from_str(known).expect("JSON");
    let log_keys = known.log_keys.iter().map(|key| key.parse().expect("a key"));
    let trust = Trust { anchors: known.anchors.clone(), log_keys: log_keys.collect(), witnesses: Vec::new() };
    (bytes, known, trust)
}

fn fixtures() -> [(&'static [u8], Known, Trust); 2] {
    [
        fixture(include_bytes!("data/qbft.bundle"), include_str!("data/qbft.json")),
        fixture(include_bytes!("data/fabric.bundle"), include_str!("data/fabric.json")),
    ]
}

#[test]
fn bundles_of_both_families_verify_and_say_who_holds_the_attestors_keys() {
    for (bytes, known, trust) in fixtures() {
        let bundle = Bundle::decode(bytes).unwrap();
        assert_eq!(bundle.encode(), bytes);
        let report = verify(&bundle, &trust).unwrap();
        assert_eq!((report.id.to_string(), report.state), (known.id, &*known.state));
        assert!(report.islands.iter().all(|island| island.anchor_trusted));
        let held = report.believed.iter().filter(|said| said.contains("The hub's operator holds 3"));
        assert_eq!(held.count(), 2, "a sandbox holds every key, and says so: {:?}", report.believed);
    }
}

#[test]
fn with_any_byte_changed_they_prove_nothing() {
    for (bytes, _, trust) in fixtures() {
        // A selection that has bytes of every part, and is another one for every length.
        for at in (0..bytes.len()).step_by(bytes.len() / 400 + 1) {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1 << (at % 8);
            let verdict = Bundle::decode(&changed).map(|bundle| verify(&bundle, &trust));
            assert!(!matches!(verdict, Ok(Ok(_))), "byte {at} of {}", bytes.len());
        }
    }
}
