//! Good evidence with bytes replaced, cut out and put in: only the good one is accepted.
#![no_main]

use std::sync::LazyLock;

use causeway_protocol::{Address, Family, GatewayEvent, GatewayEventKind};
use causeway_verifier::forge::{Forge, GENESIS_TIME};
use causeway_verifier::prover::skip;
use causeway_verifier::{ClientState, Gateway, light_client};
use libfuzzer_sys::fuzz_target;

struct Good {
    state: ClientState,
    gateway: Gateway,
    evidence: Vec<u8>,
    skip: Vec<u8>,
}

static GOOD: LazyLock<Vec<Good>> = LazyLock::new(|| {
    let good = |family| {
        let mut forge = Forge::new(family, 3);
        let address = Address([0xca; 20]);
        let gateway = forge.gateway(address);
        forge.mine_events(address, &[GatewayEvent { gateway: gateway.id, number: 1, kind: GatewayEventKind::Beat }]);
        let newcomer = forge.key(9);
        forge.set_validators([&forge.validators[..], &[newcomer]].concat());
        forge.mine_empty(2);
        let client = light_client(family).expect("a family of ours");
        let state = client.anchor(&forge.anchor()).expect("an anchor").into_inner().state;
        let evidence = forge.run(&state);
        let skip = skip(family, &state, None, &forge.source(3)).expect("a skip");
        Good { state, gateway, evidence, skip }
    };
    [Family::Qbft, Family::Ibft2, Family::Ibft].map(good).into()
});

fn edited(good: &[u8], edits: &[(u16, u8, Vec<u8>)]) -> Vec<u8> {
    let mut edited = good.to_vec();
    for (place, cut, put) in edits {
        let from = usize::from(*place) % (edited.len() + 1);
        let to = (from + usize::from(*cut)).min(edited.len());
        edited.splice(from..to, put.iter().copied());
    }
    edited
}

fuzz_target!(|edits: Vec<(u16, u8, Vec<u8>)>| {
    for good in GOOD.iter() {
        let client = light_client(good.state.family).expect("a family of ours");
        let (gateways, now) = ([good.gateway.clone()], GENESIS_TIME + 60);
        let evidence = edited(&good.evidence, &edits);
        let verdict = client.advance(&good.state, &gateways, None, &evidence, now);
        assert_eq!(verdict.is_ok(), evidence == good.evidence);
        let evidence = edited(&good.skip, &edits);
        assert_eq!(client.skip(&good.state, &evidence, now).is_ok(), evidence == good.skip);
    }
});
