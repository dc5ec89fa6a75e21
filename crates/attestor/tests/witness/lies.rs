//! A hub that lies gets no signature.

use causeway_attestor::Attendance;
use causeway_protocol::{Attestation, AttestationKind, GatewayEventKind, GatewayId};

use crate::hub::TestHub;
use crate::stage::Stage;
use crate::world::{deliver, delivered, expired, packet, result, sent, set};

/// Asserts that nothing was signed, for this reason.
fn refused(hub: &TestHub, attended: &Attendance, code: &str) {
    assert_eq!(attended.signed, 0);
    assert!(hub.signatures().is_empty());
    let codes: Vec<_> = attended.unsigned.iter().map(|unsigned| unsigned.code).collect();
    assert_eq!(codes, [code]);
}

/// The code of the one island that is not followed.
fn unfollowed(attended: &Attendance) -> (&str, &'static str) {
    let [(island, error)] = &attended.unfollowed[..] else { panic!("{:?}", attended.unfollowed) };
    (island, error.code())
}

#[tokio::test]
async fn a_made_up_packet_is_not_signed() {
    let (Stage { a, b, hub, data }, _) = Stage::with_packet(b"hello").await;
    let forged = packet(a.id(), b.id(), 2, b"give me everything");
    hub.ask(b.id(), 1, vec![deliver(&forged)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    refused(&hub, &attended, "packet-not-proven");
}

#[tokio::test]
async fn one_made_up_packet_spoils_its_batch() {
    let (Stage { a, b, hub, data }, real) = Stage::with_packet(b"hello").await;
    let forged = packet(a.id(), b.id(), 2, b"give me everything");
    hub.ask(b.id(), 1, vec![deliver(&real), deliver(&forged)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    refused(&hub, &attended, "packet-not-proven");
}

#[tokio::test]
async fn altered_evidence_is_not_followed_and_nothing_rests_on_it() {
    let (Stage { a, b, hub, data }, packet) = Stage::with_packet(b"hello").await;
    hub.alter(&a, |items| {
        // One byte of the packet's payload, and the digest made to fit.
        let at = items[0].evidence.windows(5).position(|window| window == b"hello").unwrap();
        items[0].evidence[at] = b'j';
        items[0].digest = causeway_protocol::keccak256(&items[0].evidence);
    });
    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert_eq!(unfollowed(&attended).0, "harbour");
    refused(&hub, &attended, "packet-not-proven");
}

#[tokio::test]
async fn evidence_under_a_false_digest_or_false_heights_is_not_followed() {
    let (Stage { a, b, hub, data }, packet) = Stage::with_packet(b"hello").await;
    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    let attestor = hub.attestor(&[&a, &b], data.path());
    hub.alter(&a, |items| items[0].last += 1);
    assert_eq!(unfollowed(&attestor.attend().await.unwrap()), ("harbour", "heights-differ"));
    hub.alter(&a, |items| {
        items[0].last -= 1;
        items[0].digest.0[0] ^= 1;
    });
    let attended = attestor.attend().await.unwrap();
    assert_eq!(unfollowed(&attended), ("harbour", "digest-differs"));
    refused(&hub, &attended, "packet-not-proven");
}

#[tokio::test]
async fn a_reordered_feed_is_not_followed() {
    let (Stage { mut a, b, mut hub, data }, _) = Stage::with_packet(b"hello").await;
    let second = packet(a.id(), b.id(), 2, b"two");
    a.emit(vec![sent(&second)]);
    hub.record(&mut a);
    hub.alter(&a, |items| items.swap(0, 1));
    hub.ask(b.id(), 1, vec![deliver(&second)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert_eq!(unfollowed(&attended), ("harbour", "not-next-height"));
    refused(&hub, &attended, "packet-not-proven");
}

#[tokio::test]
async fn a_feed_with_a_piece_left_out_ends_there() {
    let (Stage { mut a, b, mut hub, data }, _) = Stage::with_packet(b"hello").await;
    for n in 2..=3 {
        let packet = packet(a.id(), b.id(), n, b"more");
        a.emit(vec![sent(&packet)]);
        hub.record(&mut a);
    }
    hub.alter(&a, |items| drop(items.remove(1)));
    let third = packet(a.id(), b.id(), 3, b"more");
    hub.ask(b.id(), 1, vec![deliver(&third)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert_eq!(unfollowed(&attended), ("harbour", "not-next-height"));
    refused(&hub, &attended, "packet-not-proven");
}

#[tokio::test]
async fn a_wrong_epoch_is_not_signed_before_its_rotation_is_proven() {
    let (Stage { a, b, hub, data }, packet) = Stage::with_packet(b"hello").await;
    hub.ask(b.id(), 2, vec![deliver(&packet)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    refused(&hub, &attended, "other-epoch");
    assert!(attended.unsigned[0].may_pass);
}

#[tokio::test]
async fn another_result_than_the_proven_one_is_not_signed() {
    let (Stage { a, mut b, mut hub, data }, packet) = Stage::with_packet(b"hello").await;
    b.emit(vec![delivered(&packet, true, b"welcome")]);
    hub.record(&mut b);
    let attestor = hub.attestor(&[&a, &b], data.path());
    for lie in [result(&packet, true, b"bye"), result(&packet, false, b"welcome"), expired(&packet)] {
        hub.ask_nothing();
        hub.ask(a.id(), 1, vec![lie]);
        refused(&hub, &attestor.attend().await.unwrap(), "other-outcome");
    }
}

#[tokio::test]
async fn an_outcome_that_is_not_proven_is_not_signed() {
    let (Stage { a, b, hub, data }, packet) = Stage::with_packet(b"hello").await;
    hub.ask(a.id(), 1, vec![result(&packet, true, b"welcome")]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    refused(&hub, &attended, "outcome-not-proven");
}

#[tokio::test]
async fn an_outcome_counts_only_by_the_word_of_the_packets_destination() {
    // The source itself emits PacketDelivered for its own packet: a proven event, and nobody's outcome.
    let (Stage { mut a, b, mut hub, data }, packet) = Stage::with_packet(b"hello").await;
    a.emit(vec![delivered(&packet, true, b"")]);
    hub.record(&mut a);
    hub.ask(a.id(), 1, vec![result(&packet, true, b"")]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    refused(&hub, &attended, "outcome-not-proven");
}

#[tokio::test]
async fn a_statement_for_another_gateway_is_not_signed() {
    let (Stage { a, b, hub, data }, packet) = Stage::with_packet(b"hello").await;
    let attestor = hub.attestor(&[&a, &b], data.path());
    hub.ask(a.id(), 1, vec![deliver(&packet)]);
    refused(&hub, &attestor.attend().await.unwrap(), "other-gateway");
    hub.ask_nothing();
    hub.ask(GatewayId([0x77; 32]), 1, vec![deliver(&packet)]);
    refused(&hub, &attestor.attend().await.unwrap(), "gateway-not-pinned");
}

#[tokio::test]
async fn a_packet_from_a_gateway_that_is_not_pinned_is_not_signed() {
    let (Stage { a, b, hub, data }, packet) = Stage::with_packet(b"hello").await;
    let mut config = hub.config(&[&a, &b], data.path());
    config.islands[0].gateways.clear();
    let clock = crate::hub::TestClock(std::sync::Mutex::new((a.now() + 5) * 1000));
    let attestor = causeway_attestor::Attestor::open(config, std::sync::Arc::new(clock)).unwrap();
    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    refused(&hub, &attestor.attend().await.unwrap(), "gateway-not-pinned");
}

#[tokio::test]
async fn void_and_refuse_are_not_signed_on_a_hubs_question() {
    let (Stage { a, b, hub, data }, packet) = Stage::with_packet(b"hello").await;
    let attestor = hub.attestor(&[&a, &b], data.path());
    hub.ask(a.id(), 1, vec![Attestation::plain(AttestationKind::Void, packet.id())]);
    refused(&hub, &attestor.attend().await.unwrap(), "void");
    hub.ask_nothing();
    hub.ask(b.id(), 1, vec![Attestation::plain(AttestationKind::Refuse, packet.id())]);
    refused(&hub, &attestor.attend().await.unwrap(), "not-refused");
}

#[tokio::test]
async fn odd_batches_are_not_signed() {
    let (Stage { a, b, hub, data }, packet) = Stage::with_packet(b"hello").await;
    let attestor = hub.attestor(&[&a, &b], data.path());
    let mut dressed = deliver(&packet);
    dressed.success = true;
    for (leaves, code) in [
        (vec![], "batch-size"),
        (vec![deliver(&packet); 1025], "batch-size"),
        (vec![deliver(&packet), deliver(&packet)], "statement-twice"),
        (vec![dressed], "not-canonical"),
    ] {
        hub.ask_nothing();
        hub.ask(b.id(), 1, leaves);
        refused(&hub, &attestor.attend().await.unwrap(), code);
    }
}

#[tokio::test]
async fn two_packets_with_one_lane_and_sequence_end_trust_in_their_gateway() {
    let (Stage { mut a, b, mut hub, data }, first) = Stage::with_packet(b"hello").await;
    let second = packet(a.id(), b.id(), 1, b"another");
    a.emit(vec![sent(&second)]);
    hub.record(&mut a);
    let attestor = hub.attestor(&[&a, &b], data.path());
    for packet in [&first, &second] {
        hub.ask_nothing();
        hub.ask(b.id(), 1, vec![deliver(packet)]);
        refused(&hub, &attestor.attend().await.unwrap(), "gateway-faulty");
    }
}

#[tokio::test]
async fn evidence_of_another_chain_is_not_followed() {
    // A chain with the validators of customs, served as evidence of harbour.
    let Stage { mut a, mut b, mut hub, data } = Stage::new().await;
    let packet = packet(a.id(), b.id(), 1, b"hello");
    a.emit(vec![sent(&packet)]);
    let evidence = b.evidence();
    hub.serve(&a, evidence, a.now());
    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert_eq!(unfollowed(&attended), ("harbour", "not-linked-to-head"));
    refused(&hub, &attended, "gateway-not-opened");
}

#[tokio::test]
async fn a_recording_time_in_the_future_is_not_believed() {
    let Stage { mut a, b, mut hub, data } = Stage::new().await;
    let evidence = a.evidence();
    hub.serve(&a, evidence, a.now() + 3600);
    hub.ask(a.id(), 1, vec![]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert_eq!(unfollowed(&attended), ("harbour", "recorded-in-the-future"));
}

#[tokio::test]
async fn old_keys_cannot_be_used_through_a_recording_time_in_the_past() {
    // The attestor saw the end of the feed a year later. Evidence that claims to have been recorded long before, when the
    // head was still inside its trusting period, comes too late.
    const YEAR: u64 = 365 * 24 * 60 * 60;
    let (Stage { mut a, b, mut hub, data }, _) = Stage::with_packet(b"hello").await;
    let attestor = hub.attestor_at(&[&a, &b], data.path(), a.now() + YEAR);
    hub.ask(b.id(), 1, vec![]);
    assert!(attestor.attend().await.unwrap().unfollowed.is_empty());

    let forged = packet(a.id(), b.id(), 2, b"from the past");
    a.emit(vec![sent(&forged)]);
    hub.record(&mut a);
    hub.ask_nothing();
    hub.ask(b.id(), 1, vec![deliver(&forged)]);
    let attended = attestor.attend().await.unwrap();
    assert_eq!(unfollowed(&attended), ("harbour", "back-dated"));
    refused(&hub, &attended, "packet-not-proven");

    // And with the true time, the trusting period is over.
    hub.alter(&a, |items| {
        let true_time = items[1].recorded_at + time::Duration::seconds(i64::try_from(YEAR).unwrap());
        items[1].recorded_at = true_time;
    });
    assert_eq!(unfollowed(&attestor.attend().await.unwrap()), ("harbour", "trusting-period-over"));
}

#[tokio::test]
async fn events_of_a_gateway_that_never_opened_count_for_nothing() {
    let Stage { mut a, mut b, mut hub, data } = Stage::new().await;
    // The relayer leaves the block with Opened unproven: the hub's evidence starts with a packet.
    let packet = packet(a.id(), b.id(), 1, b"hello");
    a.emit(vec![sent(&packet)]);
    let evidence = a.evidence_without_receipts_of(1);
    hub.serve(&a, evidence, a.now());
    hub.record(&mut b);
    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert!(attended.unfollowed.is_empty());
    refused(&hub, &attended, "packet-not-proven");
}

#[tokio::test]
async fn a_hub_that_names_other_gateways_gets_no_evidence_past_the_attestor() {
    let (Stage { a, b, hub, data }, packet) = Stage::with_packet(b"hello").await;
    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    hub.alter_gateways(&a, |gateways| gateways[0].id = GatewayId([0x66; 32]));
    // The pinned gateway is known without the hub, so its events are found all the same.
    assert_eq!(hub.attestor(&[&a, &b], data.path()).attend().await.unwrap().signed, 1);
}

#[tokio::test]
async fn a_rotation_proven_on_another_gateway_changes_nothing() {
    let (Stage { mut a, b, mut hub, data }, packet) = Stage::with_packet(b"hello").await;
    a.emit(vec![GatewayEventKind::AttestorsRotated(set(2))]);
    hub.record(&mut a);
    hub.ask(b.id(), 2, vec![deliver(&packet)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    refused(&hub, &attended, "other-epoch");
}
