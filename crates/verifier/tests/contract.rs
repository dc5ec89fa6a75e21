//! Contract mode on captured chains: what a set proof has to be, and when it has to be there.

#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their parts")]

mod support;

use causeway_protocol::{Family, Hash};
use causeway_verifier::bft::raw::{CollectedSeals, RawHeader, SealCollection};
use causeway_verifier::bft::{Block, Evidence, Mode, Protocol, SealingFault, SetFault, SetProof};
use causeway_verifier::prover::{OwnedSet, misbehaviour};
use causeway_verifier::{ClientState, Refusal, light_client};
use support::chain::Chain;

/// One captured block, its parts free to be changed.
struct Part {
    header: Vec<u8>,
    seals: Vec<u8>,
    set: Option<OwnedSet>,
}

/// The block of `entry`, sealed by the validators that the entry before names.
fn part(chain: &Chain, place: usize, with_seals: bool, with_set: bool) -> Part {
    let entry = &chain.entries()[place];
    let source = chain.source(entry);
    let raw = RawHeader::decode(Protocol::Qbft, &source.raw).unwrap();
    let mut seals = SealCollection::default();
    seals.add(&raw);
    for copy in &source.copies {
        seals.add(&RawHeader::decode(Protocol::Qbft, copy).unwrap());
    }
    let before = chain.entries()[place - 1]["validators"].as_array().unwrap();
    let mut validators: Vec<_> =
        before.iter().map(|address| causeway_protocol::Address(support::fixed(address))).collect();
    validators.sort_unstable();
    let best = if with_seals { seals.best(&validators) } else { CollectedSeals::default() };
    Part {
        header: raw.evidence_form(best.round).unwrap(),
        seals: best.bytes,
        set: source.set.filter(|_| with_set),
    }
}

fn block(part: &Part) -> Block<'_> {
    let set = part.set.as_ref().map(OwnedSet::as_proof);
    Block { header: &part.header, seals: &part.seals, set, receipts: None }
}

fn run(parts: &[Part]) -> Vec<u8> {
    Evidence::Run(parts.iter().map(block).collect()).encode(Family::Qbft)
}

/// The chain whose contract's transaction in block 6 adds a validator, and the state at block 4.
fn at_four() -> Option<(Chain, ClientState)> {
    let chain = Chain::load("goquorum-qbft-contract/chain-1.json")?;
    let client = light_client(Family::Qbft).unwrap();
    let state = client.anchor(&chain.anchor(&chain.entries()[4])).unwrap().into_inner().state;
    Some((chain, state))
}

fn advance(chain: &Chain, state: &ClientState, parts: &[Part]) -> Result<ClientState, Refusal> {
    let now = Chain::time(chain.entries().last().unwrap());
    let client = light_client(Family::Qbft).unwrap();
    client.advance(state, &[], None, &run(parts), now).map(|advance| advance.into_inner().state)
}

#[test]
fn a_run_ends_with_the_proof_of_the_next_validators() {
    let Some((chain, state)) = at_four() else { return };
    let (with, without) = (part(&chain, 5, true, true), part(&chain, 5, true, false));
    advance(&chain, &state, &[with]).unwrap();
    let refusal = advance(&chain, &state, &[without]).unwrap_err();
    assert_eq!(refusal, Refusal::Set { height: 5, fault: SetFault::ProofMissing });
}

#[test]
fn a_change_inside_a_run_is_proven_where_it_happens_and_nowhere_else() {
    let Some((chain, state)) = at_four() else { return };
    let good = |five, six| [five, six, part(&chain, 7, false, false), part(&chain, 8, true, true)];
    let bare_five = || part(&chain, 5, false, false);
    advance(&chain, &state, &good(bare_five(), part(&chain, 6, true, true))).unwrap();

    let unchanged = good(part(&chain, 5, true, true), part(&chain, 6, true, true));
    let refusal = advance(&chain, &state, &unchanged).unwrap_err();
    assert_eq!(refusal, Refusal::Set { height: 5, fault: SetFault::ProofUseless });

    let unsealed = good(bare_five(), part(&chain, 6, false, true));
    let refusal = advance(&chain, &state, &unsealed).unwrap_err();
    assert_eq!(refusal, Refusal::Sealing { height: 6, fault: SealingFault::Unsealed("its validator set") });

    let left_out = good(bare_five(), part(&chain, 6, false, false));
    let refusal = advance(&chain, &state, &left_out).unwrap_err();
    assert!(
        matches!(refusal, Refusal::Sealing { height: 8, .. }),
        "the set in force is not who sealed 8: {refusal}"
    );
}

#[test]
fn case_12_a_proof_from_another_block_or_of_another_slot_is_refused() {
    let Some((chain, state)) = at_four() else { return };
    let mut five = part(&chain, 5, true, true);
    five.set = part(&chain, 6, true, true).set;
    assert_eq!(advance(&chain, &state, &[five]).unwrap_err().code(), "proof-wrong-node");

    let mut elsewhere = Chain::load("goquorum-qbft-contract/chain-1.json").unwrap();
    let Mode::Contract(contract) = &mut elsewhere.config.modes[0].1 else { unreachable!() };
    contract.slot = Hash([1; 32]);
    let right = part(&chain, 4, false, true);
    let set: Option<SetProof<'_>> = right.set.as_ref().map(OwnedSet::as_proof);
    let anchor =
        causeway_verifier::bft::Anchor { config: elsewhere.config, header: &right.header, set }.encode();
    let refusal = light_client(Family::Qbft).unwrap().anchor(&anchor).unwrap_err();
    assert_eq!(refusal.code(), "proof-key-absent");
}

#[test]
fn a_contract_with_other_code_is_refused() {
    let Some((chain, _)) = at_four() else { return };
    let right = part(&chain, 4, false, true);
    let mut config = chain.config.clone();
    let Mode::Contract(contract) = &mut config.modes[0].1 else { unreachable!() };
    contract.code_hash.0[0] ^= 1;
    let set = right.set.as_ref().map(OwnedSet::as_proof);
    let anchor = causeway_verifier::bft::Anchor { config, header: &right.header, set }.encode();
    let refusal = light_client(Family::Qbft).unwrap().anchor(&anchor).unwrap_err();
    assert_eq!(refusal.code(), "validator-contract-code");
}

#[test]
fn nodes_that_a_set_proof_does_not_need_are_refused() {
    let Some((chain, state)) = at_four() else { return };
    for spoil in [
        |set: &mut OwnedSet| set.account.push(set.account[0].clone()),
        |set: &mut OwnedSet| set.storage.push(set.storage[0].clone()),
        |set: &mut OwnedSet| drop(set.storage.pop()),
        |set: &mut OwnedSet| drop(set.account.pop()),
        |set: &mut OwnedSet| set.storage.swap(0, 1),
        |set: &mut OwnedSet| set.storage.clear(),
    ] {
        let mut five = part(&chain, 5, true, true);
        spoil(five.set.as_mut().unwrap());
        let refusal = advance(&chain, &state, &[five]).unwrap_err();
        assert!(refusal.code().starts_with("proof-"), "{refusal}");
    }
}

#[test]
fn a_header_that_lists_validators_in_contract_mode_and_a_proof_in_header_mode_are_refused() {
    let Some(chain) = Chain::load("goquorum-transitions/tocontract.json") else { return };
    let client = light_client(Family::Qbft).unwrap();
    let state = client.anchor(&chain.anchor(&chain.entries()[4])).unwrap().into_inner().state;
    let contract_from_five = |from| {
        let mut config = chain.config.clone();
        config.modes[1].0 = from;
        Chain { config, name: chain.name, json: chain.json.clone() }
    };
    // Somebody who believes that contract mode begins earlier than it does.
    let early = contract_from_five(6);
    let state_early = client.anchor(&early.anchor(&chain.entries()[4])).unwrap().into_inner().state;
    let five = part(&early, 5, true, true);
    let six = part(&early, 6, true, true);
    let refusal = advance(&chain, &state_early, &[five, six]).unwrap_err();
    assert_eq!(refusal, Refusal::Set { height: 6, fault: SetFault::ListedInContractMode });
    let five = part(&early, 5, true, true);
    let refusal = advance(&chain, &state, &[five]).unwrap_err();
    assert_eq!(refusal, Refusal::Set { height: 5, fault: SetFault::ProofUnexpected });
}

#[test]
fn an_accused_block_proves_no_validators() {
    let Some((chain, state)) = at_four() else { return };
    let client = light_client(Family::Qbft).unwrap();
    let now = Chain::time(chain.entries().last().unwrap());
    let accuse = |with_set| {
        let side = || vec![part(&chain, 5, false, false), part(&chain, 6, true, with_set)];
        let (one, other) = (side(), side());
        let sides = [&one, &other].map(|side| side.iter().map(block).collect());
        client.misbehaviour(&state, &Evidence::Misbehaviour(sides).encode(Family::Qbft), now).unwrap_err()
    };
    assert_eq!(accuse(false).code(), "same-block", "each side alone is sealed");
    assert_eq!(accuse(true), Refusal::Set { height: 6, fault: SetFault::ProofUnexpected });

    let sides = [5, 6].map(|place| chain.source(&chain.entries()[place]));
    let evidence = misbehaviour(Family::Qbft, &state, [sides.to_vec(), sides.to_vec()]).unwrap();
    assert_eq!(client.misbehaviour(&state, &evidence, now).unwrap_err().code(), "same-block");
}
