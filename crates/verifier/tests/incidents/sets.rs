//! Validator sets: cases 1 and 16.

use causeway_protocol::{Address, Family};
use causeway_verifier::bft::{Anchor, ExtraData, ExtraForm, HeaderFields};
use causeway_verifier::forge::{Forge, Plan};
use causeway_verifier::light_client;

use crate::parts::{FAMILIES, advance, bare, client, code, genesis, last, sealed};

#[test]
fn case_1_an_anchor_without_validators_is_refused() {
    for family in FAMILIES {
        let forge = Forge::new(family, 1);
        for (validators, code) in [
            (vec![], "no-validators"),
            (vec![Address::ZERO], "validator-zero"),
            (vec![Address([1; 20]), Address([1; 20])], "validator-twice"),
        ] {
            let extra = ExtraData { validators, ..ExtraData::default() };
            let extra = extra.encode(forge.config.protocol(0), ExtraForm::Sealed);
            let header = HeaderFields { extra, ..HeaderFields::default() }.encode();
            let anchor = Anchor { config: forge.config.clone(), header: &header, set: None }.encode();
            assert_eq!(client(&forge).anchor(&anchor).unwrap_err().code(), code);
        }
    }
}

#[test]
fn case_1_a_header_that_lists_nobody_or_somebody_twice_is_refused() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 2);
        let first = forge.validators[0];
        for (listed, expected) in [
            (vec![], "no-validators"),
            (vec![first, first], "validator-twice"),
            (vec![Address::ZERO, first], "validator-zero"),
        ] {
            let mut forge = forge.clone();
            forge.mine(Plan { listed: Some(listed), ..Plan::default() });
            assert_eq!(code(&forge, &[last(&forge)]), expected);
        }
        forge.mine_empty(1);
        advance(&forge, &genesis(&forge), &[last(&forge)]).unwrap();
    }
}

#[test]
fn case_16_a_set_of_the_attackers_choice_is_refused() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        let attackers: Vec<Address> = (50..54).map(|number| forge.key(number)).collect();
        forge.set_validators(attackers);
        forge.mine_empty(1);
        assert_eq!(code(&forge, &[last(&forge)]), "validator-set-jump");
    }
}

#[test]
fn case_16_two_addresses_changed_at_once() {
    for family in FAMILIES {
        let honest = Forge::new(family, 4);
        let set = honest.validators.clone();
        let mut forge = honest.clone();
        let [one, two] = [60, 61].map(|number| forge.key(number));
        let joined = [&set[..], &[one, two]].concat();
        let swapped = [&set[1..], &[one]].concat();
        for next in [joined, swapped, set[2..].to_vec()] {
            let mut forge = forge.clone();
            forge.set_validators(next);
            forge.mine_empty(1);
            assert_eq!(code(&forge, &[last(&forge)]), "validator-set-jump");
        }
        for next in [[&set[..], &[one]].concat(), set[1..].to_vec()] {
            let mut forge = forge.clone();
            forge.set_validators(next);
            forge.mine_empty(1);
            let advance = advance(&forge, &genesis(&forge), &[last(&forge)]).unwrap();
            let summary = client(&forge).summary(&advance.state).unwrap();
            let now: Vec<Vec<u8>> = forge.validators.iter().map(|address| address.0.to_vec()).collect();
            assert_eq!(summary.validators, now);
        }
    }
}

#[test]
fn case_16_a_changed_set_needs_its_own_quorum_and_the_old_one_seals_its_last_header() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        let old = forge.validators.clone();
        forge.mine_empty(2);
        let newcomer = forge.key(70);
        forge.set_validators([&old[..], &[newcomer]].concat());
        forge.mine_empty(2);
        let (b1, b2, b3) = (bare(&forge, 1), sealed(&forge, 2, &old), bare(&forge, 3));
        let whole = [b1.clone(), b2.clone(), b3.clone(), last(&forge)];
        assert_eq!(advance(&forge, &genesis(&forge), &whole).unwrap().last, 4);

        let unsealed_end = [b1.clone(), bare(&forge, 2), b3.clone(), last(&forge)];
        assert_eq!(code(&forge, &unsealed_end), "unsealed");

        let mut short = forge.clone();
        let place = short.validators.iter().position(|address| *address == newcomer).unwrap();
        let others: Vec<usize> = (0..5).filter(|other| *other != place).collect();
        short.mine(Plan { sealers: Some(others[..3].to_vec()), ..Plan::default() });
        let b4 = bare(&forge, 4);
        let parts = [b1, b2, b3, b4, last(&short)];
        assert_eq!(
            code(&short, &parts),
            "two-f-plus-one-quorum",
            "a quorum of the old set is none of the new"
        );
    }
}

#[test]
fn a_set_walks_from_four_to_eight_and_back_in_one_run() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        let mut set = forge.validators.clone();
        for number in 80..84 {
            set.push(forge.key(number));
            forge.set_validators(set.clone());
            forge.mine_empty(2);
        }
        while set.len() > 4 {
            set.remove(0);
            forge.set_validators(set.clone());
            forge.mine_empty(2);
        }
        let state = genesis(&forge);
        let evidence = forge.run(&state);
        let client = light_client(family).unwrap();
        let advance = client.advance(&state, &[], None, &evidence, crate::parts::NOW).unwrap();
        assert_eq!(advance.headers.len(), 16);
        assert_eq!(client.summary(&advance.state).unwrap().validators.len(), 4);
    }
}

/// How many members of the set before have to seal a change of it: with the fewest that the rules take, all others being newcomers.
fn fewest_old_sealers(family: Family, before: u64, joins: bool) -> Option<usize> {
    let mut forge = Forge::new(family, before);
    forge.mine_empty(1);
    let old = forge.validators.clone();
    let newcomer = forge.key(90);
    forge.set_validators(if joins { [&old[..], &[newcomer]].concat() } else { old[1..].to_vec() });
    let set = forge.validators.clone();
    let (new, veterans): (Vec<usize>, Vec<usize>) = (0..set.len()).partition(|place| set[*place] == newcomer);
    (0..=veterans.len()).find(|count| {
        let mut forge = forge.clone();
        let sealers = [&new[..], &veterans[..*count]].concat();
        forge.mine(Plan { sealers: Some(sealers), ..Plan::default() });
        let parts = [sealed(&forge, 1, &old), last(&forge)];
        advance(&forge, &genesis(&forge), &parts).is_ok()
    })
}

#[test]
fn case_16_a_change_needs_one_more_of_the_old_set_than_may_be_faulty_and_of_two_that_is_one() {
    for family in FAMILIES {
        let joins = [1, 2, 3, 4, 5, 6, 7].map(|before| fewest_old_sealers(family, before, true));
        assert_eq!(joins, [1, 1, 2, 3, 3, 4, 5].map(Some), "somebody joins");
        let leaves = [2, 3, 4, 5, 6, 7].map(|before| fewest_old_sealers(family, before, false));
        assert_eq!(leaves, [1, 2, 2, 3, 4, 4].map(Some), "somebody leaves");
    }
}
