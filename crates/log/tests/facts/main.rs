//! Facts have one form, and every byte of it counts.

#![allow(clippy::unwrap_used)] // a test may panic

mod strategies;

use std::collections::BTreeSet;

use causeway_log::fact::{GatewayRegistered, IslandChanged};
use causeway_log::{Entry, Fact, FactKind, Salt};
use causeway_protocol::{DecodeError, GatewayId, IslandId, Writer};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use self::strategies::facts;

proptest! {
    #[test]
    fn every_fact_comes_back_from_its_bytes(fact in facts()) {
        prop_assert_eq!(Fact::decode(&fact.encode()), Ok(fact));
    }

    #[test]
    fn a_changed_byte_is_refused_or_another_fact(fact in facts(), at: prop::sample::Index, flip in 1u8..) {
        let good = fact.encode();
        let mut bad = good.clone();
        let at = at.index(bad.len());
        bad[at] ^= flip;
        if let Ok(other) = Fact::decode(&bad) {
            prop_assert_ne!(&other, &fact);
            prop_assert_eq!(other.encode(), bad.clone());
        }
        let entry = Entry::new(fact.kind(), Salt([1; 32]), &good);
        prop_assert!(!entry.commits_to(Salt([1; 32]), &bad));
        prop_assert!(Fact::decode(&good[..at]).is_err());
        prop_assert!(Fact::decode(&[&good[..], &[0]].concat()).is_err());
    }

    #[test]
    fn what_is_read_is_written_the_same(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(fact) = Fact::decode(&bytes) {
            prop_assert_eq!(fact.encode(), bytes);
        }
    }
}

#[test]
fn an_entry_shows_what_its_fact_is_about() {
    let changed = |change: &str| {
        Fact::from(IslandChanged {
            island: IslandId([1; 32]),
            position: 1,
            change: change.into(),
            actor: String::new(),
            reason: String::new(),
            at: 0,
        })
    };
    let kinds =
        ["approved", "frozen", "suspended", "resumed", "retired"].map(|change| changed(change).kind());
    let policy = FactKind::PolicyChange;
    assert_eq!(kinds, [FactKind::Approval, FactKind::Freeze, policy, policy, policy]);
}

#[test]
fn a_fact_is_the_bytes_that_formats_says() {
    let (gateway, island) = (GatewayId([1; 32]), IslandId([2; 32]));
    let fact = Fact::from(GatewayRegistered { gateway, island, address: vec![3; 2], at: 5 });
    let expected = [&[1, 0xf8, 0x47, 2, 0xa0][..], &[1; 32], &[0xa0], &[2; 32], &[0x82, 3, 3, 5]].concat();
    assert_eq!(fact.encode(), expected);
}

#[test]
fn every_form_is_tried_above() {
    let mut runner = TestRunner::deterministic();
    let forms = (0..2000).map(|_| facts().new_tree(&mut runner).unwrap().current().form());
    let tried: BTreeSet<u8> = forms.collect();
    assert_eq!(tried, Fact::FORMS.iter().copied().collect(), "a form has no strategy");
    assert_eq!(tried.len(), Fact::FORMS.len(), "two forms have one number");
}

#[test]
fn a_form_that_no_fact_has_is_refused() {
    for form in [0, 200, 255, 256, u64::MAX] {
        let refused = Fact::decode(&Writer::new().uint(form).versioned(1)).unwrap_err();
        assert!(matches!(refused, DecodeError::Value { what: "form", .. }), "{form}: {refused}");
    }
}
