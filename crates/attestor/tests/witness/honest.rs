//! In front of an honest hub, what is true is signed.

use causeway_protocol::{Attestation, AttestationKind, Batch, GatewayEventKind};

use crate::stage::Stage;
use crate::world::{deliver, delivered, expired, packet, result, sent, set, set_of_others};

#[tokio::test]
async fn a_sent_packet_is_attested_for_its_destination_and_its_result_for_its_source() {
    let (Stage { a, mut b, mut hub, data }, packet) = Stage::with_packet(b"hello").await;
    let attestor = hub.attestor(&[&a, &b], data.path());

    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    assert_eq!(attestor.attend().await.unwrap().signed, 1);

    b.emit(vec![delivered(&packet, true, b"welcome")]);
    hub.record(&mut b);
    hub.ask(a.id(), 1, vec![result(&packet, true, b"welcome")]);
    assert_eq!(attestor.attend().await.unwrap().signed, 1);

    let signed = hub.signatures();
    assert_eq!(signed[0].batch, Batch::of(1, &[deliver(&packet)]).unwrap());
    assert_eq!(signed[1].batch, Batch::of(1, &[result(&packet, true, b"welcome")]).unwrap());
    assert_eq!((signed[0].gateway, signed[1].gateway), (b.id(), a.id()));
}

#[tokio::test]
async fn a_batch_of_many_is_signed_whole_once_every_statement_in_it_is_proven() {
    let Stage { mut a, mut b, mut hub, data } = Stage::new().await;
    let packets: Vec<_> = (1..=20).map(|n| packet(a.id(), b.id(), n, &[0; 10])).collect();
    a.emit(packets[..19].iter().map(sent).collect());
    hub.record(&mut a);
    hub.record(&mut b);
    let attestor = hub.attestor(&[&a, &b], data.path());
    hub.ask(b.id(), 1, packets.iter().map(deliver).collect());

    let attended = attestor.attend().await.unwrap();
    assert_eq!(attended.signed, 0);
    assert_eq!((attended.unsigned[0].code, attended.unsigned[0].may_pass), ("packet-not-proven", true));

    a.emit(vec![sent(&packets[19])]);
    hub.record(&mut a);
    assert_eq!(attestor.attend().await.unwrap().signed, 1);
}

#[tokio::test]
async fn an_expiry_is_attested_for_the_source() {
    let Stage { mut a, mut b, mut hub, data } = Stage::new().await;
    let packet = packet(a.id(), b.id(), 1, b"late");
    a.emit(vec![sent(&packet)]);
    b.emit(vec![GatewayEventKind::PacketExpired { packet: packet.id() }]);
    hub.record(&mut a);
    hub.record(&mut b);
    hub.ask(a.id(), 1, vec![expired(&packet)]);
    assert_eq!(hub.attestor(&[&a, &b], data.path()).attend().await.unwrap().signed, 1);
}

#[tokio::test]
async fn after_a_rotation_open_packets_are_signed_again_under_the_new_epoch_only() {
    let (Stage { a, mut b, mut hub, data }, packet) = Stage::with_packet(b"hello").await;
    let attestor = hub.attestor(&[&a, &b], data.path());
    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    assert_eq!(attestor.attend().await.unwrap().signed, 1);

    b.emit(vec![GatewayEventKind::AttestorsRotated(set(2))]);
    hub.record(&mut b);
    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    let attended = attestor.attend().await.unwrap();
    assert_eq!((attended.signed, attended.unsigned[0].code), (0, "other-epoch"));
    assert!(!attended.unsigned[0].may_pass);

    hub.ask_nothing();
    hub.ask(b.id(), 2, vec![deliver(&packet)]);
    assert_eq!(attestor.attend().await.unwrap().signed, 1);
}

#[tokio::test]
async fn an_attestor_that_was_rotated_out_signs_nothing() {
    let Stage { mut a, mut b, mut hub, data } = Stage::new().await;
    let packet = packet(a.id(), b.id(), 1, b"hello");
    a.emit(vec![sent(&packet)]);
    b.emit(vec![GatewayEventKind::AttestorsRotated(set_of_others(2))]);
    hub.record(&mut a);
    hub.record(&mut b);
    hub.ask(b.id(), 2, vec![deliver(&packet)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert_eq!((attended.signed, attended.unsigned[0].code), (0, "not-in-set"));
}

#[tokio::test]
async fn a_pause_stops_deliver_and_not_settlement() {
    let Stage { mut a, mut b, mut hub, data } = Stage::new().await;
    let first = packet(a.id(), b.id(), 1, b"one");
    let second = packet(a.id(), b.id(), 2, b"two");
    a.emit(vec![sent(&first), sent(&second)]);
    b.emit(vec![delivered(&first, true, b""), GatewayEventKind::Paused]);
    hub.record(&mut a);
    hub.record(&mut b);
    let attestor = hub.attestor(&[&a, &b], data.path());
    hub.ask(b.id(), 1, vec![deliver(&second)]);
    hub.ask(a.id(), 1, vec![result(&first, true, b"")]);
    let attended = attestor.attend().await.unwrap();
    assert_eq!((attended.signed, attended.unsigned[0].code), (1, "gateway-paused"));
    assert!(attended.unsigned[0].may_pass);

    b.emit(vec![GatewayEventKind::Unpaused]);
    hub.record(&mut b);
    assert_eq!(attestor.attend().await.unwrap().signed, 1);
}

#[tokio::test]
async fn policy_signs_refuse_for_the_sources_it_names_and_never_deliver() {
    let (Stage { a, b, hub, data }, packet) = Stage::with_packet(b"hello").await;
    let mut config = hub.config(&[&a, &b], data.path());
    config.refuse_sources = vec![a.id()];
    let clock = crate::hub::TestClock(std::sync::Mutex::new((a.now() + 5) * 1000));
    let attestor = causeway_attestor::Attestor::open(config, std::sync::Arc::new(clock)).unwrap();

    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    let attended = attestor.attend().await.unwrap();
    assert_eq!((attended.signed, attended.unsigned[0].code), (0, "refused-by-policy"));
    hub.ask_nothing();
    hub.ask(b.id(), 1, vec![Attestation::plain(AttestationKind::Refuse, packet.id())]);
    assert_eq!(attestor.attend().await.unwrap().signed, 1);
}

#[tokio::test]
async fn asked_both_to_deliver_and_to_refuse_an_attestor_signs_what_its_policy_says() {
    for (policy, signed, unsigned) in [
        (false, AttestationKind::Deliver, "not-refused"),
        (true, AttestationKind::Refuse, "refused-by-policy"),
    ] {
        let Stage { mut a, mut b, mut hub, data } = Stage::new().await;
        let packet = packet(a.id(), b.id(), 1, b"hello");
        let other = crate::world::packet(b.id(), a.id(), 1, b"nobody minds");
        a.emit(vec![sent(&packet)]);
        b.emit(vec![sent(&other)]);
        hub.record(&mut a);
        hub.record(&mut b);
        let mut config = hub.config(&[&a, &b], data.path());
        config.refuse_sources.extend(policy.then_some(a.id()));
        let clock = crate::hub::TestClock(std::sync::Mutex::new((a.now() + 5) * 1000));
        let attestor = causeway_attestor::Attestor::open(config, std::sync::Arc::new(clock)).unwrap();
        for kind in [AttestationKind::Deliver, AttestationKind::Refuse] {
            hub.ask(b.id(), 1, vec![Attestation::plain(kind, packet.id())]);
        }
        hub.ask(a.id(), 1, vec![deliver(&other)]);
        let attended = attestor.attend().await.unwrap();
        let codes: Vec<_> = attended.unsigned.iter().map(|unsigned| unsigned.code).collect();
        assert_eq!((attended.signed, codes), (2, vec![unsigned]), "and nothing else waits for it");
        let expected = Batch::of(1, &[Attestation::plain(signed, packet.id())]).unwrap();
        assert!(hub.signatures().iter().any(|item| item.batch == expected));
    }
}

#[tokio::test]
async fn it_runs_until_it_is_told_to_stop() {
    let (Stage { a, b, hub, data }, packet) = Stage::with_packet(b"hello").await;
    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(hub.attestor(&[&a, &b], data.path()).run(stop.clone()));
    for _ in 0..200 {
        if !hub.signatures().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(hub.signatures().len(), 1);
    stop.cancel();
    running.await.unwrap().unwrap();
}
