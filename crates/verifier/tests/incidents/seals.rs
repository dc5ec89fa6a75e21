//! Seals: cases 2, 4, 9, 10, 17, 19, 20.

use causeway_protocol::{Family, Hash, keccak256};
use causeway_verifier::bft::raw::{RawHeader, SealCollection};
use causeway_verifier::bft::{ExtraData, ExtraForm, Header, Protocol, SEAL, quorum};
use causeway_verifier::forge::{Forge, Plan};
use causeway_verifier::{ClientState, Refusal};

use crate::parts::{FAMILIES, Part, advance, bare, code, genesis, last, sealed};

/// A chain of one block behind genesis, sealed by the first `sealers` of `n` validators.
fn one_block(family: Family, n: u64, sealers: usize) -> Forge {
    let mut forge = Forge::new(family, n);
    forge.mine(Plan { sealers: Some((0..sealers).collect()), ..Plan::default() });
    forge
}

#[test]
fn case_2_one_seal_less_than_a_quorum_is_refused_for_every_size() {
    for family in FAMILIES {
        for n in 1..=22u64 {
            let need = quorum(usize::try_from(n).unwrap());
            let full = one_block(family, n, need);
            advance(&full, &genesis(&full), &[last(&full)]).unwrap();
            let short = one_block(family, n, need - 1);
            let refusal = advance(&short, &genesis(&short), &[last(&short)]).unwrap_err();
            assert!(
                matches!(refusal.code(), "quorum-short" | "two-f-plus-one-quorum" | "unsealed"),
                "{} of {n}: {refusal}",
                need - 1
            );
        }
    }
}

#[test]
fn case_2_two_f_plus_one_is_named_where_it_is_less_than_a_quorum() {
    for family in FAMILIES {
        let forge = one_block(family, 5, 3);
        let refusal = advance(&forge, &genesis(&forge), &[last(&forge)]).unwrap_err();
        assert_eq!(refusal.code(), "two-f-plus-one-quorum");
        assert!(refusal.to_string().contains("2F+1"), "{refusal}");
    }
}

#[test]
fn case_4_a_header_that_only_says_it_is_valid_is_refused() {
    for family in FAMILIES {
        let forge = one_block(family, 4, 4);
        assert_eq!(code(&forge, &[bare(&forge, 1)]), "unsealed", "right in everything but seals");
    }
}

/// The state after one block, which knows every validator's key.
fn with_keys(forge: &Forge) -> ClientState {
    advance(forge, &genesis(forge), &[sealed(forge, 1, &forge.validators)]).unwrap().state
}

#[test]
fn case_9_a_key_that_disagrees_with_its_address_is_refused() {
    for family in FAMILIES {
        let mut forge = one_block(family, 4, 4);
        let state = with_keys(&forge);
        forge.mine_empty(1);
        advance(&forge, &state, &[last(&forge)]).unwrap();
        // The keys of two validators change places, as a corrupted or forged row might have them.
        let key_at = |at: &usize| matches!(state.bytes[*at..], [0xb8, 64, ..]);
        let places: Vec<usize> = (0..state.bytes.len() - 66).filter(key_at).collect();
        assert_eq!(places.len(), 4);
        let mut swapped = state.clone();
        for (to, from) in [(places[0], places[1]), (places[1], places[0])] {
            swapped.bytes[to + 2..to + 66].copy_from_slice(&state.bytes[from + 2..from + 66]);
        }
        assert_eq!(advance(&forge, &swapped, &[last(&forge)]).unwrap_err().code(), "key-of-another");
        let mut no_point = state.clone();
        no_point.bytes[places[0] + 2..places[0] + 66].fill(2);
        assert_eq!(advance(&forge, &no_point, &[last(&forge)]).unwrap_err().code(), "key-of-another");
    }
}

#[test]
fn case_9_a_known_key_verifies_one_header_and_not_another() {
    for family in FAMILIES {
        let mut forge = one_block(family, 4, 4);
        let state = with_keys(&forge);
        forge.mine_empty(1);
        let mut other = forge.clone();
        let second_hand = Part { seals: sealed(&forge, 1, &forge.validators).seals, ..last(&forge) };
        assert_eq!(advance(&forge, &state, &[second_hand]).unwrap_err().code(), "seal-invalid");
        other.mine_empty(1);
        assert_eq!(advance(&other, &state, &[bare(&other, 2), last(&other)]).unwrap().last, 3);
    }
}

#[test]
fn case_10_the_same_signer_twice_is_refused_also_by_a_malleated_s() {
    for family in FAMILIES {
        let forge = one_block(family, 4, 3);
        let good = last(&forge);
        let first = good.seals[..SEAL].to_vec();
        for place in [0, 1, 2, 3] {
            let mut twice = good.clone();
            twice.seals.splice(place * SEAL..place * SEAL, first.clone());
            assert_eq!(code(&forge, &[twice]), "seals-order");
        }
        let mut instead = good.clone();
        instead.seals.splice(2 * SEAL.., first.clone());
        assert_eq!(code(&forge, &[instead]), "seals-order");
        // Under another member's index it is that member's seal, which it is not.
        let mut disguised = first.clone();
        disguised[0] = 3;
        let mut padded = good.clone();
        padded.seals.extend(&disguised);
        assert_eq!(code(&forge, &[padded]), "seal-invalid");
        let mut malleated = good.clone();
        malleate(&mut malleated.seals[..SEAL]);
        assert_eq!(code(&forge, &[malleated]), "seal-high-s");
    }
}

/// s becomes n − s, the other seal that the same equation allows.
pub(crate) fn malleate(seal: &mut [u8]) {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
        0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
    ];
    let mut borrow = 0i16;
    for at in (0..32).rev() {
        let difference = i16::from(ORDER[at]) - i16::from(seal[33 + at]) - borrow;
        borrow = i16::from(difference < 0);
        seal[33 + at] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
}

#[test]
fn case_10_seals_of_outsiders_do_not_count() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        let outsiders: Vec<_> = (100..104).map(|number| forge.key(number)).collect();
        forge.mine(Plan { sealers: Some(vec![0, 1]), ..Plan::default() });
        let header = forge.blocks()[1].header.clone();
        let raw = forge.seal(header.rlp(), &[&forge.validators[..2], &outsiders].concat());
        let header = RawHeader::decode(forge.config.protocol(1), &raw).unwrap();
        let mut collection = SealCollection::default();
        collection.add(&header);
        let found = collection.best(&forge.validators);
        assert_eq!(found.signers, forge.validators[..2], "a prover picks members only");
        let mut part = Part { header: header.evidence_form(0).unwrap(), seals: found.bytes, receipts: None };
        assert_eq!(code(&forge, &[part.clone()]), "quorum-short");
        // An outsider's seal under a member's index, and under none.
        let digest = header.seal_digest;
        let seal = |index: u8, signer| {
            let raw = forge.sign(signer, digest);
            [&[index], &raw[..64]].concat()
        };
        let members = part.seals.clone();
        part.seals = [members.clone(), seal(2, outsiders[0])].concat();
        assert_eq!(code(&forge, &[part.clone()]), "seal-invalid");
        part.seals = [members, seal(4, outsiders[0])].concat();
        assert_eq!(code(&forge, &[part]), "seal-index");
    }
}

#[test]
fn case_17_a_header_whose_fields_are_not_those_that_were_sealed_is_refused() {
    for family in FAMILIES {
        let forge = one_block(family, 4, 4);
        let good = last(&forge);
        let header = Header::decode(&good.header).unwrap();
        // The state root, the receipts root and the time: what facts would be built on.
        for (field, sealed) in [(header.state_root, "state"), (header.receipts_root, "receipts")] {
            let at = good.header.windows(32).position(|window| window == field.0).unwrap();
            let mut changed = good.clone();
            changed.header[at..at + 32].copy_from_slice(&keccak256(b"forged").0);
            assert_eq!(code(&forge, &[changed]), "seal-invalid", "{sealed}");
        }
        let time = header.time.to_be_bytes();
        let at = good.header.windows(4).rposition(|window| window == &time[4..]).unwrap();
        let mut changed = good.clone();
        changed.header[at + 3] ^= 1;
        assert_eq!(code(&forge, &[changed]), "seal-invalid");
    }
}

#[test]
fn case_17_fields_that_no_bft_block_has_are_refused() {
    for family in FAMILIES {
        let mut forge = one_block(family, 4, 4);
        forge.mine_empty(1);
        let good = bare(&forge, 1);
        let header = Header::decode(&good.header).unwrap();
        for field in [header.ommers, header.mix_hash] {
            let at = good.header.windows(32).position(|window| window == field.0).unwrap();
            let mut changed = good.clone();
            changed.header[at] ^= 1;
            assert_eq!(code(&forge, &[changed, last(&forge)]), "header-constant");
        }
        let bloom = good.header.windows(256).rposition(|window| window == [0; 256]).unwrap();
        let mut changed = good.clone();
        assert_eq!(changed.header[bloom + 256], 1, "the difficulty");
        changed.header[bloom + 256] = 2;
        assert_eq!(code(&forge, &[changed, last(&forge)]), "header-constant");
    }
}

#[test]
fn case_19_seals_of_odd_form_are_refused() {
    for family in FAMILIES {
        let forge = one_block(family, 4, 4);
        let good = last(&forge);
        for cut in 1..SEAL {
            let mut short = good.clone();
            short.seals.truncate(good.seals.len() - cut);
            assert_eq!(code(&forge, &[short]), "seals-length");
        }
        let mut long = good.clone();
        long.seals.push(0);
        assert_eq!(code(&forge, &[long]), "seals-length");
        let mut permuted = good.clone();
        permuted.seals.rotate_left(SEAL);
        assert_eq!(code(&forge, &[permuted]), "seals-order");
        for range in [1..33, 33..65] {
            let mut zero = good.clone();
            zero.seals[range.clone()].fill(0);
            assert_eq!(code(&forge, &[zero]), "seal-invalid");
            let mut huge = good.clone();
            huge.seals[range].fill(0xff);
            assert_eq!(code(&forge, &[huge]), "seal-invalid");
        }
    }
}

#[test]
fn case_19_nodes_may_serve_seals_in_any_order_and_with_either_v_and_s() {
    for family in FAMILIES {
        let forge = one_block(family, 4, 4);
        let header = &forge.blocks()[1].header;
        let best = |seals: Vec<[u8; 65]>| {
            let protocol = forge.config.protocol(1);
            let extra = ExtraData { seals, ..header.extra.clone() };
            let decoded = Header::decode(header.rlp()).unwrap();
            let raw = decoded.with_extra(&extra.encode(protocol, ExtraForm::Sealed));
            let mut collection = SealCollection::default();
            collection.add(&RawHeader::decode(protocol, &raw).unwrap());
            collection.best(&forge.validators)
        };
        let seals = header.extra.seals.clone();
        let straight = best(seals.clone());
        assert_eq!(straight.signers, forge.validators);
        assert_eq!(best(seals.iter().rev().copied().collect()), straight);
        assert_eq!(best([seals.clone(), seals.clone()].concat()), straight);
        let mut other_v = seals.clone();
        for seal in &mut other_v {
            seal[64] += 27;
        }
        assert_eq!(best(other_v), straight);
        let mut high = seals.clone();
        for seal in &mut high {
            let mut indexed = [&[0], &seal[..]].concat();
            malleate(&mut indexed);
            seal.copy_from_slice(&indexed[1..]);
            seal[64] ^= 1;
        }
        assert_eq!(best(high), straight);
        let mut odd = seals;
        odd[0][64] = 2;
        assert_eq!(best(odd).signers.len(), 3, "v 2 recovers to nobody");
    }
}

#[test]
fn case_19_a_seal_of_64_or_66_bytes_is_no_seal() {
    for protocol in Protocol::ALL {
        let extra = ExtraData { seals: vec![[9; 65]], proposer_seal: Vec::new(), ..ExtraData::default() };
        let bytes = extra.encode(protocol, ExtraForm::Sealed);
        ExtraData::decode(protocol, &bytes).unwrap();
        let at = bytes.windows(2).position(|pair| pair == [0xb8, 65]).unwrap();
        for length in [64u8, 66] {
            let mut other = bytes.clone();
            other[at + 1] = length;
            other.resize(bytes.len() + usize::from(length) - 65, 9);
            assert!(ExtraData::decode(protocol, &other).is_err());
        }
    }
}

#[test]
fn case_20_a_header_of_the_other_side_of_a_fork_is_refused() {
    let mut forge = Forge::new(Family::Ibft, 4);
    forge.config.schedule = vec![(0, Protocol::Ibft), (3, Protocol::Qbft)];
    forge.mine_empty(4);
    advance(&forge, &genesis(&forge), &[bare(&forge, 1), bare(&forge, 2), bare(&forge, 3), last(&forge)])
        .unwrap();
    for from in [2, 4] {
        // Verified by someone who believes in another fork height.
        let mut elsewhere = forge.clone();
        elsewhere.config.schedule[1].0 = from;
        let parts = [bare(&forge, 1), bare(&forge, 2), bare(&forge, 3), last(&forge)];
        assert_eq!(code(&elsewhere, &parts), "header-malformed");
    }
}

#[test]
fn a_seal_of_one_round_does_not_count_in_another() {
    for family in [Family::Qbft, Family::Ibft2] {
        let mut forge = Forge::new(family, 4);
        forge.mine(Plan { round: 1, ..Plan::default() });
        let good = last(&forge);
        assert_eq!(forge.head().extra.round, 1);
        advance(&forge, &genesis(&forge), std::slice::from_ref(&good)).unwrap();
        for round in [0, 2] {
            let header = forge.head().evidence_form(round).unwrap();
            assert_eq!(code(&forge, &[Part { header, ..good.clone() }]), "seal-invalid");
        }
        forge.mine_empty(1);
        let unbound = Part { header: good.header, ..bare(&forge, 1) };
        assert_eq!(code(&forge, &[unbound, last(&forge)]), "unbound-round");
    }
}

#[test]
fn seals_stand_only_where_something_hangs_on_them() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        forge.mine_empty(2);
        let both = [sealed(&forge, 1, &forge.validators), last(&forge)];
        assert_eq!(code(&forge, &both), "seals-useless");
        let inside = Part { header: forge.head().rlp().to_vec(), ..last(&forge) };
        assert_eq!(code(&forge, &[bare(&forge, 1), inside]), "seals-inside-header");
        let state = genesis(&forge);
        let refusal = advance(&forge, &state, &[bare(&forge, 1), bare(&forge, 2)]).unwrap_err();
        assert!(matches!(refusal, Refusal::Sealing { height: 2, .. }), "{refusal}");
        assert_ne!(forge.head().hash, Hash::ZERO);
    }
}
