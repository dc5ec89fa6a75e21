//! Chains, forks and time: cases 1, 18, 21 and 22.

use causeway_protocol::{Address, Family};
use causeway_verifier::bft::{Evidence, SetFault};
use causeway_verifier::forge::{BLOCK_TIME, Forge, GENESIS_TIME, Plan};
use causeway_verifier::prover::{SourceBlock, back_fill, misbehaviour};
use causeway_verifier::{ClientState, EvidenceKind, Misbehaviour, Recorded, Refusal, Verified};

use crate::parts::{FAMILIES, NOW, Part, advance, bare, blocks, client, code, genesis, last, run, sealed};

#[test]
fn case_1_height_0_and_zero_parents_prove_nothing() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        let genesis_again = Part { header: forge.blocks()[0].raw.clone(), ..Part::default() };
        assert_eq!(code(&forge, &[genesis_again]), "not-next-height");
        forge.mine_empty(1);
        let mut orphan = last(&forge);
        let parent = forge.blocks()[0].header.hash;
        let at = orphan.header.windows(32).position(|window| window == parent.0).unwrap();
        orphan.header[at..at + 32].fill(0);
        assert_eq!(code(&forge, &[orphan]), "not-linked-to-head");
        let nothing = Evidence::Run(Vec::new()).encode(family);
        let refusal = client(&forge).advance(&genesis(&forge), &[], None, &nothing, NOW).unwrap_err();
        assert_eq!(refusal.code(), "malformed");
    }
}

#[test]
fn case_18_a_twin_with_the_same_validators_and_genesis_changes_nothing() {
    for family in FAMILIES {
        let mut production = Forge::new(family, 4);
        let mut test = production.clone();
        production.mine(Plan { salt: 1, ..Plan::default() });
        test.mine(Plan { salt: 2, ..Plan::default() });
        production.mine_empty(3);
        test.mine_empty(3);
        assert_eq!(production.blocks()[0].header.hash, test.blocks()[0].header.hash, "one genesis file");
        let anchored = genesis(&production);
        let state =
            advance(&production, &anchored, &[sealed(&production, 1, &production.validators)]).unwrap().state;
        // The twin's headers: perfectly sealed, right heights, right validators.
        let twins = [bare(&test, 2), bare(&test, 3), last(&test)];
        assert_eq!(advance(&production, &state, &twins).unwrap_err().code(), "not-linked-to-head");
        let middle = [bare(&production, 2), bare(&test, 3), last(&test)];
        assert_eq!(advance(&production, &state, &middle).unwrap_err().code(), "not-linked");
        // And as an accusation: its blocks do not descend from the recorded header.
        let sides = [side(&production, 2..=4), side(&test, 2..=4)];
        assert_eq!(misbehaviour(family, &state, sides).unwrap_err().code(), "not-linked-to-head");
        let own = [bare(&production, 2), bare(&production, 3), last(&production)];
        let forged = accuse_by_hand(family, [&own, &twins]);
        let refusals =
            forged.map(|evidence| client(&production).misbehaviour(&state, &evidence, NOW).unwrap_err());
        assert!(refusals.iter().all(|refusal| refusal.code() == "not-linked-to-head"));
    }
}

#[test]
fn case_18_twins_of_one_genesis_file_are_no_misbehaviour_of_an_island_anchored_there() {
    for family in FAMILIES {
        for behind in [1, 3] {
            let (state, production, test) = fork(family, 0, behind);
            let heights = 1..=behind as u64;
            let sides = [side(&production, heights.clone()), side(&test, heights)];
            let evidence = misbehaviour(family, &state, sides).unwrap();
            let refusal = judge(&production, &state, &evidence).unwrap_err();
            assert_eq!(refusal, Refusal::MeetsAtGenesis);
            assert_eq!(refusal.code(), "meets-at-genesis");
        }
        let (state, one, other) = fork(family, 1, 1);
        let evidence = misbehaviour(family, &state, [side(&one, 2..=2), side(&other, 2..=2)]).unwrap();
        judge(&one, &state, &evidence).expect("from the first block on, a fork is one");
    }
}

fn accuse_by_hand(family: Family, [one, other]: [&[Part]; 2]) -> [Vec<u8>; 2] {
    [[one, other], [other, one]].map(|sides| Evidence::Misbehaviour(sides.map(blocks)).encode(family))
}

fn side(forge: &Forge, heights: std::ops::RangeInclusive<u64>) -> Vec<SourceBlock> {
    heights.map(|height| forge.source(height)).collect()
}

#[test]
fn case_21_time_never_goes_backwards_nor_far_ahead() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        forge.mine_empty(1);
        let base = forge.clone();
        let time = base.head().time;
        forge.mine(Plan { time: Some(time - 1), ..Plan::default() });
        assert_eq!(code(&forge, &[bare(&forge, 1), last(&forge)]), "time-before-parent");
        let mut equal = base.clone();
        equal.mine(Plan { time: Some(time), ..Plan::default() });
        advance(&equal, &genesis(&equal), &[bare(&equal, 1), last(&equal)]).unwrap();
        let drift = base.config.clock_drift;
        for (ahead, fine) in [(drift, true), (drift + 1, false)] {
            let mut forge = base.clone();
            forge.mine(Plan { time: Some(NOW + ahead), ..Plan::default() });
            let advanced = advance(&forge, &genesis(&forge), &[bare(&forge, 1), last(&forge)]);
            assert_eq!(advanced.map_err(|refusal| refusal.code()).err(), (!fine).then_some("time-ahead"));
        }
        let mut never = base.clone();
        never.mine(Plan { time: Some(u64::MAX), ..Plan::default() });
        assert_eq!(code(&never, &[bare(&never, 1), last(&never)]), "time-ahead");
    }
}

#[test]
fn case_21_a_head_older_than_the_trusting_period_advances_no_more() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        forge.mine_empty(1);
        let evidence = run(&forge, &[last(&forge)]);
        let end = GENESIS_TIME + forge.config.trusting_period;
        let at = |now| client(&forge).advance(&genesis(&forge), &[], None, &evidence, now);
        at(end).unwrap();
        assert_eq!(at(end + 1).unwrap_err().code(), "trusting-period-over");
        assert_eq!(at(u64::MAX).unwrap_err().code(), "trusting-period-over");
        assert_eq!(at(0).unwrap_err().code(), "time-ahead", "a clock before the chain began");
    }
}

/// A chain of ten blocks, its state, and where they were recorded.
fn recorded(family: Family) -> (Forge, ClientState) {
    let mut forge = Forge::new(family, 4);
    forge.mine_empty(10);
    let state = genesis(&forge);
    let evidence = forge.run(&state);
    let advance = client(&forge).advance(&state, &[], None, &evidence, NOW).unwrap();
    (forge, advance.into_inner().state)
}

#[test]
fn case_21_a_back_fill_proves_older_headers_and_never_moves_the_head() {
    for family in FAMILIES {
        let (forge, state) = recorded(family);
        let evidence = back_fill(family, &forge.config, &side(&forge, 3..=6)).unwrap();
        let at = |height: usize| Recorded { height: height as u64, hash: forge.blocks()[height].header.hash };
        let fill =
            |recorded: Option<&Recorded>| client(&forge).advance(&state, &[], recorded, &evidence, NOW);
        let filled = fill(Some(&at(6))).unwrap();
        assert_eq!((filled.kind, filled.first, filled.last), (EvidenceKind::BackFill, 3, 6));
        assert_eq!(filled.state, state);
        assert_eq!(fill(None).unwrap_err(), Refusal::NotRecorded(6));
        assert_eq!(fill(Some(&at(5))).unwrap_err(), Refusal::NotRecorded(6));
        let wrong = Recorded { height: 6, hash: at(5).hash };
        assert_eq!(fill(Some(&wrong)).unwrap_err().code(), "recorded-differs");
    }
}

#[test]
fn case_21_a_back_fill_carries_no_seals_and_has_no_gaps() {
    for family in FAMILIES {
        let (forge, state) = recorded(family);
        let recorded = Recorded { height: 6, hash: forge.blocks()[6].header.hash };
        let fill = |parts: &[Part]| {
            let evidence = Evidence::BackFill(blocks(parts)).encode(family);
            client(&forge).advance(&state, &[], Some(&recorded), &evidence, NOW).map(|advance| advance.last)
        };
        assert_eq!(fill(&[bare(&forge, 5), bare(&forge, 6)]), Ok(6));
        let sealed = sealed(&forge, 6, &forge.validators);
        assert_eq!(fill(&[bare(&forge, 5), sealed]).unwrap_err().code(), "seals-useless");
        assert_eq!(fill(&[bare(&forge, 4), bare(&forge, 6)]).unwrap_err().code(), "not-next-height");
        let mut other = Forge::new(family, 4);
        other.mine(Plan { salt: 9, ..Plan::default() });
        other.mine_empty(4);
        assert_eq!(fill(&[bare(&other, 5), bare(&forge, 6)]).unwrap_err().code(), "not-linked");
    }
}

/// Two branches of `behind` blocks each behind `common` blocks, and the state after those.
fn fork(family: Family, common: usize, behind: usize) -> (ClientState, Forge, Forge) {
    let mut one = Forge::new(family, 4);
    one.mine_empty(common);
    let state = genesis(&one);
    let state = if common == 0 {
        state
    } else {
        let evidence = one.run(&state);
        client(&one).advance(&state, &[], None, &evidence, NOW).unwrap().into_inner().state
    };
    let mut other = one.clone();
    for _ in 0..behind {
        one.mine(Plan { salt: 1, ..Plan::default() });
        other.mine(Plan { salt: 2, ..Plan::default() });
    }
    (state, one, other)
}

fn judge(forge: &Forge, state: &ClientState, evidence: &[u8]) -> Result<Verified<Misbehaviour>, Refusal> {
    client(forge).misbehaviour(state, evidence, NOW)
}

#[test]
fn case_22_two_sealed_blocks_at_one_height_freeze_the_client_for_good() {
    for family in FAMILIES {
        for behind in [1, 3] {
            let (state, one, other) = fork(family, 2, behind);
            let heights = 3..=2 + behind as u64;
            let sides = [side(&one, heights.clone()), side(&other, heights.clone())];
            let evidence = misbehaviour(family, &state, sides.clone()).unwrap();
            let [first, second] = sides;
            let reversed = misbehaviour(family, &state, [second, first]).unwrap();
            assert_eq!(evidence, reversed, "one accusation has one form");
            let span = client(&one).inspect(&evidence).unwrap();
            assert_eq!((span.kind, span.first, span.last), (EvidenceKind::Misbehaviour, 3, *heights.end()));
            assert_eq!(span.parent, one.blocks()[2].header.hash);
            let proven = judge(&one, &state, &evidence).unwrap();
            let mut blocks = [one.head().hash, other.head().hash];
            blocks.sort();
            assert_eq!((proven.meeting, proven.height, proven.blocks), (2, *heights.end(), blocks));
            let frozen = client(&one).freeze(&state, &proven).unwrap();
            assert!(client(&one).summary(&frozen).unwrap().frozen);
            assert_eq!(
                client(&one).freeze(&frozen, &proven).unwrap(),
                frozen,
                "freezing twice is freezing once"
            );
            let evidence_of_one = run(&one, &[last(&one)]);
            let refusal = client(&one).advance(&frozen, &[], None, &evidence_of_one, NOW).unwrap_err();
            assert_eq!(refusal, Refusal::Frozen);
            judge(&one, &frozen, &evidence).unwrap();
        }
    }
}

#[test]
fn case_22_one_block_sealed_in_two_rounds_is_no_misbehaviour() {
    for family in [Family::Qbft, Family::Ibft2] {
        let (state, mut one, mut other) = fork(family, 2, 0);
        one.mine(Plan { round: 0, ..Plan::default() });
        other.mine(Plan { round: 3, ..Plan::default() });
        assert_eq!(one.head().hash, other.head().hash);
        assert_ne!(one.head().seal_digest, other.head().seal_digest);
        for evidence in accuse_by_hand(family, [&[last(&one)], &[last(&other)]]) {
            assert_eq!(judge(&one, &state, &evidence).unwrap_err(), Refusal::SameBlock(one.head().hash));
        }
    }
}

#[test]
fn case_22_half_an_accusation_is_none() {
    for family in FAMILIES {
        let (state, one, other) = fork(family, 2, 2);
        let good = [[bare(&one, 3), last(&one)], [bare(&other, 3), last(&other)]];
        let refused = |sides: [&[Part]; 2]| {
            let [straight, reversed] =
                accuse_by_hand(family, sides).map(|e| judge(&one, &state, &e).unwrap_err());
            assert_eq!(straight.code(), reversed.code());
            straight.code()
        };
        let unsealed = [bare(&other, 3), bare(&other, 4)];
        assert_eq!(refused([&good[0], &unsealed]), "unsealed");
        let shorter = [sealed(&other, 3, &other.validators)];
        assert_eq!(refused([&good[0], &shorter]), "different-heights");
        let codes = accuse_by_hand(family, [&good[0], &good[1]])
            .map(|evidence| judge(&one, &state, &evidence).map_err(|refusal| refusal.code()).err());
        assert!(codes.contains(&None) && codes.contains(&Some("side-order")), "in one order only");
        let end = one.blocks()[2].header.time + one.config.trusting_period;
        let evidence = misbehaviour(family, &state, [side(&one, 3..=4), side(&other, 3..=4)]).unwrap();
        client(&one).misbehaviour(&state, &evidence, end).unwrap();
        let late = client(&one).misbehaviour(&state, &evidence, end + 1).unwrap_err();
        assert_eq!(late.code(), "trusting-period-over");
        let as_run = client(&one).advance(&state, &[], None, &evidence, NOW).unwrap_err();
        assert_eq!(as_run.code(), "wrong-kind");
        let run = run(&one, &[bare(&one, 3), last(&one)]);
        assert_eq!(judge(&one, &state, &run).unwrap_err().code(), "wrong-kind");
    }
}

#[test]
fn case_22_the_sides_of_a_fork_whose_validators_changed_are_judged_by_their_own_sets() {
    for family in FAMILIES {
        let (state, one, mut other) = fork(family, 2, 1);
        let attackers: Vec<Address> = (90..94).map(|number| other.key(number)).collect();
        let mut honest = one.clone();
        honest.mine_empty(1);
        other.set_validators(attackers);
        other.mine_empty(1);
        let sides = [side(&honest, 3..=4), side(&other, 3..=4)];
        let refusal = misbehaviour(family, &state, sides).unwrap_err();
        assert_eq!(refusal, Refusal::Set { height: 4, fault: SetFault::Jump { added: 4, removed: 4 } });
    }
}

#[test]
fn a_run_that_begins_elsewhere_than_behind_the_head_is_refused() {
    for family in FAMILIES {
        let (forge, state) = recorded(family);
        assert_eq!(advance(&forge, &state, &[last(&forge)]).unwrap_err().code(), "not-next-height", "again");
        let mut ahead = forge.clone();
        ahead.mine_empty(2);
        assert_eq!(advance(&ahead, &state, &[last(&ahead)]).unwrap_err().code(), "not-next-height", "a gap");
        assert_eq!(ahead.head().time, GENESIS_TIME + 12 * BLOCK_TIME);
    }
}
