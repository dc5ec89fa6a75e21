//! A packet's way through the ledger.

use causeway_api::PacketState;
use causeway_protocol::{Attestation, AttestationKind, GatewayEventKind};

use super::world::{T0, World, delivered, expired, sent, set, settled, signers, terms};
use crate::PacketFilter;

#[tokio::test]
async fn a_packet_is_attested_delivered_and_settled() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    let id = packet.id();
    world.east(vec![sent(&packet)]).await;
    assert_eq!(world.state(id).await, PacketState::Verified);

    world.sign(&[0]).await;
    assert!(world.ready(&world.west).await.is_empty(), "one of two signatures");
    assert_eq!(world.state(id).await, PacketState::Verified);
    world.sign(&[2]).await;
    assert_eq!(world.ready(&world.west).await, [Attestation::plain(AttestationKind::Deliver, id)]);
    assert_eq!(world.state(id).await, PacketState::Attested);

    world.west(vec![delivered(id, true, b"fine")]).await;
    assert_eq!(world.state(id).await, PacketState::Delivered);
    assert!(world.ready(&world.west).await.is_empty(), "delivering is done");
    world.sign(&[0, 1]).await;
    assert_eq!(world.ready(&world.east).await, [Attestation::result(id, true, b"fine")]);
    let home = world.ledger.deliveries(world.east.island, 0, 10).await.unwrap();
    assert_eq!(home.items[0].result, b"fine");

    world.east(vec![settled(id, AttestationKind::Result)]).await;
    assert_eq!(world.state(id).await, PacketState::Settled);
    assert!(world.ready(&world.east).await.is_empty(), "settling is done");

    let timeline = world.ledger.timeline(id).await.unwrap().unwrap();
    let events: Vec<_> = timeline.events.iter().map(|event| event.event.as_str()).collect();
    assert_eq!(events, ["PacketSent", "PacketDelivered", "PacketSettled"]);
    assert_eq!(timeline.attestations.len(), 4);
    let stats = world.ledger.stats().await.unwrap();
    assert_eq!(stats.packets.get("settled"), Some(&1));
    assert!(stats.settle_ms_p50.is_some());
}

#[tokio::test]
async fn a_packet_that_expires_is_refunded() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    world.sign(&[0, 1]).await;
    world.west(vec![expired(packet.id())]).await;
    assert_eq!(world.state(packet.id()).await, PacketState::Expired);
    world.sign(&[1, 2]).await;
    let statement = Attestation::plain(AttestationKind::Expired, packet.id());
    assert_eq!(world.ready(&world.east).await, [statement]);
    world.east(vec![settled(packet.id(), AttestationKind::Expired)]).await;
    assert_eq!(world.state(packet.id()).await, PacketState::Refunded);
}

#[tokio::test]
async fn a_failed_delivery_goes_home_as_a_failure() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    world.west(vec![delivered(packet.id(), false, b"no")]).await;
    let shown = world.ledger.packet(packet.id()).await.unwrap().unwrap();
    assert_eq!((shown.state, shown.success), (PacketState::Failed, Some(false)));
    world.sign(&[0, 1]).await;
    assert_eq!(world.ready(&world.east).await, [Attestation::result(packet.id(), false, b"no")]);
}

#[tokio::test]
async fn an_outcome_recorded_before_its_packet_waits_for_it() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    let id = packet.id();
    world.west(vec![delivered(id, true, b"early")]).await;
    assert!(world.ledger.packet(id).await.unwrap().is_none());
    assert!(world.pending(0).await.is_empty());
    world.east(vec![sent(&packet)]).await;
    assert_eq!(world.state(id).await, PacketState::Delivered);
    world.sign(&[0, 1]).await;
    assert_eq!(world.ready(&world.east).await, [Attestation::result(id, true, b"early")]);
    assert!(world.ready(&world.west).await.is_empty(), "nothing is left to deliver");
}

#[tokio::test]
async fn a_packet_to_a_gateway_that_is_not_open_waits_for_its_opening() {
    let mut world = World::registered().await;
    world.open_east().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    assert_eq!(world.state(packet.id()).await, PacketState::Verified);
    assert!(world.pending(0).await.is_empty());
    world.open_west().await;
    world.sign(&[0, 1]).await;
    assert_eq!(world.ready(&world.west).await, [Attestation::plain(AttestationKind::Deliver, packet.id())]);
}

#[tokio::test]
async fn numbers_up_to_the_largest_are_kept_as_they_are() {
    let mut world = World::new().await;
    let mut packet = world.east.packet(&world.west, 9_223_372_036_854_775_808);
    (packet.timeout, packet.budget) = (u64::MAX, u64::MAX);
    world.east(vec![sent(&packet)]).await;
    let shown = world.ledger.packet(packet.id()).await.unwrap().unwrap();
    assert_eq!((shown.packet, shown.lane), (packet, terms()));
}

#[tokio::test]
async fn lists_are_filtered_and_paged_newest_first() {
    let mut world = World::new().await;
    let packets: Vec<_> = (1..=5).map(|sequence| world.east.packet(&world.west, sequence)).collect();
    world.east(packets.iter().map(sent).collect()).await;
    world.west(vec![delivered(packets[1].id(), true, b"")]).await;
    let all = PacketFilter { island: Some(world.west.island), ..PacketFilter::default() };
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = world.ledger.packets(&all, after, 2).await.unwrap();
        seen.extend(page.items.into_iter().map(|item| item.packet.sequence));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
    let one = PacketFilter { state: Some(PacketState::Delivered), ..PacketFilter::default() };
    let page = world.ledger.packets(&one, None, 10).await.unwrap();
    assert_eq!(page.items.iter().map(|item| item.packet.sequence).collect::<Vec<_>>(), [2]);
    for none in [
        PacketFilter { sender: Some(vec![9]), ..PacketFilter::default() },
        PacketFilter { source: Some(world.west.gateway), ..PacketFilter::default() },
        PacketFilter { until: Some(T0), ..PacketFilter::default() },
    ] {
        assert!(world.ledger.packets(&none, None, 10).await.unwrap().items.is_empty(), "{none:?}");
    }
}

#[tokio::test]
async fn a_rotation_has_everything_open_signed_again() {
    let mut world = World::new().await;
    let packets: Vec<_> = (1..=3).map(|sequence| world.east.packet(&world.west, sequence)).collect();
    world.east(vec![sent(&packets[0])]).await;
    world.sign(&[0, 1]).await;
    world.east(vec![sent(&packets[1])]).await;
    world.sign(&[0]).await;
    world.east(vec![sent(&packets[2])]).await;
    assert_eq!(world.ready(&world.west).await.len(), 1);
    let late = world.pending(2).await;

    let next = signers(10);
    world.west(vec![GatewayEventKind::AttestorsRotated(set(2, &next))]).await;
    assert!(world.ready(&world.west).await.is_empty(), "only the current epoch counts");
    let refused = world.ledger.attest(vec![world.signature(2, &late[0])], T0).await.unwrap();
    assert_eq!(refused[0].as_ref().unwrap_err().code(), "epoch-passed");
    assert!(world.pending(0).await.is_empty(), "the old set is asked for nothing");
    world.attestors = next;
    world.sign(&[0, 1]).await;
    assert_eq!(world.ready(&world.west).await.len(), 3);
}
