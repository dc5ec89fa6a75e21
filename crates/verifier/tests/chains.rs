//! Captured real chains, verified from their genesis blocks on.

#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their parts")]

mod support;

use causeway_verifier::prover::RunBuilder;
use causeway_verifier::{ClientState, Refusal, light_client};
use support::chain::Chain;

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
    let Some(chain) = Chain::load(name) else { return };
    for most in [1, 7, 1024] {
        let (verified, state, obstacle) = verify(&chain, 0, most);
        assert_eq!(obstacle, None, "{name} in runs of {most}");
        assert_eq!(verified, chain.entries().len() - 1, "{name} in runs of {most}");
        let summary = light_client(chain.family()).unwrap().summary(&state).unwrap();
        assert_eq!(summary.height, Chain::height(chain.entries().last().unwrap()));
        assert!(!summary.frozen);
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
