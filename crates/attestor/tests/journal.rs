//! The journal against the rule it keeps, under random questions and restarts.
#![allow(clippy::unwrap_used)] // a test may panic

use std::collections::{HashMap, HashSet};

use causeway_attestor::Store;
use causeway_protocol::{Attestation, AttestationKind, PacketId};
use proptest::prelude::*;

/// One question: a batch of statements, or a restart in between.
#[derive(Debug, Clone)]
enum Step {
    Batch(Vec<Attestation>),
    Restart,
}

fn statement() -> impl Strategy<Value = Attestation> {
    (0u8..4, 0u8..6).prop_map(|(packet, what)| {
        let packet = PacketId([packet; 32]);
        match what {
            0 => Attestation::plain(AttestationKind::Deliver, packet),
            1 => Attestation::plain(AttestationKind::Refuse, packet),
            2 => Attestation::result(packet, true, b"yes"),
            3 => Attestation::result(packet, false, b"yes"),
            4 => Attestation::result(packet, true, b"no"),
            _ => Attestation::plain(AttestationKind::Expired, packet),
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec(statement(), 1..4).prop_map(Step::Batch),
        1 => Just(Step::Restart),
    ]
}

/// What excludes each other about one packet.
fn side(attestation: &Attestation) -> (PacketId, bool) {
    (attestation.packet, attestation.kind.checked_by_destination())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn of_every_packet_one_admission_and_one_outcome_is_ever_stated(steps in prop::collection::vec(step(), 1..24)) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Some(Store::open(folder.path()).unwrap());
        let mut stated: HashMap<(PacketId, bool), Attestation> = HashMap::new();
        for step in steps {
            let batch = match step {
                Step::Restart => {
                    drop(store.take());
                    store = Some(Store::open(folder.path()).unwrap());
                    continue;
                }
                Step::Batch(batch) => batch,
            };
            // The batch as a whole is free of contradictions, with what was stated and within itself.
            let mut after = stated.clone();
            let free = batch.iter().all(|one| *after.entry(side(one)).or_insert(*one) == *one);
            let written = store.as_ref().unwrap().journal(&batch, &HashSet::new()).unwrap();
            prop_assert_eq!(written.is_ok(), free);
            if free {
                stated = after;
            }
        }
    }
}
