//! Skips on captured real chains: from any block to any later one, where enough trusted validators sealed it and nowhere else.

#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their parts")]

mod support;

use std::collections::BTreeMap;

use causeway_protocol::{Address, Family};
use causeway_verifier::bft::raw::RawHeader;
use causeway_verifier::bft::{
    Block, Evidence, Protocol, ReceiptsProof, SealingFault, SetFault, Skip, SkipFault, quorum,
};
use causeway_verifier::prover::skip;
use causeway_verifier::{ClientState, Refusal, Verified, light_client};
use support::chain::Chain;

/// What the capture says of one block, without asking the light client.
struct Known {
    /// Who has to seal it.
    validators: Vec<Address>,
    /// Who of them did, in the round that most of them did.
    sealers: Vec<Address>,
}

fn known(chain: &Chain, place: usize) -> Known {
    let entries = chain.entries();
    let (source, protocol) =
        (chain.source(&entries[place]), chain.config.protocol(Chain::height(&entries[place])));
    let own = RawHeader::decode(protocol, &source.raw).unwrap();
    let mut validators: Vec<Address> = if chain.config.contract(own.number).is_some() {
        let listed = entries[place - 1]["validators"].as_array().unwrap();
        listed.iter().map(|address| Address(support::fixed(address))).collect()
    } else {
        own.extra.validators.clone()
    };
    validators.sort_unstable();
    let mut rounds: BTreeMap<u32, Vec<Address>> = BTreeMap::new();
    let copies = source.copies.iter().map(|raw| RawHeader::decode(protocol, raw).unwrap());
    for copy in [own].into_iter().chain(copies) {
        let round = rounds.entry(copy.extra.round).or_default();
        round.extend(copy.seals().iter().map(|seal| seal.signer).filter(|who| validators.contains(who)));
        round.sort_unstable();
        round.dedup();
    }
    let sealers = rounds.into_values().max_by_key(Vec::len).unwrap_or_default();
    Known { validators, sealers }
}

/// The state of who trusts the block at `place`. Nobody can anchor at the last block of contract mode: it names no validators.
fn anchored(chain: &Chain, place: usize) -> Option<ClientState> {
    let client = light_client(chain.family()).unwrap();
    let anchor = client.anchor(&chain.anchor(&chain.entries()[place]));
    anchor.map(|anchored| anchored.into_inner().state).ok()
}

/// Evidence of a skip to the block at `place`, for whoever trusts `state`.
fn built(chain: &Chain, state: &ClientState, place: usize) -> Result<Vec<u8>, Refusal> {
    let [parent, block] = [place - 1, place].map(|place| chain.source(&chain.entries()[place]));
    skip(chain.family(), state, Some(&parent), &block)
}

/// Skips from every `step`th block to every later one. Answers how many of them led there, how many were refused because too few
/// trusted validators sealed, and how many blocks nothing leads to because they fall short of a quorum.
fn skips(chain: &Chain, step: usize) -> (usize, usize, usize) {
    let client = light_client(chain.family()).unwrap();
    let end = chain.entries().len();
    let anchors: Vec<Option<ClientState>> = (0..end).map(|place| anchored(chain, place)).collect();
    let (mut led, mut refused, mut short) = (0, 0, 0);
    for to in 1..end {
        let Known { validators, sealers } = known(chain, to);
        // The same bytes for everybody: made for who trusts the block before, or the block itself.
        let near = [to - 1, to].into_iter().filter_map(|near| anchors[near].as_ref());
        let evidence = near.map(|near| built(chain, near, to)).reduce(Result::or).unwrap();
        if sealers.len() < quorum(validators.len()) {
            assert_eq!(evidence.unwrap_err().code(), "two-f-plus-one-quorum", "{} to {to}", chain.name);
            short += 1;
            continue;
        }
        let (evidence, now) = (evidence.unwrap(), Chain::time(&chain.entries()[to]));
        for from in (0..to).step_by(step) {
            let Some(state) = &anchors[from] else { continue };
            let trusted = client.summary(state).unwrap().validators;
            let overlap = sealers.iter().filter(|sealer| trusted.iter().any(|old| *old == sealer.0)).count();
            let verdict = client.skip(state, &evidence, now).map(Verified::into_inner);
            assert_eq!(verdict.as_ref().err(), built(chain, state, to).as_ref().err());
            let shown = format!("{} from {from} to {to}", chain.name);
            if 3 * overlap > trusted.len() {
                let skipped = client.summary(&verdict.unwrap().state).unwrap();
                // Where a skip leads is where an anchor at that block would start.
                if let Some(anchor) = &anchors[to] {
                    assert_eq!(skipped, client.summary(anchor).unwrap(), "{shown}");
                } else {
                    assert!(
                        skipped.validators.iter().eq(validators.iter().map(|known| &known.0[..])),
                        "{shown}"
                    );
                }
                led += 1;
            } else {
                let fault = SkipFault::OverlapShort { came: overlap, trusted: trusted.len() };
                let height = Chain::height(&chain.entries()[to]);
                assert_eq!(verdict.unwrap_err(), Refusal::Skip { height, fault }, "{shown}");
                refused += 1;
            }
        }
    }
    (led, refused, short)
}

#[test]
fn the_slices_of_real_chains_that_come_with_the_sources_are_skipped() {
    for (name, expected) in [
        ("qbft-rotation.json", (9, 0, 0)),
        ("ibft-to-qbft.json", (9, 0, 0)),
        ("qbft-contract.json", (4, 0, 0)),
    ] {
        assert_eq!(skips(&Chain::in_tree(name), 2), expected, "{name}");
    }
}

#[test]
fn a_chain_whose_validators_join_and_leave_is_skipped_from_end_to_end() {
    let Some(chain) = Chain::load("goquorum-qbft/chain.json") else { return };
    assert_eq!(skips(&chain, 13), (460, 0, 0));
}

#[test]
fn chains_whose_contract_replaces_validators_are_skipped_as_far_as_enough_of_them_seal() {
    for (name, expected) in [
        ("goquorum-qbft-contract/chain-1.json", (617, 220, 0)),
        ("goquorum-qbft-contract/chain-2.json", (337, 105, 0)),
    ] {
        let Some(chain) = Chain::load(name) else { return };
        assert_eq!(skips(&chain, 5), expected, "{name}");
    }
}

#[test]
fn case_20_a_skip_crosses_a_migration_from_ibft_to_qbft_or_into_contract_mode() {
    for (name, expected) in [
        ("goquorum-transitions/testqbft.json", (84, 0, 0)),
        ("goquorum-transitions/algorithm.json", (98, 0, 0)),
        ("goquorum-transitions/tocontract.json", (114, 48, 0)),
    ] {
        let Some(chain) = Chain::load(name) else { return };
        assert_eq!(skips(&chain, 4), expected, "{name}");
    }
}

#[test]
fn a_skip_to_a_header_that_two_f_plus_one_sealed_is_refused_by_its_cause() {
    for (name, expected) in
        [("goquorum-transitions/noceil.json", (18, 0, 14)), ("goquorum-transitions/twof.json", (78, 0, 6))]
    {
        let Some(chain) = Chain::load(name) else { return };
        assert_eq!(skips(&chain, 4), expected, "{name}");
    }
}

#[test]
fn a_skip_to_validators_from_a_contract_needs_the_header_before_and_both_proofs() {
    let Some(chain) = Chain::load("goquorum-qbft-contract/chain-1.json") else { return };
    let (client, family) = (light_client(Family::Qbft).unwrap(), Family::Qbft);
    let [state, near] = [0, 35].map(|place| anchored(&chain, place).unwrap());
    let [before, good] = [35, 36].map(|place| built(&chain, &near, place).unwrap());
    let decode = |bytes| match Evidence::decode(family, bytes) {
        Ok(Evidence::Skip(skip)) => *skip,
        other => panic!("{other:?}"),
    };
    let (before, good) = (decode(&before), decode(&good));
    let judge = |parent: Option<Block<'_>>, block: Block<'_>| {
        let bytes = Evidence::Skip(Box::new(Skip { parent, block })).encode(family);
        let now = Chain::time(chain.entries().last().unwrap());
        client.skip(&state, &bytes, now).map(|skipped| skipped.header.height)
    };
    let (parent, block) = (good.parent.clone().unwrap(), good.block.clone());
    assert_eq!(judge(Some(parent.clone()), block.clone()), Ok(36));

    let fault = SkipFault::ParentMissing;
    assert_eq!(judge(None, block.clone()), Err(Refusal::Skip { height: 36, fault }));
    let bare = Block { set: None, ..parent.clone() };
    let missing = |height| Err(Refusal::Set { height, fault: SetFault::ProofMissing });
    assert_eq!(judge(Some(bare), block.clone()), missing(35));
    assert_eq!(judge(Some(parent.clone()), Block { set: None, ..block.clone() }), missing(36));

    let sealed = Block { header: before.block.header, seals: before.block.seals, ..parent.clone() };
    let useless = Refusal::Sealing { height: 35, fault: SealingFault::Useless };
    assert_eq!(judge(Some(sealed), block.clone()), Err(useless));
    let receipts = Block { receipts: Some(ReceiptsProof::default()), ..parent.clone() };
    assert_eq!(judge(Some(receipts), block.clone()).unwrap_err().code(), "receipts-useless");
    let grandparent = before.parent.clone();
    let expected = Refusal::NotNextHeight { expected: 35, came: 36 };
    assert_eq!(judge(grandparent, block.clone()), Err(expected));
    let swapped = Block { set: block.set.clone(), ..parent.clone() };
    assert_eq!(judge(Some(swapped), block.clone()).unwrap_err().code(), "proof-wrong-node");
    let [other, to] = [33, 36].map(|place| chain.source(&chain.entries()[place]));
    assert_eq!(skip(family, &state, Some(&other), &to).unwrap_err().code(), "not-linked");
    let alone = skip(family, &state, None, &to).unwrap_err();
    assert_eq!(alone, Refusal::Skip { height: 36, fault: SkipFault::ParentMissing });
    let swapped = Block { set: parent.set.clone(), ..block };
    assert_eq!(judge(Some(parent), swapped).unwrap_err().code(), "proof-wrong-node");
}

#[test]
fn a_skip_to_a_header_that_lists_validators_in_contract_mode_is_refused() {
    let Some(mut chain) = Chain::load("goquorum-transitions/tocontract.json") else { return };
    // Somebody who believes that contract mode begins earlier than it does.
    chain.config.modes[1].0 = 6;
    let state = anchored(&chain, 2).unwrap();
    let form = |place: usize| {
        let raw = Chain::raw(&chain.entries()[place]);
        RawHeader::decode(Protocol::Qbft, &raw).unwrap().evidence_form(0).unwrap()
    };
    let (five, six, set) = (form(5), form(6), chain.set(&chain.entries()[5]).unwrap());
    let parent = Some(Block { header: &five, set: Some(set.as_proof()), ..Block::default() });
    let block = Block { header: &six, ..Block::default() };
    let evidence = Evidence::Skip(Box::new(Skip { parent, block })).encode(Family::Qbft);
    let client = light_client(Family::Qbft).unwrap();
    let refusal = client.skip(&state, &evidence, Chain::time(&chain.entries()[6])).unwrap_err();
    assert_eq!(refusal, Refusal::Set { height: 6, fault: SetFault::ListedInContractMode });
}
