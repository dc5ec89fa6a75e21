//! Rotation: signed by the current set, or the owner's alone after seven days of notice.

use alloy_primitives::{Address, U256};
use causeway_evm_gateway::Gateway;
use causeway_protocol::AttestationKind::Deliver;
use causeway_protocol::{Attestation, GatewayId};

use crate::harness::{Attestors, Draft, Island, Sent, account};

const WEEK: u64 = 7 * 24 * 60 * 60;

fn under_way() -> (Island, Sent) {
    let (mut source, destination) = (Island::new(1), Island::new(2));
    let sent = source.send(account(1), &Draft::to(destination.id, account(2), source.now()));
    (destination, sent)
}

fn next() -> Attestors {
    Attestors::new("next", 3, 5)
}

/// The owner's call that hands the gateway over to `next`, signed by `island`'s attestors for its next epoch.
fn rotating(island: &Island, next: &Attestors) -> Gateway::rotateCall {
    let signatures = island.attestors.sign_rotation(island.id, island.epoch + 1, next);
    Gateway::rotateCall { threshold_: next.threshold, attestors_: next.addresses(), signatures }
}

#[track_caller]
fn in_force(island: &mut Island, epoch: u64, set: &Attestors) {
    assert_eq!(island.view(Gateway::epochCall {}), epoch);
    assert_eq!(island.view(Gateway::thresholdCall {}), set.threshold);
    assert_eq!(island.view(Gateway::attestorsCall {}), set.addresses());
}

#[test]
fn the_current_set_hands_over_and_only_the_next_set_counts_at_once() {
    let (mut island, sent) = under_way();
    let old = island.delivering(&sent);
    let call = rotating(&island, &next());
    let event = island.owner_call(call).ok().event::<Gateway::AttestorsRotated>();
    assert_eq!((event.number, event.epoch, event.threshold), (2, 2, 3));
    assert_eq!(event.attestors, next().addresses());
    in_force(&mut island, 2, &next());

    island.call(account(3), old.clone()).reverted_with(Gateway::WrongEpoch { expected: 2, given: 1 });
    // The old set under the new epoch's number.
    let strangers = island.attestors.attest(island.id, 2, &[Attestation::plain(Deliver, sent.id())]).proof(0);
    let call = Gateway::deliverCall { proof: strangers, ..old };
    island
        .call(account(3), call)
        .reverted_with(Gateway::TooFewSignatures { needed: U256::from(3), given: U256::from(2) });

    island.attestors = next();
    island.epoch = 2;
    island.deliver(&sent).ok();
}

#[test]
fn who_is_in_both_sets_signs_on_under_the_new_epoch() {
    let (mut island, sent) = under_way();
    let wider = Attestors::new("attestor", 3, 4);
    let call = rotating(&island, &wider);
    island.owner_call(call).ok();
    island.attestors = wider;
    island.epoch = 2;
    island.deliver(&sent).ok();
}

#[test]
fn who_left_the_set_does_not_count_any_more() {
    let (mut island, sent) = under_way();
    // The one who leaves signs together with one who stays.
    let all = Attestors::new("attestor", 2, 3);
    let left = all.addresses()[0];
    let narrower =
        Gateway::rotateCall { threshold_: 2, attestors_: all.addresses()[1..].to_vec(), signatures: vec![] };
    let attestors = narrower.attestors_.iter().map(|a| causeway_protocol::Address(a.into_array())).collect();
    let digest = causeway_protocol::Rotation { epoch: 2, threshold: 2, attestors }.digest(island.id);
    let call = Gateway::rotateCall { signatures: all.sign(digest), ..narrower };
    island.owner_call(call).ok();
    island.epoch = 2;
    island.deliver(&sent).reverted_with(Gateway::NotAttestor { signer: left });
}

#[test]
fn signatures_for_another_epoch_set_or_gateway_do_not_rotate() {
    let (mut island, _) = under_way();
    let good = rotating(&island, &next());
    let signed = |island: &Island, epoch, gateway: GatewayId| {
        let signatures = island.attestors.sign_rotation(gateway, epoch, &next());
        Gateway::rotateCall { signatures, ..good.clone() }
    };
    let mut other_set = good.clone();
    other_set.attestors_.pop();
    let other_threshold = Gateway::rotateCall { threshold_: 4, ..good.clone() };
    let calls = [
        signed(&island, 1, island.id),
        signed(&island, 3, island.id),
        signed(&island, 2, GatewayId([1; 32])),
        other_set,
        other_threshold,
    ];
    for call in calls {
        assert!(!island.owner_call(call).success);
    }
    island.owner_call(good).ok();
}

#[test]
fn too_few_signatures_do_not_rotate() {
    let (mut island, _) = under_way();
    let mut call = rotating(&island, &next());
    call.signatures.pop();
    island
        .owner_call(call)
        .reverted_with(Gateway::TooFewSignatures { needed: U256::from(2), given: U256::from(1) });
}

#[test]
fn a_signed_set_that_no_gateway_accepts_is_refused() {
    let (mut island, _) = under_way();
    let call = rotating(&island, &Attestors::new("next", 2, 4));
    island
        .owner_call(call)
        .reverted_with(Gateway::BadThreshold { threshold: U256::from(2), attestors: U256::from(4) });
    let call = rotating(&island, &Attestors::new("next", 17, 33));
    island.owner_call(call).reverted_with(Gateway::TooManyAttestors { attestors: U256::from(33) });
    let call = Gateway::noticeRotationCall { threshold_: 2, attestors_: vec![Address::ZERO, account(1)] };
    island.owner_call(call).reverted_with(Gateway::AttestorsNotAscending {});
}

fn noticing() -> Gateway::noticeRotationCall {
    Gateway::noticeRotationCall { threshold_: next().threshold, attestors_: next().addresses() }
}

fn noticed() -> Gateway::rotateNoticedCall {
    Gateway::rotateNoticedCall { threshold_: next().threshold, attestors_: next().addresses() }
}

#[test]
fn the_owner_alone_rotates_after_seven_days_of_notice() {
    let (mut island, sent) = under_way();
    let start = island.now();
    let event = island.owner_call(noticing()).ok().event::<Gateway::RotationNoticed>();
    assert_eq!((event.number, event.epoch, event.threshold, event.effective), (2, 2, 3, start + WEEK));
    assert_eq!(event.attestors, next().addresses());
    in_force(&mut island, 1, &Attestors::new("attestor", 2, 3));

    island.chain.time = start + WEEK - 1;
    island.owner_call(noticed()).reverted_with(Gateway::NoticeNotOver {
        effective: U256::from(start + WEEK),
        current: U256::from(start + WEEK - 1),
    });
    island.chain.time = start + WEEK;
    let other = Gateway::rotateNoticedCall { threshold_: 4, ..noticed() };
    island.owner_call(other).reverted_with(Gateway::NoticeMismatch {});
    let event = island.owner_call(noticed()).ok().event::<Gateway::AttestorsRotated>();
    assert_eq!((event.number, event.epoch), (3, 2));
    in_force(&mut island, 2, &next());

    // Once.
    island.owner_call(noticed()).reverted_with(Gateway::NoticeMismatch {});
    island.attestors = next();
    island.epoch = 2;
    island.chain.time = start;
    island.deliver(&sent).ok();
}

#[test]
fn without_notice_the_owner_alone_does_not_rotate() {
    let (mut island, _) = under_way();
    island.chain.time += 10 * WEEK;
    island.owner_call(noticed()).reverted_with(Gateway::NoticeMismatch {});
}

#[test]
fn the_attestors_rotation_ends_a_notice() {
    let (mut island, _) = under_way();
    island.owner_call(noticing()).ok();
    let call = rotating(&island, &Attestors::new("third", 2, 3));
    island.owner_call(call).ok();
    island.chain.time += WEEK;
    island.owner_call(noticed()).reverted_with(Gateway::NoticeMismatch {});
}

#[test]
fn a_new_notice_replaces_the_old_one_and_starts_its_own_week() {
    let (mut island, _) = under_way();
    island.owner_call(noticing()).ok();
    island.chain.time += WEEK - 1;
    let other = Gateway::noticeRotationCall { threshold_: 4, ..noticing() };
    island.owner_call(other).ok();
    island.chain.time += 1;
    island.owner_call(noticed()).reverted_with(Gateway::NoticeMismatch {});
    let effective = U256::from(island.now() - 1 + WEEK);
    let call = Gateway::rotateNoticedCall { threshold_: 4, ..noticed() };
    let current = U256::from(island.now());
    island.owner_call(call).reverted_with(Gateway::NoticeNotOver { effective, current });
}

#[test]
fn case_3_a_set_that_was_in_force_twice_does_not_revive_old_signatures() {
    let (mut island, sent) = under_way();
    let first = island.delivering(&sent);
    let same = Attestors::new("attestor", 2, 3);
    for epoch in [2, 3] {
        let call = rotating(&island, &same);
        island.owner_call(call).ok();
        island.epoch = epoch;
    }
    island.call(account(3), first).reverted_with(Gateway::WrongEpoch { expected: 3, given: 1 });
    island.deliver(&sent).ok();
}
