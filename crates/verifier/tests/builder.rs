//! The builder of runs: what waits, what is cut, and what is said when nothing can be.

#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their parts")]

use causeway_protocol::{Address, Family, GatewayEvent, GatewayEventKind};
use causeway_verifier::bft::MAX_BLOCKS;
use causeway_verifier::evm::Log;
use causeway_verifier::forge::{Forge, GENESIS_TIME, Plan, encode_event, receipt};
use causeway_verifier::prover::RunBuilder;
use causeway_verifier::{ClientState, MAX_EVIDENCE, Refusal, light_client};

const NOW: u64 = GENESIS_TIME + 36_000;
const CONTRACT: Address = Address([0xca; 20]);

fn anchored(forge: &Forge) -> ClientState {
    light_client(forge.config.family).unwrap().anchor(&forge.anchor()).unwrap().into_inner().state
}

fn filled(forge: &Forge) -> RunBuilder {
    let mut builder = RunBuilder::new(forge.config.family, &anchored(forge)).unwrap();
    for height in 1..=forge.head().number {
        builder.push(forge.source(height)).unwrap();
    }
    builder
}

#[test]
fn runs_are_cut_where_evidence_would_be_too_large() {
    let mut forge = Forge::new(Family::Qbft, 4);
    let gateway = forge.gateway(CONTRACT);
    let noise = vec![7; 1_000_000];
    for number in 1..=10 {
        let kind = GatewayEventKind::Beat;
        let event = encode_event(CONTRACT, &GatewayEvent { gateway: gateway.id, number, kind });
        let stranger = Log { address: Address([1; 20]), topics: Vec::new(), data: &noise };
        let receipts = vec![receipt(true, 1, &[stranger, event.as_log()])];
        forge.mine(Plan { receipts, wanted: vec![0], ..Plan::default() });
    }
    let (mut builder, mut state) = (filled(&forge), anchored(&forge));
    let mut numbers = Vec::new();
    let mut runs = 0;
    while let Some(run) = builder.take_run().unwrap() {
        assert!(run.evidence.len() <= MAX_EVIDENCE);
        let client = light_client(Family::Qbft).unwrap();
        let advance =
            client.advance(&state, std::slice::from_ref(&gateway), None, &run.evidence, NOW).unwrap();
        numbers.extend(advance.events.iter().map(|fact| fact.event.number));
        state = advance.into_inner().state;
        runs += 1;
    }
    assert_eq!(runs, 2);
    assert_eq!(numbers, (1..=10).collect::<Vec<u64>>());
}

#[test]
fn one_block_that_alone_is_too_large_is_an_error() {
    let mut forge = Forge::new(Family::Qbft, 1);
    let noise = vec![7; MAX_EVIDENCE];
    let stranger = Log { address: Address([1; 20]), topics: Vec::new(), data: &noise };
    forge.mine(Plan { receipts: vec![receipt(true, 1, &[stranger])], wanted: vec![0], ..Plan::default() });
    assert_eq!(filled(&forge).take_run().unwrap_err().code(), "too-large");
}

#[test]
fn runs_have_at_most_as_many_blocks_as_evidence_takes() {
    let mut forge = Forge::new(Family::Ibft, 1);
    forge.mine_empty(MAX_BLOCKS + 5);
    let mut builder = filled(&forge);
    let first = builder.take_run().unwrap().unwrap();
    assert_eq!((first.first, first.last), (1, MAX_BLOCKS as u64));
    let second = builder.take_run().unwrap().unwrap();
    assert_eq!((second.first, second.last), (MAX_BLOCKS as u64 + 1, MAX_BLOCKS as u64 + 5));
    assert_eq!(builder.take_run(), Ok(None));
}

#[test]
fn blocks_that_do_not_link_are_refused_at_once() {
    let mut forge = Forge::new(Family::Ibft2, 4);
    forge.mine_empty(2);
    let mut other = Forge::new(Family::Ibft2, 4);
    other.mine(Plan { salt: 5, ..Plan::default() });
    other.mine_empty(1);
    let mut builder = RunBuilder::new(Family::Ibft2, &anchored(&forge)).unwrap();
    assert_eq!(builder.push(forge.source(2)).unwrap_err(), Refusal::NotNextHeight { expected: 1, came: 2 });
    builder.push(forge.source(1)).unwrap();
    assert_eq!(builder.push(other.source(2)).unwrap_err().code(), "not-linked");
    builder.push(forge.source(2)).unwrap();
    assert_eq!((builder.pending(), builder.next_height()), (2, 3));
}

#[test]
fn a_header_in_another_round_is_completed_only_by_seals_of_that_round() {
    let mut forge = Forge::new(Family::Qbft, 4);
    let mut other = forge.clone();
    forge.mine(Plan { round: 0, sealers: Some(vec![0, 1]), ..Plan::default() });
    other.mine(Plan { round: 1, sealers: Some(vec![2, 3]), ..Plan::default() });
    assert_eq!(forge.head().hash, other.head().hash, "one block, two rounds");
    let mut builder = filled(&forge);
    builder.add_copy(other.head().rlp()).unwrap();
    assert_eq!(builder.take_run(), Ok(None), "four seals, but not of one round");
    assert_eq!(builder.obstacle().unwrap().code(), "quorum-short");
    let mut third = Forge::new(Family::Qbft, 4);
    third.mine(Plan { round: 1, sealers: Some(vec![0]), ..Plan::default() });
    builder.add_copy(third.head().rlp()).unwrap();
    let run = builder.take_run().unwrap().unwrap();
    light_client(Family::Qbft).unwrap().advance(&anchored(&forge), &[], None, &run.evidence, NOW).unwrap();
}

#[test]
fn the_last_header_of_a_set_that_stays_short_of_its_quorum_stops_everything_and_says_so() {
    let mut forge = Forge::new(Family::Qbft, 5);
    forge.mine_empty(1);
    forge.mine(Plan { sealers: Some(vec![0, 1, 2]), ..Plan::default() });
    let newcomer = forge.key(77);
    forge.set_validators([&forge.validators[..], &[newcomer]].concat());
    forge.mine_empty(3);
    let mut builder = filled(&forge);
    assert_eq!(builder.take_run().unwrap().unwrap().last, 1);
    assert_eq!(builder.take_run(), Ok(None));
    let obstacle = builder.obstacle().unwrap();
    assert!(matches!(obstacle, Refusal::Sealing { height: 2, .. }), "{obstacle}");
    assert_eq!(obstacle.code(), "two-f-plus-one-quorum");
}
