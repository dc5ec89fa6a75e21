//! Bytes from anywhere as evidence and anchors of a Fabric channel, what decodes has one form; and good evidence with bytes
//! replaced, cut out and put in: only the good one is accepted.
#![no_main]

use std::sync::LazyLock;

use causeway_protocol::Family;
use causeway_verifier::fabric::forge::{ANCHOR_TIME, Chain, Network};
use causeway_verifier::fabric::prover::assemble;
use causeway_verifier::fabric::{Anchor, Evidence};
use causeway_verifier::{ClientState, light_client};
use libfuzzer_sys::fuzz_target;

static GOOD: LazyLock<(ClientState, Vec<u8>)> = LazyLock::new(|| {
    let client = light_client(Family::Fabric).expect("a family of ours");
    let mut chain = Chain::new(Network::new(1));
    let state = client.anchor(&chain.anchor(Vec::new())).expect("an anchor").into_inner().state;
    let change = chain.define("other", 1, None);
    chain.mine(&[(&change, true)]);
    let evidence = assemble(&state, &[], &chain.served(1), Vec::new(), ANCHOR_TIME).expect("a run");
    (state, evidence)
});

fuzz_target!(|input: (Vec<u8>, Vec<(u16, u8, Vec<u8>)>)| {
    let (data, edits) = input;
    let client = light_client(Family::Fabric).expect("a family of ours");
    if let Ok(evidence) = Evidence::decode(&data) {
        assert_eq!(evidence.encode(), data);
    }
    let _ = client.inspect(&data);
    if let Ok(anchor) = Anchor::decode(&data) {
        assert_eq!(anchor.encode(), data);
    }
    let _ = client.anchor(&data);
    let _ = client.summary(&ClientState { family: Family::Fabric, bytes: data });

    let (state, good) = &*GOOD;
    let mut evidence = good.clone();
    for (place, cut, put) in &edits {
        let from = usize::from(*place) % (evidence.len() + 1);
        let to = (from + usize::from(*cut)).min(evidence.len());
        evidence.splice(from..to, put.iter().copied());
    }
    let verdict = client.advance(state, &[], None, &evidence, ANCHOR_TIME);
    assert_eq!(verdict.is_ok(), &evidence == good);
});
