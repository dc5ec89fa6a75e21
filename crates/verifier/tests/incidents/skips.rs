//! Skips: cases 10, 16, 18, 19, 21, 22 and 23 for evidence without the headers between.

use causeway_protocol::{Address, Family};
use causeway_verifier::bft::{Block, Evidence, SealingFault, SetFault, SetProof, Skip, SkipFault, quorum};
use causeway_verifier::forge::{BLOCK_TIME, Forge, GENESIS_TIME, Plan};
use causeway_verifier::prover::{self, misbehaviour};
use causeway_verifier::{
    Advance, Anchored, ClientState, Gateway, LightClient, Misbehaviour, Recorded, Refusal, Skipped, Span,
    Summary, Verified,
};

use crate::parts::{FAMILIES, NOW, Part, advance, bare, block, client, genesis, last, run, sealed};

fn evidence(family: Family, block: Block<'_>) -> Vec<u8> {
    Evidence::Skip(Box::new(Skip { parent: None, block })).encode(family)
}

/// A skip from `state` to the block that `part` is.
fn skip_to(forge: &Forge, state: &ClientState, part: &Part) -> Result<Skipped, Refusal> {
    let bytes = evidence(forge.config.family, block(part));
    client(forge).skip(state, &bytes, NOW).map(Verified::into_inner)
}

/// A skip from the genesis block to the newest one.
fn skip(forge: &Forge) -> Result<Skipped, Refusal> {
    skip_to(forge, &genesis(forge), &last(forge))
}

/// A chain of `n` validators of which `kept` stay on beside `joined` newcomers, at block 5.
fn replaced(family: Family, n: u64, kept: usize, joined: u64) -> Forge {
    let mut forge = Forge::new(family, n);
    forge.mine_empty(4);
    let newcomers: Vec<Address> = (0..joined).map(|number| forge.key(100 + number)).collect();
    forge.set_validators([&forge.validators[..kept], &newcomers].concat());
    forge.mine_empty(1);
    forge
}

#[test]
fn a_skip_leads_to_where_linked_runs_lead() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        forge.mine_empty(5);
        let newcomer = forge.key(9);
        forge.set_validators([&forge.validators[..], &[newcomer]].concat());
        forge.mine_empty(5);
        let state = genesis(&forge);
        let walked = client(&forge).advance(&state, &[], None, &forge.run(&state), NOW).unwrap().into_inner();
        let skipped = skip(&forge).unwrap();
        let summary = |state| client(&forge).summary(state).unwrap();
        assert_eq!(summary(&skipped.state), summary(&walked.state));
        assert_eq!(Some(&skipped.header), walked.headers.last());
        forge.mine_empty(3);
        let beyond = client(&forge).advance(&skipped.state, &[], None, &forge.run(&skipped.state), NOW);
        assert_eq!(beyond.unwrap().last, 13, "and linked runs go on from it");
    }
}

#[test]
fn case_16_an_overlap_of_f_of_the_trusted_validators_is_refused_and_of_f_plus_one_enough() {
    for family in FAMILIES {
        for f in 0..=3usize {
            let n = 3 * f + 1;
            let short = replaced(family, n as u64, f, 2);
            let fault = SkipFault::OverlapShort { came: f, trusted: n };
            assert_eq!(skip(&short).unwrap_err(), Refusal::Skip { height: 5, fault });
            assert_eq!(skip(&replaced(family, n as u64, f + 1, 2)).unwrap().header.height, 5);
        }
    }
}

#[test]
fn case_16_a_third_is_never_rounded() {
    for n in 1..=9usize {
        let carries = |kept| skip(&replaced(Family::Qbft, n as u64, kept, 2)).is_ok();
        let least = (0..=n).find(|kept| carries(*kept)).unwrap();
        assert!(3 * least > n && 3 * (least - 1) <= n, "{least} of {n}");
        assert!((least..=n).all(carries));
    }
    let fault = SkipFault::OverlapShort { came: 1, trusted: 3 };
    let exactly = skip(&replaced(Family::Qbft, 3, 1, 2)).unwrap_err();
    assert_eq!(exactly, Refusal::Skip { height: 5, fault }, "exactly a third is not more");
    assert_eq!(exactly.code(), "skip-overlap-short");
}

#[test]
fn case_16_a_trusted_validator_that_is_listed_and_does_not_seal_vouches_for_nothing() {
    for family in FAMILIES {
        // 4 of 12 are trusted; the 8 newcomers are a quorum by themselves.
        let forge = replaced(family, 4, 4, 8);
        let trusted = Forge::new(family, 4).validators;
        let (old, new): (Vec<usize>, Vec<usize>) =
            (0..12).partition(|place| trusted.contains(&forge.validators[*place]));
        assert_eq!(new.len(), quorum(12));
        for sealing in 0..=4 {
            let mut forge = forge.clone();
            let sealers = [&new[..], &old[..sealing]].concat();
            forge.mine(Plan { sealers: Some(sealers), ..Plan::default() });
            let refusal = skip(&forge).err();
            let fault = SkipFault::OverlapShort { came: sealing, trusted: 4 };
            assert_eq!(refusal, (sealing < 2).then_some(Refusal::Skip { height: 6, fault }));
        }
    }
}

#[test]
fn case_16_a_skip_to_a_set_of_the_attackers_choice_is_refused() {
    for family in FAMILIES {
        let forge = replaced(family, 4, 0, 4);
        let fault = SkipFault::OverlapShort { came: 0, trusted: 4 };
        assert_eq!(skip(&forge).unwrap_err(), Refusal::Skip { height: 5, fault });
    }
}

#[test]
fn case_2_a_skip_needs_a_quorum_of_the_new_set_however_many_trusted_ones_sealed() {
    for family in FAMILIES {
        let forge = replaced(family, 4, 4, 5);
        let trusted = Forge::new(family, 4).validators;
        let mut sealers: Vec<usize> =
            (0..9).filter(|place| trusted.contains(&forge.validators[*place])).collect();
        sealers.push((0..9).find(|place| !sealers.contains(place)).unwrap());
        let mut forge = forge.clone();
        forge.mine(Plan { sealers: Some(sealers.clone()), ..Plan::default() });
        let fault = SealingFault::TwoFPlusOne { expected: 6, came: 5, validators: 9 };
        assert_eq!(skip(&forge).unwrap_err(), Refusal::Sealing { height: 6, fault });
        sealers.pop();
        forge.mine(Plan { sealers: Some(sealers), ..Plan::default() });
        let fault = SealingFault::QuorumShort { expected: 6, came: 4, validators: 9 };
        assert_eq!(skip(&forge).unwrap_err(), Refusal::Sealing { height: 7, fault });
        assert_eq!(skip_to(&forge, &genesis(&forge), &bare(&forge, 5)).unwrap_err().code(), "quorum-short");
    }
}

#[test]
fn case_10_and_19_a_skip_takes_each_seal_once_low_s_and_in_order() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        forge.mine_empty(6);
        let spoiled = |spoil: &dyn Fn(&mut Vec<u8>)| {
            let mut part = last(&forge);
            spoil(&mut part.seals);
            skip_to(&forge, &genesis(&forge), &part).unwrap_err().code()
        };
        assert_eq!(spoiled(&|seals| seals.copy_within(..65, 65)), "seals-order");
        assert_eq!(spoiled(&|seals| seals.rotate_left(65)), "seals-order");
        assert_eq!(spoiled(&|seals| seals[65 * 3] = 4), "seal-index");
        assert_eq!(spoiled(&|seals| seals.truncate(259)), "seals-length");
        assert_eq!(spoiled(&|seals| crate::seals::malleate(&mut seals[..65])), "seal-high-s");
        assert_eq!(spoiled(&|seals| seals[20] ^= 1), "seal-invalid");
    }
}

#[test]
fn case_18_a_skip_does_not_tell_twins_apart_and_so_never_advances_a_client() {
    for family in FAMILIES {
        let mut production = Forge::new(family, 4);
        let mut test = production.clone();
        production.mine(Plan { salt: 1, ..Plan::default() });
        test.mine(Plan { salt: 2, ..Plan::default() });
        production.mine_empty(9);
        test.mine_empty(9);
        let start = [sealed(&production, 1, &production.validators)];
        let state = advance(&production, &genesis(&production), &start).unwrap().state;

        let astray = skip_to(&production, &state, &last(&test)).unwrap();
        assert_eq!(astray.header.hash, test.head().hash, "the same validators sealed it");
        let bytes = evidence(family, block(&last(&test)));
        let refusal = client(&production).advance(&state, &[], None, &bytes, NOW).unwrap_err();
        assert_eq!((refusal.code(), refusal), ("skip-never-advances", Refusal::SkipNeverAdvances));

        // Whoever went astray finds no way back.
        production.mine_empty(1);
        let back = advance(&production, &astray.state, &[last(&production)]).unwrap_err();
        assert_eq!(back.code(), "not-linked-to-head");
        // Where a link is at hand, it has to hold.
        let next = skip_to(&production, &state, &sealed(&test, 2, &test.validators)).unwrap_err();
        assert_eq!(next.code(), "not-linked-to-head");
        skip_to(&production, &state, &sealed(&production, 2, &production.validators)).unwrap();
    }
}

#[test]
fn case_21_a_skip_leads_up_and_forward_in_time_and_starts_within_the_trusting_period() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        forge.mine_empty(3);
        let state = advance(&forge, &genesis(&forge), &[bare(&forge, 1), bare(&forge, 2), last(&forge)]);
        let state = state.unwrap().state;
        for height in [1, 3] {
            let part = sealed(&forge, height, &forge.validators);
            let fault = SkipFault::NotAbove(3);
            let expected = Refusal::Skip { height: height as u64, fault };
            assert_eq!(skip_to(&forge, &state, &part).unwrap_err(), expected);
        }
        let trusted = GENESIS_TIME + 3 * BLOCK_TIME;
        forge.mine_empty(1);
        let mut late = forge.clone();
        late.mine(Plan { time: Some(trusted - 1), ..Plan::default() });
        let fault = SkipFault::BeforeTrusted { trusted, came: trusted - 1 };
        assert_eq!(skip_to(&late, &state, &last(&late)).unwrap_err(), Refusal::Skip { height: 5, fault });
        late.mine(Plan { time: Some(trusted), ..Plan::default() });
        skip_to(&late, &state, &last(&late)).unwrap();

        let (latest, mut early) = (NOW + forge.config.clock_drift, forge.clone());
        early.mine(Plan { time: Some(latest + 1), ..Plan::default() });
        let ahead = Refusal::TimeAhead { height: 5, latest, came: latest + 1 };
        assert_eq!(skip_to(&early, &state, &last(&early)).unwrap_err(), ahead);

        let bytes = evidence(family, block(&last(&forge)));
        let over = trusted + forge.config.trusting_period;
        client(&forge).skip(&state, &bytes, over).unwrap();
        let refusal = client(&forge).skip(&state, &bytes, over + 1).unwrap_err();
        assert_eq!(refusal.code(), "trusting-period-over");
    }
}

#[test]
fn case_22_nothing_skips_from_a_frozen_client() {
    for family in FAMILIES {
        let mut one = Forge::new(family, 4);
        one.mine_empty(1);
        let state = advance(&one, &genesis(&one), &[last(&one)]).unwrap().state;
        let mut other = one.clone();
        one.mine(Plan { salt: 1, ..Plan::default() });
        other.mine(Plan { salt: 2, ..Plan::default() });
        let accusation = misbehaviour(family, &state, [vec![one.source(2)], vec![other.source(2)]]).unwrap();
        let proven = client(&one).misbehaviour(&state, &accusation, NOW).unwrap();
        let frozen = client(&one).freeze(&state, &proven).unwrap();
        one.mine_empty(4);
        assert_eq!(skip_to(&one, &frozen, &last(&one)).unwrap_err(), Refusal::Frozen);
        skip_to(&one, &state, &last(&one)).unwrap();
    }
}

#[test]
fn case_23_what_a_skip_has_no_use_for_is_refused() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        forge.mine_empty(6);
        let (state, parent, part) = (genesis(&forge), bare(&forge, 5), last(&forge));
        let judge = |skip: Skip<'_>| {
            let bytes = Evidence::Skip(Box::new(skip)).encode(family);
            client(&forge).skip(&state, &bytes, NOW).unwrap_err()
        };
        let unasked = Skip { parent: Some(block(&parent)), block: block(&part) };
        let fault = SkipFault::ParentUnexpected;
        assert_eq!(judge(unasked), Refusal::Skip { height: 6, fault });
        let set = Some(SetProof::default());
        let proof = Skip { parent: None, block: Block { set, ..block(&part) } };
        assert_eq!(judge(proof), Refusal::Set { height: 6, fault: SetFault::ProofUnexpected });
        let receipts = Some(causeway_verifier::bft::ReceiptsProof::default());
        let receipts = Skip { parent: None, block: Block { receipts, ..block(&part) } };
        assert_eq!(judge(receipts).code(), "receipts-useless");
    }
}

#[test]
fn each_kind_of_evidence_is_taken_where_it_belongs_and_nowhere_else() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        forge.mine_empty(2);
        let (client, state) = (client(&forge), genesis(&forge));
        let skip = prover::skip(family, &state, None, &forge.source(2)).unwrap();
        let kind = |expected, came| Refusal::Kind { expected, came };
        let accused = client.misbehaviour(&state, &skip, NOW).unwrap_err();
        assert_eq!(accused, kind("3 misbehaviour", 4));
        let run = run(&forge, &[bare(&forge, 1), last(&forge)]);
        assert_eq!(client.skip(&state, &run, NOW).unwrap_err(), kind("4 skip", 1));
        let back_fill = prover::back_fill(family, &forge.config, &[forge.source(2)]).unwrap();
        assert_eq!(client.skip(&state, &back_fill, NOW).unwrap_err(), kind("4 skip", 2));
        client.skip(&state, &skip, NOW).unwrap();
        let span = client.inspect(&skip).unwrap();
        assert_eq!((span.first, span.last, span.parent), (2, 2, forge.blocks()[1].header.hash));
    }
}

#[test]
fn a_builder_refuses_what_the_light_client_would() {
    for family in FAMILIES {
        let short = replaced(family, 4, 1, 3);
        let refusal = prover::skip(family, &genesis(&short), None, &short.source(5)).unwrap_err();
        assert_eq!(Some(refusal), skip(&short).err());
        let mut unsealed = Forge::new(family, 4);
        unsealed.mine(Plan { sealers: Some(vec![0, 1]), ..Plan::default() });
        let refusal = prover::skip(family, &genesis(&unsealed), None, &unsealed.source(1)).unwrap_err();
        assert_eq!(Some(refusal), skip(&unsealed).err());
    }
}

/// A light client of a family that has nothing to say about skips, otherwise like another's.
struct WithoutSkips(&'static dyn LightClient);

impl LightClient for WithoutSkips {
    fn family(&self) -> Family {
        self.0.family()
    }

    fn anchor(&self, anchor: &[u8]) -> Result<Verified<Anchored>, Refusal> {
        self.0.anchor(anchor)
    }

    fn inspect(&self, evidence: &[u8]) -> Result<Span, Refusal> {
        self.0.inspect(evidence)
    }

    fn summary(&self, state: &ClientState) -> Result<Summary, Refusal> {
        self.0.summary(state)
    }

    fn advance(
        &self,
        state: &ClientState,
        gateways: &[Gateway],
        recorded: Option<&Recorded>,
        evidence: &[u8],
        now: u64,
    ) -> Result<Verified<Advance>, Refusal> {
        self.0.advance(state, gateways, recorded, evidence, now)
    }

    fn misbehaviour(
        &self,
        meeting: &ClientState,
        evidence: &[u8],
        now: u64,
    ) -> Result<Verified<Misbehaviour>, Refusal> {
        self.0.misbehaviour(meeting, evidence, now)
    }

    fn freeze(&self, state: &ClientState, because: &Verified<Misbehaviour>) -> Result<ClientState, Refusal> {
        self.0.freeze(state, because)
    }
}

#[test]
fn a_family_that_does_not_say_how_it_skips_does_not() {
    let mut forge = Forge::new(Family::Qbft, 4);
    forge.mine_empty(3);
    let state = genesis(&forge);
    let evidence = prover::skip(Family::Qbft, &state, None, &forge.source(3)).unwrap();
    client(&forge).skip(&state, &evidence, NOW).unwrap();
    let refusal = WithoutSkips(client(&forge)).skip(&state, &evidence, NOW).unwrap_err();
    assert_eq!((refusal.code(), refusal), ("no-skips", Refusal::NoSkips(Family::Qbft)));
}
