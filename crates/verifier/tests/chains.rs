//! Captured real chains, verified from their genesis blocks on.

#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their parts")]

mod support;

use causeway_protocol::Family;
use causeway_verifier::bft::raw::RawHeader;
use causeway_verifier::bft::{Anchor, Config, Protocol, SealingFault, SetFault};
use causeway_verifier::prover::{RunBuilder, SourceBlock};
use causeway_verifier::{ClientState, Refusal, light_client};
use support::chain::{Chain, PERIOD};
use support::{hex, vectors};

/// Verifies a chain from its first block in runs of at most `most` blocks; answers how many headers were verified, the state
/// after them, and what stops the rest.
fn verify(chain: &Chain, from: usize, most: usize) -> (usize, ClientState, Option<Refusal>) {
    let client = light_client(chain.family()).unwrap();
    let anchor = client.anchor(&chain.anchor(&chain.entries()[from])).unwrap();
    let mut state = anchor.into_inner().state;
    let mut builder = RunBuilder::new(chain.family(), &state).unwrap();
    let mut verified = 0;
    let mut obstacle = None;
    let rest = &chain.entries()[from + 1..];
    for (place, entry) in rest.iter().enumerate() {
        let now = Chain::time(entry);
        builder.push(chain.source(entry)).unwrap();
        if builder.pending() < most && place + 1 < rest.len() {
            continue;
        }
        while let Some(run) = builder.take_run().unwrap() {
            let span = client.inspect(&run.evidence).unwrap();
            assert_eq!((span.first, span.last), (run.first, run.last));
            let advance = client.advance(&state, &[], None, &run.evidence, now);
            let advance = advance.unwrap_or_else(|refusal| panic!("{}: {refusal}", chain.name)).into_inner();
            verified += advance.headers.len();
            state = advance.state;
        }
        obstacle = builder.obstacle();
    }
    (verified, state, obstacle)
}

fn verifies_whole(name: &'static str) {
    if let Some(chain) = Chain::load(name) {
        verifies(&chain);
    }
}

fn verifies(chain: &Chain) {
    let name = chain.name;
    for most in [1, 7, 1024] {
        let (verified, state, obstacle) = verify(chain, 0, most);
        assert_eq!(obstacle, None, "{name} in runs of {most}");
        assert_eq!(verified, chain.entries().len() - 1, "{name} in runs of {most}");
        let summary = light_client(chain.family()).unwrap().summary(&state).unwrap();
        assert_eq!(summary.height, Chain::height(chain.entries().last().unwrap()));
        assert!(!summary.frozen);
    }
}

#[test]
fn the_slices_of_real_chains_that_come_with_the_sources_verify() {
    for name in ["qbft-rotation.json", "ibft-to-qbft.json", "qbft-contract.json"] {
        verifies(&Chain::in_tree(name));
    }
}

#[test]
fn a_chain_whose_validators_join_and_leave_verifies() {
    verifies_whole("goquorum-qbft/chain.json");
}

#[test]
fn chains_whose_validators_come_from_a_contract_verify() {
    verifies_whole("goquorum-qbft-contract/chain-1.json");
    verifies_whole("goquorum-qbft-contract/chain-2.json");
}

#[test]
fn case_20_chains_that_migrate_from_ibft_to_qbft_verify_across_the_fork() {
    verifies_whole("goquorum-transitions/testqbft.json");
    verifies_whole("goquorum-transitions/algorithm.json");
}

#[test]
fn headers_sealed_by_two_f_plus_one_wait_for_a_descendant_with_a_full_quorum() {
    for name in [
        "goquorum-transitions/ceil5.json",
        "goquorum-transitions/ceil6ibft.json",
        "goquorum-transitions/twof.json",
    ] {
        verifies_whole(name);
    }
}

#[test]
fn a_header_that_stays_short_of_a_quorum_is_refused_by_its_cause() {
    let Some(chain) = Chain::load("goquorum-transitions/noceil.json") else { return };
    let (verified, _, obstacle) = verify(&chain, 0, 1024);
    assert_eq!(verified, 19, "those before it have a descendant whose copies together hold a full quorum");
    let fault = SealingFault::TwoFPlusOne { expected: 4, came: 3, validators: 5 };
    assert_eq!(obstacle, Some(Refusal::Sealing { height: 20, fault }));
    assert_eq!(obstacle.unwrap().code(), "two-f-plus-one-quorum");
}

#[test]
fn a_list_of_validators_replaced_by_configuration_needs_a_new_anchor() {
    let Some(chain) = Chain::load("goquorum-transitions/tocontract.json") else { return };
    for most in [1, 1024] {
        let (verified, _, obstacle) = verify(&chain, 0, most);
        assert_eq!(verified, 22, "through header mode, into contract mode, and to its end");
        let fault = SetFault::Jump { added: 2, removed: 2 };
        assert_eq!(obstacle, Some(Refusal::Set { height: 23, fault }));
        let (verified, _, obstacle) = verify(&chain, 23, most);
        assert_eq!((verified, obstacle), (chain.entries().len() - 24, None), "from the anchor after it");
    }
}

#[test]
fn a_header_short_of_its_quorum_counts_with_other_nodes_seals_or_through_a_descendant() {
    let Some(chain) = Chain::load("goquorum-qbft-contract/chain-2.json") else { return };
    let client = light_client(chain.family()).unwrap();
    let entries = &chain.entries()[..=28];
    let state = client.anchor(&chain.anchor(&entries[0])).unwrap().into_inner().state;
    let alone = |entry| SourceBlock { copies: Vec::new(), ..chain.source(entry) };
    let mut builder = RunBuilder::new(chain.family(), &state).unwrap();
    for entry in &entries[1..=27] {
        builder.push(alone(entry)).unwrap();
    }
    let fault = SealingFault::TwoFPlusOne { expected: 4, came: 3, validators: 5 };
    assert_eq!(builder.obstacle(), Some(Refusal::Sealing { height: 27, fault }));

    let mut with_copies = builder.clone();
    for copy in chain.source(&entries[27]).copies {
        with_copies.add_copy(&copy).unwrap();
    }
    let run = with_copies.take_run().unwrap().unwrap();
    assert_eq!(run.last, 27);
    client.advance(&state, &[], None, &run.evidence, Chain::time(&entries[27])).unwrap();

    builder.push(alone(&entries[28])).unwrap();
    let run = builder.take_run().unwrap().unwrap();
    assert_eq!(run.last, 28);
    client.advance(&state, &[], None, &run.evidence, Chain::time(&entries[28])).unwrap();
}

#[test]
fn besu_headers_of_twenty_fields_verify() {
    let Some(file) = vectors("besu-qbft/headers.json") else { return };
    let client = light_client(Family::Qbft).unwrap();
    let [raw, next] = ["34", "35"].map(|number| hex(&file["headers"][number]));
    let header = RawHeader::decode(Protocol::Qbft, &raw).unwrap();
    let config = Config::plain(Family::Qbft, Protocol::Qbft, PERIOD, 0);
    let evidence_form = header.evidence_form(0).unwrap();
    let anchor = Anchor { config, header: &evidence_form, set: None }.encode();
    let anchored = client.anchor(&anchor).unwrap();
    assert_eq!((anchored.header.hash, anchored.fingerprint), (header.hash, None));
    let mut builder = RunBuilder::new(Family::Qbft, &anchored.state).unwrap();
    builder.push(SourceBlock { raw: next, ..SourceBlock::default() }).unwrap();
    let run = builder.take_run().unwrap().unwrap();
    let advance = client.advance(&anchored.state, &[], None, &run.evidence, header.time + 60).unwrap();
    assert_eq!((advance.first, advance.last), (35, 35));
}

#[test]
fn keys_are_recovered_once_and_kept() {
    let Some(chain) = Chain::load("goquorum-qbft/chain.json") else { return };
    let (_, state, _) = verify(&chain, 0, 1);
    let summary = light_client(chain.family()).unwrap().summary(&state).unwrap();
    let keys = summary.validators.len();
    assert!(
        state.bytes.windows(2).filter(|pair| matches!(pair, [0xb8, 64])).count() >= keys,
        "one for each validator"
    );
}
