//! Case 5: every byte of evidence is load-bearing. Flip each one and the evidence is refused.

#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their parts")]

mod support;

use causeway_protocol::{Address, Family, GatewayEvent, GatewayEventKind};
use causeway_verifier::forge::{Forge, GENESIS_TIME, Plan};
use causeway_verifier::prover::{RunBuilder, SourceBlock, back_fill, misbehaviour, skip};
use causeway_verifier::{ClientState, EvidenceKind, Gateway, Recorded, Refusal, light_client};
use support::chain::Chain;

const NOW: u64 = GENESIS_TIME + 3600;
const FAMILIES: [Family; 3] = [Family::Qbft, Family::Ibft2, Family::Ibft];

/// What evidence is verified with.
struct Judge<'a> {
    state: &'a ClientState,
    gateways: &'a [Gateway],
    recorded: Option<Recorded>,
    now: u64,
}

impl Judge<'_> {
    fn verify(&self, evidence: &[u8]) -> Result<(), Refusal> {
        let client = light_client(self.state.family).unwrap();
        match client.inspect(evidence)?.kind {
            EvidenceKind::Misbehaviour => client.misbehaviour(self.state, evidence, self.now).map(|_| ()),
            EvidenceKind::Skip => client.skip(self.state, evidence, self.now).map(|_| ()),
            EvidenceKind::Run | EvidenceKind::BackFill => client
                .advance(self.state, self.gateways, self.recorded.as_ref(), evidence, self.now)
                .map(|_| ()),
        }
    }

    /// Flips a bit of every `step`th byte, another bit each time; of every fifth of those all bits.
    fn refuses_every_flip(&self, evidence: &[u8], step: usize) {
        self.verify(evidence).unwrap();
        for place in (0..evidence.len()).step_by(step) {
            let mask = if (place / step).is_multiple_of(5) { 0xff } else { 1u8 << (place % 8) };
            let mut flipped = evidence.to_vec();
            flipped[place] ^= mask;
            let verdict = self.verify(&flipped);
            assert!(verdict.is_err(), "byte {place} of {}, mask {mask:#04x}", evidence.len());
        }
    }
}

fn anchored(forge: &Forge) -> ClientState {
    light_client(forge.config.family).unwrap().anchor(&forge.anchor()).unwrap().into_inner().state
}

#[test]
fn every_byte_of_a_run_with_a_change_of_validators_and_events_is_load_bearing() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 3);
        let gateways = [forge.gateway(Address([0xca; 20]))];
        let beat = GatewayEvent { gateway: gateways[0].id, number: 1, kind: GatewayEventKind::Beat };
        forge.mine_events(Address([0xca; 20]), &[beat.clone(), GatewayEvent { number: 2, ..beat }]);
        let newcomer = forge.key(9);
        forge.set_validators([&forge.validators[..], &[newcomer]].concat());
        forge.mine(Plan { round: 1, ..Plan::default() });
        let state = anchored(&forge);
        let judge = Judge { state: &state, gateways: &gateways, recorded: None, now: NOW };
        judge.refuses_every_flip(&forge.run(&state), 1);
    }
}

#[test]
fn every_byte_is_load_bearing_when_the_keys_are_known_too() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        forge.mine_empty(1);
        let state = anchored(&forge);
        let client = light_client(family).unwrap();
        let state = client.advance(&state, &[], None, &forge.run(&state), NOW).unwrap().into_inner().state;
        forge.mine_empty(2);
        Judge { state: &state, gateways: &[], recorded: None, now: NOW }
            .refuses_every_flip(&forge.run(&state), 1);
    }
}

#[test]
fn every_byte_of_a_back_fill_is_load_bearing() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        let gateways = [forge.gateway(Address([0xca; 20]))];
        let event = GatewayEvent { gateway: gateways[0].id, number: 1, kind: GatewayEventKind::Closed };
        forge.mine_events(Address([0xca; 20]), &[event]);
        forge.mine_empty(2);
        let state = anchored(&forge);
        let recorded = Some(Recorded { height: 3, hash: forge.head().hash });
        let blocks: Vec<SourceBlock> = (1..=3).map(|height| forge.source(height)).collect();
        let evidence = back_fill(family, &forge.config, &blocks).unwrap();
        Judge { state: &state, gateways: &gateways, recorded, now: NOW }.refuses_every_flip(&evidence, 1);
    }
}

#[test]
fn every_byte_of_an_accusation_is_load_bearing() {
    for family in FAMILIES {
        let mut one = Forge::new(family, 4);
        one.mine_empty(1);
        let (anchored, evidence) = (anchored(&one), one.run(&anchored(&one)));
        let client = light_client(family).unwrap();
        let state = client.advance(&anchored, &[], None, &evidence, NOW).unwrap().into_inner().state;
        let mut other = one.clone();
        one.mine(Plan { salt: 1, ..Plan::default() });
        other.mine(Plan { salt: 2, ..Plan::default() });
        one.mine_empty(1);
        other.mine_empty(1);
        let side = |forge: &Forge| (2..=3).map(|height| forge.source(height)).collect();
        let evidence = misbehaviour(family, &state, [side(&one), side(&other)]).unwrap();
        Judge { state: &state, gateways: &[], recorded: None, now: NOW }.refuses_every_flip(&evidence, 1);
    }
}

#[test]
fn every_byte_of_a_skip_is_load_bearing() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        forge.mine_empty(3);
        let newcomers = [8, 9].map(|number| forge.key(number));
        forge.set_validators([&forge.validators[1..], &newcomers].concat());
        let round = if family == Family::Ibft { 0 } else { 2 };
        forge.mine(Plan { round, ..Plan::default() });
        let state = anchored(&forge);
        let evidence = skip(family, &state, None, &forge.source(4)).unwrap();
        Judge { state: &state, gateways: &[], recorded: None, now: NOW }.refuses_every_flip(&evidence, 1);
    }
}

#[test]
fn every_byte_of_a_captured_skip_to_validators_from_a_contract_is_load_bearing() {
    let Some(chain) = Chain::load("goquorum-qbft-contract/chain-1.json") else { return };
    let client = light_client(Family::Qbft).unwrap();
    let [trusted, parent, block] = [0, 35, 36].map(|place| &chain.entries()[place]);
    let state = client.anchor(&chain.anchor(trusted)).unwrap().into_inner().state;
    let (parent, now) = (chain.source(parent), Chain::time(block));
    let evidence = skip(Family::Qbft, &state, Some(&parent), &chain.source(block)).unwrap();
    Judge { state: &state, gateways: &[], recorded: None, now }.refuses_every_flip(&evidence, 1);
}

#[test]
fn every_byte_of_an_anchor_makes_it_another_anchor_or_none() {
    for family in FAMILIES {
        let forge = Forge::new(family, 4);
        let (anchor, client) = (forge.anchor(), light_client(family).unwrap());
        let good = client.anchor(&anchor).unwrap();
        for place in 0..anchor.len() {
            for bit in 0..8 {
                let mut flipped = anchor.clone();
                flipped[place] ^= 1 << bit;
                if let Ok(other) = client.anchor(&flipped) {
                    assert_ne!(*other, *good, "byte {place}");
                }
            }
        }
    }
}

/// The whole captured chain as runs, each with the state it starts from.
fn runs(chain: &Chain, from: usize, to: usize) -> Vec<(ClientState, Vec<u8>, u64)> {
    let client = light_client(chain.family()).unwrap();
    let mut state = client.anchor(&chain.anchor(&chain.entries()[from])).unwrap().into_inner().state;
    let mut builder = RunBuilder::new(chain.family(), &state).unwrap();
    for entry in &chain.entries()[from + 1..to] {
        builder.push(chain.source(entry)).unwrap();
    }
    let now = Chain::time(&chain.entries()[to - 1]);
    let mut runs = Vec::new();
    while let Some(run) = builder.take_run().unwrap() {
        let next = client.advance(&state, &[], None, &run.evidence, now).unwrap().into_inner().state;
        runs.push((core::mem::replace(&mut state, next), run.evidence, now));
    }
    runs
}

#[test]
fn every_captured_chain_with_a_byte_changed_is_refused() {
    for (name, until) in [
        ("goquorum-qbft/chain.json", None),
        ("goquorum-qbft-contract/chain-1.json", None),
        ("goquorum-qbft-contract/chain-2.json", None),
        ("goquorum-transitions/algorithm.json", None),
        ("goquorum-transitions/testqbft.json", None),
        ("goquorum-transitions/ceil5.json", None),
        ("goquorum-transitions/ceil6ibft.json", None),
        ("goquorum-transitions/twof.json", None),
        ("goquorum-transitions/noceil.json", None),
        ("goquorum-transitions/tocontract.json", Some(23)),
    ] {
        let Some(chain) = Chain::load(name) else { continue };
        for (state, evidence, now) in runs(&chain, 0, until.unwrap_or(chain.entries().len())) {
            let step = (evidence.len() / 150) | 1;
            Judge { state: &state, gateways: &[], recorded: None, now }.refuses_every_flip(&evidence, step);
        }
    }
}

#[test]
fn every_byte_of_a_captured_change_of_a_validator_contract_is_load_bearing() {
    let Some(chain) = Chain::load("goquorum-qbft-contract/chain-1.json") else { return };
    let runs = runs(&chain, 4, 9);
    for (state, evidence, now) in runs {
        Judge { state: &state, gateways: &[], recorded: None, now }.refuses_every_flip(&evidence, 1);
    }
}
