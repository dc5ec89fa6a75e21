//! Encodings have one form, proofs prove what was put in, and builders build what light clients accept.

#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their parts")]

use causeway_protocol::{Address, Family, Hash, keccak256};
use causeway_verifier::bft::{Anchor, ExtraData, ExtraForm, Header, HeaderFields, Protocol, Vote};
use causeway_verifier::evm::{Receipt, prove_receipts};
use causeway_verifier::forge::{Forge, GENESIS_TIME, Plan};
use causeway_verifier::prover::{RunBuilder, prove_block, skip};
use causeway_verifier::{ClientState, family_of, light_client};
use proptest::collection::vec;
use proptest::prelude::*;

fn protocols() -> impl Strategy<Value = Protocol> {
    prop_oneof![Just(Protocol::Qbft), Just(Protocol::Ibft2), Just(Protocol::Ibft)]
}

fn families() -> impl Strategy<Value = Family> {
    prop_oneof![Just(Family::Qbft), Just(Family::Ibft2), Just(Family::Ibft)]
}

fn extras(protocol: Protocol) -> impl Strategy<Value = ExtraData> {
    let addresses = || any::<[u8; 20]>().prop_map(Address);
    let vote = proptest::option::of((addresses(), any::<bool>()));
    let seal = || vec(any::<u8>(), 65).prop_map(|bytes| <[u8; 65]>::try_from(bytes).unwrap());
    (
        any::<[u8; 32]>(),
        vec(addresses(), 0..10),
        vote,
        any::<u32>(),
        seal(),
        vec(seal(), 0..10),
        any::<bool>(),
    )
        .prop_map(move |(vanity, validators, vote, round, proposer, seals, proposed)| {
            let ibft = protocol == Protocol::Ibft;
            ExtraData {
                vanity,
                validators,
                vote: vote.filter(|_| !ibft).map(|(recipient, add)| Vote { recipient, add }),
                round: if ibft { 0 } else { round },
                proposer_seal: if ibft && proposed { proposer.to_vec() } else { Vec::new() },
                seals,
            }
        })
}

fn headers() -> impl Strategy<Value = HeaderFields> {
    let fields = (any::<[u64; 6]>(), any::<[u8; 32]>(), vec(any::<u8>(), 0..200), 0..=6usize);
    fields.prop_map(|([number, gas_limit, gas_used, time, fee, blobs], seed, extra, fork)| {
        let word = |salt: u8| keccak256(&[&seed[..], &[salt]].concat());
        let since = |at: usize| fork >= at;
        HeaderFields {
            parent: word(0),
            state_root: word(1),
            receipts_root: word(2),
            logs_bloom: seed.repeat(8),
            number,
            gas_limit,
            gas_used,
            time,
            extra,
            base_fee: since(1).then_some(fee),
            withdrawals_root: since(2).then(|| word(3)),
            blob_gas_used: since(3).then_some(blobs),
            excess_blob_gas: since(3).then_some(0),
            parent_beacon_root: since(3).then(|| word(4)),
            requests_hash: since(4).then(|| word(5)),
            block_access_list_hash: since(5).then(|| word(6)),
            slot_number: since(6).then_some(fee),
            ..HeaderFields::default()
        }
    })
}

proptest! {
    #[test]
    fn extra_data_is_read_as_it_was_written((protocol, extra) in protocols().prop_flat_map(|protocol| (Just(protocol), extras(protocol)))) {
        let bytes = extra.encode(protocol, ExtraForm::Sealed);
        prop_assert_eq!(ExtraData::decode(protocol, &bytes).unwrap(), extra.clone());
        let evidence = extra.encode(protocol, ExtraForm::Evidence);
        let unsealed = ExtraData { seals: Vec::new(), ..extra };
        prop_assert_eq!(ExtraData::decode(protocol, &evidence).unwrap(), unsealed);
    }

    #[test]
    fn extra_data_has_one_form(
        (protocol, extra) in protocols().prop_flat_map(|protocol| (Just(protocol), extras(protocol))),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = extra.encode(protocol, ExtraForm::Sealed);
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if let Ok(read) = ExtraData::decode(protocol, &bytes) {
            prop_assert_eq!(read.encode(protocol, ExtraForm::Sealed), bytes);
        }
    }

    #[test]
    fn headers_of_every_fork_are_read_as_they_were_written(fields in headers(), other in vec(any::<u8>(), 0..100)) {
        let rlp = fields.encode();
        let header = Header::decode(&rlp).unwrap();
        prop_assert_eq!((header.number, header.time, header.parent), (fields.number, fields.time, fields.parent));
        prop_assert_eq!((header.state_root, header.receipts_root), (fields.state_root, fields.receipts_root));
        prop_assert_eq!(header.extra, &fields.extra[..]);
        prop_assert_eq!(header.with_extra(&fields.extra), rlp.clone());
        let changed = HeaderFields { extra: other.clone(), ..fields };
        prop_assert_eq!(header.with_extra(&other), changed.encode());
        for length in 0..rlp.len() {
            prop_assert!(Header::decode(&rlp[..length]).is_err());
        }
    }

    #[test]
    fn a_header_cut_between_two_forks_is_none(fields in headers(), fewer in 1..3usize) {
        // 18 and 19 items: Cancun's three fields come together.
        let whole = HeaderFields { requests_hash: None, base_fee: Some(1), withdrawals_root: Some(Hash::ZERO), blob_gas_used: Some(1), excess_blob_gas: Some(1), parent_beacon_root: Some(Hash::ZERO), ..fields };
        let cut = if fewer == 1 { HeaderFields { parent_beacon_root: None, ..whole } } else { HeaderFields { excess_blob_gas: None, ..whole } };
        prop_assert!(Header::decode(&cut.encode()).is_err());
    }

    #[test]
    fn bytes_from_anywhere_never_panic(bytes in vec(any::<u8>(), 0..400), family in families()) {
        let client = light_client(family).unwrap();
        let _ = Header::decode(&bytes);
        if let Ok(receipt) = Receipt::decode(&bytes) {
            receipt.logs().for_each(drop);
        }
        let _ = family_of(&bytes);
        prop_assert!(client.anchor(&bytes).is_err());
        prop_assert!(client.inspect(&bytes).is_err());
        let state = ClientState { family, bytes };
        prop_assert!(client.summary(&state).is_err());
    }

    #[test]
    fn receipts_of_any_block_are_proven_in_any_choice(
        receipts in vec(vec(any::<u8>(), 40..90), 1..300),
        choice in vec(any::<prop::sample::Index>(), 1..12),
    ) {
        let indices: Vec<u64> = choice.iter().map(|index| index.index(receipts.len()) as u64).collect();
        let (root, proof) = prove_block(&receipts, &indices);
        let nodes: Vec<&[u8]> = proof.nodes.iter().map(Vec::as_slice).collect();
        let proven = prove_receipts(root, &proof.indices, &nodes).unwrap();
        for (index, receipt) in proof.indices.iter().zip(proven) {
            prop_assert_eq!(receipt, &receipts[usize::try_from(*index).unwrap()]);
        }
    }
}

/// One step in a chain's life.
#[derive(Debug, Clone)]
enum Step {
    /// A block in this round, sealed by this many.
    Block {
        round: u32,
        sealers: prop::sample::Index,
    },
    Join,
    Leave(prop::sample::Index),
    /// A relayer cuts what is ready.
    Relay,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..3u32, any::<prop::sample::Index>()).prop_map(|(round, sealers)| Step::Block { round, sealers }),
        1 => Just(Step::Join),
        1 => any::<prop::sample::Index>().prop_map(Step::Leave),
        2 => Just(Step::Relay),
    ];
    vec(step, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_a_chain_does_the_runs_that_are_cut_verify(family in families(), size in 1..6u64, steps in steps()) {
        let mut forge = Forge::new(family, size);
        let client = light_client(family).unwrap();
        let mut state = client.anchor(&forge.anchor()).unwrap().into_inner().state;
        let mut builder = RunBuilder::new(family, &state).unwrap();
        let mut newcomers = 100..;
        let mut changed = false;
        for step in steps.into_iter().chain([Step::Relay]) {
            match step {
                Step::Block { round, sealers } => {
                    let n = forge.validators.len();
                    // The last header of a set needs a quorum, or the chain stays where it is; others may fall short of it.
                    let sealers = if changed { n } else { n - sealers.index(n.div_ceil(3).max(1)) };
                    let round = if family == Family::Ibft { 0 } else { round };
                    forge.mine(Plan { round, sealers: Some((0..sealers).collect()), ..Plan::default() });
                    builder.push(forge.source(forge.head().number)).unwrap();
                    changed = false;
                }
                Step::Join if !changed && forge.validators.len() < 8 => {
                    let newcomer = forge.key(newcomers.next().unwrap());
                    let next = [&forge.validators[..], &[newcomer]].concat();
                    forge.mine(Plan::default());
                    builder.push(forge.source(forge.head().number)).unwrap();
                    forge.set_validators(next);
                    changed = true;
                }
                Step::Leave(who) if !changed && forge.validators.len() > 1 => {
                    let mut next = forge.validators.clone();
                    next.remove(who.index(next.len()));
                    forge.mine(Plan::default());
                    builder.push(forge.source(forge.head().number)).unwrap();
                    forge.set_validators(next);
                    changed = true;
                }
                Step::Join | Step::Leave(_) => {}
                Step::Relay => {
                    while let Some(run) = builder.take_run().unwrap() {
                        let advance = client.advance(&state, &[], None, &run.evidence, GENESIS_TIME + 3600);
                        let advance = advance.map_err(|refusal| TestCaseError::fail(refusal.to_string()))?;
                        prop_assert_eq!((advance.first, advance.last), (run.first, run.last));
                        let hash = forge.blocks()[usize::try_from(run.last).unwrap()].header.hash;
                        prop_assert_eq!(client.summary(&advance.state).unwrap().hash, hash);
                        state = advance.into_inner().state;
                    }
                    prop_assert_eq!(builder.pending() == 0, builder.obstacle().is_none());
                }
            }
        }
    }

    #[test]
    fn a_skip_leads_exactly_where_a_quorum_and_enough_trusted_validators_sealed(
        family in families(),
        size in 1..8u64,
        // Who of the old set stays, how many join, and who seals.
        stays in vec(any::<bool>(), 8),
        joins in 0..6u64,
        seals in vec(prop::bool::weighted(0.8), 14),
    ) {
        let mut forge = Forge::new(family, size);
        let trusted = forge.validators.clone();
        forge.mine(Plan::default());
        let mut next: Vec<Address> =
            trusted.iter().zip(&stays).filter(|(_, stays)| **stays).map(|(old, _)| *old).collect();
        next.extend((0..joins).map(|number| forge.key(100 + number)));
        prop_assume!(!next.is_empty());
        forge.set_validators(next);
        let places: Vec<usize> = (0..forge.validators.len()).filter(|place| seals[*place]).collect();
        let sealers: Vec<Address> = places.iter().map(|place| forge.validators[*place]).collect();
        forge.mine(Plan { sealers: Some(places), ..Plan::default() });

        let client = light_client(family).unwrap();
        let state = client.anchor(&forge.anchor()).unwrap().into_inner().state;
        let overlap = sealers.iter().filter(|sealer| trusted.contains(sealer)).count();
        let enough = 3 * sealers.len() >= 2 * forge.validators.len() && 3 * overlap > trusted.len();
        let built = skip(family, &state, None, &forge.source(2));
        prop_assert_eq!(built.is_ok(), enough);
        // For the newest validators themselves, any quorum is enough: what they are shown is judged by the old set here.
        let own = client.anchor(&anchor_at(&forge, 2)).unwrap().into_inner().state;
        if let Ok(evidence) = skip(family, &own, None, &forge.source(2)) {
            prop_assert_eq!(client.skip(&state, &evidence, GENESIS_TIME + 3600).is_ok(), enough);
        } else {
            prop_assert!(!enough);
        }
        if enough {
            forge.mine_empty(2);
            let at = client.skip(&state, &built.unwrap(), GENESIS_TIME + 3600).unwrap().into_inner().state;
            let beyond = client.advance(&at, &[], None, &forge.run(&at), GENESIS_TIME + 3600).unwrap();
            prop_assert_eq!((beyond.first, beyond.last), (3, 4));
        }
    }
}

/// The anchor at a forged block.
fn anchor_at(forge: &Forge, height: usize) -> Vec<u8> {
    let header = forge.blocks()[height].header.evidence_form(0).unwrap();
    Anchor { config: forge.config.clone(), header: &header, set: None }.encode()
}
