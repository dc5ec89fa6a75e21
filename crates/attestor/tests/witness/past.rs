//! Evidence that is not simply the next run: of the past, and of misbehaviour.

use causeway_protocol::{Family, GatewayEventKind};
use causeway_verifier::forge::Plan;
use causeway_verifier::prover::{back_fill, misbehaviour};

use crate::stage::Stage;
use crate::world::{deliver, delivered, packet, result, sent};

#[tokio::test]
async fn an_event_that_was_left_out_counts_once_it_is_back_filled() {
    let Stage { mut a, b, mut hub, data } = Stage::opened().await;
    let packet = packet(a.id(), b.id(), 1, b"hello");
    a.emit(vec![sent(&packet)]);
    a.emit(vec![GatewayEventKind::Beat]);
    let evidence = a.evidence_without_receipts_of(2);
    hub.serve(&a, evidence, a.now());
    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    let attestor = hub.attestor(&[&a, &b], data.path());
    assert_eq!(attestor.attend().await.unwrap().unsigned[0].code, "packet-not-proven");

    let blocks = [a.forge.source(2), a.forge.source(3)];
    hub.serve(&a, back_fill(Family::Qbft, &a.forge.config, &blocks).unwrap(), a.now());
    assert_eq!(attestor.attend().await.unwrap().signed, 1);
}

#[tokio::test]
async fn a_back_fill_to_a_header_never_verified_is_not_followed() {
    let Stage { mut a, b, mut hub, data } = Stage::opened().await;
    let packet = packet(a.id(), b.id(), 1, b"hello");
    a.emit(vec![sent(&packet)]);
    let blocks = [a.forge.source(2)];
    hub.serve(&a, back_fill(Family::Qbft, &a.forge.config, &blocks).unwrap(), a.now());
    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert_eq!(attended.unfollowed[0].1.code(), "not-recorded");
    assert!(hub.signatures().is_empty());
}

#[tokio::test]
async fn after_misbehaviour_nothing_to_or_from_the_island_is_signed() {
    let Stage { mut a, mut b, mut hub, data } = Stage::new().await;
    let there = packet(a.id(), b.id(), 1, b"there");
    let back = packet(b.id(), a.id(), 1, b"back");
    a.emit(vec![sent(&there)]);
    b.emit(vec![sent(&back), delivered(&there, true, b"")]);
    a.emit(vec![delivered(&back, true, b"")]);
    hub.record(&mut a);
    hub.record(&mut b);

    // The validators of the second island seal two blocks at one height.
    let (mut one, mut other) = (b.forge.clone(), b.forge.clone());
    one.mine(Plan { salt: 1, ..Plan::default() });
    other.mine(Plan { salt: 2, ..Plan::default() });
    let height = one.head().number;
    let sides = [vec![one.source(height)], vec![other.source(height)]];
    let evidence = misbehaviour(Family::Qbft, &b.state, sides).unwrap();
    let attestor = hub.attestor(&[&a, &b], data.path());
    hub.serve(&b, evidence, b.now());

    for (gateway, leaf, code) in [
        (b.id(), deliver(&there), "island-frozen"),
        (a.id(), deliver(&back), "island-frozen"),
        (a.id(), result(&there, true, b""), "island-frozen"),
    ] {
        hub.ask_nothing();
        hub.ask(gateway, 1, vec![leaf]);
        let attended = attestor.attend().await.unwrap();
        assert_eq!(attended.unsigned[0].code, code);
    }
    assert!(hub.signatures().is_empty());
    // Nor is anything that the frozen island's validators seal after it.
    let later = packet(b.id(), a.id(), 2, b"later");
    b.emit(vec![sent(&later)]);
    hub.record(&mut b);
    hub.ask_nothing();
    hub.ask(a.id(), 1, vec![deliver(&later)]);
    let attended = attestor.attend().await.unwrap();
    assert_eq!((attended.signed, attended.unsigned[0].code), (0, "packet-not-proven"));
    // What the other island says about the frozen island's packet is still true, and still goes home.
    hub.ask_nothing();
    hub.ask(b.id(), 1, vec![result(&back, true, b"")]);
    assert_eq!(attestor.attend().await.unwrap().signed, 1);
}

#[tokio::test]
async fn misbehaviour_far_below_the_head_freezes_too_and_for_good() {
    let Stage { a, mut b, mut hub, data } = Stage::opened().await;
    // Two chains grow from the first block. One is recorded and goes on; the other turns up later.
    let meeting = b.state.clone();
    let mut other = b.forge.clone();
    other.mine(Plan { salt: 2, ..Plan::default() });
    let packet = packet(b.id(), a.id(), 1, b"hello");
    b.emit(vec![sent(&packet)]);
    hub.record(&mut b);
    b.emit(vec![GatewayEventKind::Beat]);
    hub.record(&mut b);
    let attestor = hub.attestor(&[&a, &b], data.path());
    hub.ask(a.id(), 1, vec![deliver(&packet)]);
    assert_eq!(attestor.attend().await.unwrap().signed, 1);

    let height = other.head().number;
    let mut sides = [vec![b.forge.source(height)], vec![other.source(height)]];
    for side in &mut sides {
        side[0].receipts = None;
    }
    hub.serve(&b, misbehaviour(Family::Qbft, &meeting, sides).unwrap(), b.now());
    for _ in 0..2 {
        hub.ask_nothing();
        hub.ask(a.id(), 1, vec![deliver(&packet)]);
        let attended = attestor.attend().await.unwrap();
        assert!(attended.unfollowed.is_empty(), "{:?}", attended.unfollowed);
        assert_eq!((attended.signed, attended.unsigned[0].code), (0, "island-frozen"));
    }
    drop(attestor);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert_eq!((attended.signed, attended.unsigned[0].code), (0, "island-frozen"));
}

#[tokio::test]
async fn an_accusation_that_proves_nothing_freezes_nothing() {
    let Stage { mut a, b, mut hub, data } = Stage::opened().await;
    let packet = packet(a.id(), b.id(), 1, b"hello");
    a.emit(vec![sent(&packet)]);
    hub.record(&mut a);
    // One byte of a seal in the second block is not the validator's.
    let (mut one, mut other) = (a.forge.clone(), a.forge.clone());
    one.mine(Plan { salt: 1, ..Plan::default() });
    other.mine(Plan { salt: 2, ..Plan::default() });
    let height = one.head().number;
    let sides = [vec![one.source(height)], vec![other.source(height)]];
    let mut evidence = misbehaviour(Family::Qbft, &a.state, sides).unwrap();
    let last = evidence.len() - 40;
    evidence[last] ^= 1;
    hub.serve(&a, evidence, a.now());
    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert_eq!(attended.unfollowed.len(), 1, "a hub that accuses falsely is not followed");
    assert_eq!(attended.signed, 1, "what was proven before is still true");
}
