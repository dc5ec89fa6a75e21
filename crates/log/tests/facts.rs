//! Facts have one form, and every byte of it counts.

#![allow(clippy::unwrap_used)] // a test may panic

use causeway_log::{Entry, EventFact, Fact, FactKind, Salt};
use causeway_protocol::{Address, GatewayId, Hash, IslandId, Signature};
use proptest::option;
use proptest::prelude::*;

fn facts() -> impl Strategy<Value = Fact> {
    let hash = || any::<[u8; 32]>().prop_map(Hash);
    let text = "[a-zé-]{0,12}";
    let block = || prop::collection::vec(any::<u8>(), 1..64);
    let signature = || any::<[[u8; 13]; 5]>().prop_map(|parts| Signature(parts.concat().try_into().unwrap()));
    let address = || any::<[u8; 20]>().prop_map(Address);
    let registered = (hash(), text, text, hash(), block(), any::<u64>(), hash(), any::<u64>()).prop_map(
        |(island, name, family, fingerprint, anchor, height, digest, at)| {
            let island = island.into();
            Fact::IslandRegistered { island, name, family, fingerprint, anchor, height, digest, at }
        },
    );
    let gateway = (hash(), hash(), block(), any::<u64>()).prop_map(|(gateway, island, address, at)| {
        Fact::GatewayRegistered { gateway: gateway.into(), island: island.into(), address, at }
    });
    let changed = (hash(), any::<u64>(), "approved|frozen|retired", text, text, any::<u64>()).prop_map(
        |(island, position, change, actor, reason, at)| Fact::IslandChanged {
            island: island.into(),
            position,
            change,
            actor,
            reason,
            at,
        },
    );
    let suspended = (hash(), any::<u64>(), text, any::<u64>(), hash(), any::<u64>()).prop_map(
        |(gateway, position, reason, number, evidence, at)| Fact::GatewaySuspended {
            gateway: gateway.into(),
            position,
            reason,
            number,
            evidence,
            at,
        },
    );
    let evidence = (any::<[u64; 5]>(), hash(), hash(), text, address(), signature()).prop_map(
        |([sequence, first, last, events, at], island, digest, kind, relayer, signature)| {
            let island = island.into();
            Fact::EvidenceRecorded {
                sequence,
                island,
                digest,
                kind,
                first,
                last,
                events,
                relayer,
                signature,
                at,
            }
        },
    );
    let options =
        (option::of(hash()), option::of(any::<bool>()), option::of(any::<u8>()), option::of(hash()));
    let event = (hash(), any::<[u64; 6]>(), text, options, block(), hash()).prop_map(
        |(gateway, [number, height, transaction, log, time, at], event, options, block, evidence)| {
            let (subject, success, outcome, result) = options;
            let gateway = gateway.into();
            Fact::GatewayEvent(EventFact {
                gateway,
                number,
                event,
                subject,
                success,
                outcome,
                result,
                height,
                block,
                transaction,
                log,
                time,
                evidence,
                at,
            })
        },
    );
    let misbehaviour = (hash(), hash(), any::<[u64; 3]>(), block(), block()).prop_map(
        |(island, digest, [meeting, height, at], first, second)| Fact::MisbehaviourProven {
            island: island.into(),
            digest,
            meeting,
            height,
            blocks: [first, second],
            at,
        },
    );
    let admitted = (
        any::<[u8; 16]>(),
        text,
        text,
        option::of(address()),
        option::of(hash()),
        any::<bool>(),
        any::<u64>(),
    )
        .prop_map(|(token, name, role, address, island, held_by_hub, at)| {
            let island = island.map(IslandId::from);
            Fact::TokenAdmitted { token, name, role, address, island, held_by_hub, at }
        });
    let revoked = (any::<[u8; 16]>(), text, any::<u64>()).prop_map(|(token, actor, at)| Fact::TokenRevoked {
        token,
        actor,
        at,
    });
    let attested = (hash(), any::<[u64; 3]>(), hash(), address(), signature()).prop_map(
        |(gateway, [epoch, count, at], root, attestor, signature)| Fact::BatchAttested {
            gateway: gateway.into(),
            epoch,
            count,
            root,
            attestor,
            signature,
            at,
        },
    );
    let states = prop_oneof![registered, gateway, changed, suspended, misbehaviour];
    prop_oneof![states, evidence, event, admitted, revoked, attested]
}

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
    let changed = |change: &str| Fact::IslandChanged {
        island: IslandId([1; 32]),
        position: 1,
        change: change.into(),
        actor: String::new(),
        reason: String::new(),
        at: 0,
    };
    let kinds =
        ["approved", "frozen", "suspended", "resumed", "retired"].map(|change| changed(change).kind());
    let policy = FactKind::PolicyChange;
    assert_eq!(kinds, [FactKind::Approval, FactKind::Freeze, policy, policy, policy]);
}

#[test]
fn a_fact_is_the_bytes_that_formats_says() {
    let fact = Fact::GatewayRegistered {
        gateway: GatewayId([1; 32]),
        island: IslandId([2; 32]),
        address: vec![3; 2],
        at: 5,
    };
    let expected = [&[1, 0xf8, 0x47, 2, 0xa0][..], &[1; 32], &[0xa0], &[2; 32], &[0x82, 3, 3, 5]].concat();
    assert_eq!(fact.encode(), expected);
}
