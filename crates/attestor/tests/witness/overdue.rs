//! Packets that nobody can deliver any more: REFUSE, so that they go home.

use std::collections::HashSet;

use causeway_attestor::Store;
use causeway_protocol::{Attestation, AttestationKind, OVERDUE_AFTER, Packet, PacketId};

use crate::stage::Stage;
use crate::world::deliver;

fn refuse(packet: &Packet) -> Attestation {
    Attestation::plain(AttestationKind::Refuse, packet.id())
}

#[tokio::test]
async fn a_packet_is_refused_once_it_is_overdue_though_delivery_was_signed_and_not_a_second_before() {
    let (Stage { a, b, hub, data }, packet) = Stage::with_packet(b"hello").await;
    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    assert_eq!(hub.attestor(&[&a, &b], data.path()).attend().await.unwrap().signed, 1);

    hub.ask_nothing();
    hub.ask(b.id(), 1, vec![refuse(&packet)]);
    let last = packet.timeout + OVERDUE_AFTER;
    let attended = hub.attestor_at(&[&a, &b], data.path(), last).attend().await.unwrap();
    assert_eq!((attended.signed, attended.unsigned[0].code), (0, "not-refused"));
    assert_eq!(hub.attestor_at(&[&a, &b], data.path(), last + 1).attend().await.unwrap().signed, 1);

    // Whoever refused never delivers, whatever the clock says.
    hub.ask_nothing();
    hub.ask(b.id(), 1, vec![deliver(&packet)]);
    let attended = hub.attestor(&[&a, &b], data.path()).attend().await.unwrap();
    assert_eq!((attended.signed, attended.unsigned[0].code), (0, "contradicts-journal"));
}

#[test]
fn only_refuse_after_deliver_of_the_overdue_packet_is_no_contradiction() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let plain = |kind, packet| Attestation::plain(kind, PacketId([packet; 32]));
    let overdue = HashSet::from([PacketId([1; 32])]);
    let delivers = [plain(AttestationKind::Deliver, 1), plain(AttestationKind::Deliver, 2)];
    store.journal(&delivers, &overdue).unwrap().unwrap();
    assert!(store.journal(&[plain(AttestationKind::Refuse, 2)], &overdue).unwrap().is_err());
    store.journal(&[plain(AttestationKind::Expired, 1)], &overdue).unwrap().unwrap();
    let result = Attestation::result(PacketId([1; 32]), true, b"late");
    assert!(store.journal(&[result], &overdue).unwrap().is_err(), "outcomes exclude each other for ever");
    store.journal(&[plain(AttestationKind::Refuse, 1)], &overdue).unwrap().unwrap();
    assert!(store.journal(&[plain(AttestationKind::Deliver, 1)], &overdue).unwrap().is_err());
}
