//! A gateway that contradicts itself: what is still signed of it, and what never again.

use causeway_protocol::{GatewayEvent, GatewayEventKind, Packet};

use crate::stage::Stage;
use crate::world::{deliver, delivered, expired, packet, result, sent};

/// Two packets from harbour to customs, where the first both was delivered and has expired, and the second was delivered.
async fn two_outcomes() -> (Stage, [Packet; 2]) {
    let mut stage = Stage::new().await;
    let Stage { a, b, .. } = &mut stage;
    let one = packet(a.id(), b.id(), 1, b"one");
    let two = packet(a.id(), b.id(), 2, b"two");
    a.emit(vec![sent(&one), sent(&two)]);
    b.emit(vec![
        delivered(&one, true, b"yes"),
        delivered(&two, true, b"yes"),
        GatewayEventKind::PacketExpired { packet: one.id() },
    ]);
    stage.record();
    (stage, [one, two])
}

#[tokio::test]
async fn of_two_outcomes_of_one_packet_neither_is_signed() {
    let (Stage { a, b, hub, data }, [one, _]) = two_outcomes().await;
    let attestor = hub.attestor(&[&a, &b], data.path());
    for outcome in [result(&one, true, b"yes"), expired(&one)] {
        hub.ask_nothing();
        hub.ask(a.id(), 1, vec![outcome]);
        let attended = attestor.attend().await.unwrap();
        assert_eq!((attended.signed, attended.unsigned[0].code), (0, "packet-disputed"));
        assert!(!attended.unsigned[0].may_pass);
    }
}

#[tokio::test]
async fn a_third_outcome_settles_no_dispute() {
    let (Stage { a, mut b, mut hub, data }, [one, _]) = two_outcomes().await;
    b.emit(vec![delivered(&one, true, b"yes")]);
    hub.record(&mut b);
    hub.ask(a.id(), 1, vec![result(&one, true, b"yes")]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert_eq!((attended.signed, attended.unsigned[0].code), (0, "packet-disputed"));
}

#[tokio::test]
async fn what_nobody_disputes_still_goes_home_from_a_gateway_that_reported_two_outcomes() {
    let (Stage { a, b, hub, data }, [_, two]) = two_outcomes().await;
    hub.ask(a.id(), 1, vec![result(&two, true, b"yes")]);
    assert_eq!(hub.attestor(&[&a, &b], data.path()).attend().await.unwrap().signed, 1);
}

#[tokio::test]
async fn nothing_more_is_delivered_to_a_gateway_that_reported_two_outcomes() {
    let (Stage { mut a, b, mut hub, data }, _) = two_outcomes().await;
    let three = packet(a.id(), b.id(), 3, b"three");
    a.emit(vec![sent(&three)]);
    hub.record(&mut a);
    hub.ask(b.id(), 1, vec![deliver(&three)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert_eq!((attended.signed, attended.unsigned[0].code), (0, "gateway-faulty"));
}

#[tokio::test]
async fn what_a_gateway_that_sent_two_packets_under_one_sequence_delivered_still_goes_home() {
    let Stage { mut a, mut b, mut hub, data } = Stage::new().await;
    let there = packet(a.id(), b.id(), 1, b"there");
    let x = packet(b.id(), a.id(), 1, b"x");
    let y = packet(b.id(), a.id(), 1, b"y");
    a.emit(vec![sent(&there)]);
    b.emit(vec![delivered(&there, true, b"ok"), sent(&x), sent(&y)]);
    hub.record(&mut a);
    hub.record(&mut b);
    hub.ask(a.id(), 1, vec![result(&there, true, b"ok")]);
    hub.ask(a.id(), 1, vec![deliver(&x)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert_eq!((attended.signed, attended.unsigned[0].code), (1, "gateway-faulty"));
}

#[tokio::test]
async fn two_events_under_one_number_end_trust_in_their_gateway_and_the_second_counts_for_nothing() {
    let Stage { mut a, mut b, mut hub, data } = Stage::new().await;
    let one = packet(a.id(), b.id(), 1, b"one");
    let two = packet(a.id(), b.id(), 2, b"two");
    a.emit(vec![sent(&one)]);
    hub.record(&mut a);
    hub.record(&mut b);
    let again = GatewayEvent { gateway: a.id(), number: 2, kind: sent(&two) };
    a.forge.mine_events(a.contract, &[again]);
    hub.record(&mut a);
    let attestor = hub.attestor(&[&a, &b], data.path());
    for (packet, code) in [(&one, "gateway-faulty"), (&two, "packet-not-proven")] {
        hub.ask_nothing();
        hub.ask(b.id(), 1, vec![deliver(packet)]);
        let attended = attestor.attend().await.unwrap();
        assert_eq!((attended.signed, attended.unsigned[0].code), (0, code));
    }
}

#[tokio::test]
async fn the_same_event_proven_again_contradicts_nothing() {
    use causeway_protocol::Family;
    use causeway_verifier::prover::back_fill;
    let (Stage { a, b, mut hub, data }, packet) = Stage::with_packet(b"hello").await;
    let blocks = [a.forge.source(1), a.forge.source(2)];
    hub.serve(&a, back_fill(Family::Qbft, &a.forge.config, &blocks).unwrap(), a.now());
    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    assert_eq!(hub.attestor(&[&a, &b], data.path()).attend().await.unwrap().signed, 1);
}
