//! Event numbers: what is left out is noticed, and one number means one event.

use causeway_api::{GatewayState, NumberRange, PacketState};
use causeway_protocol::GatewayEventKind::Beat;

use super::world::{World, delivered, expired, sent};

#[tokio::test]
async fn case_25_an_event_left_out_keeps_the_cursor_back() {
    let mut world = World::new().await;
    let hidden = world.east.head;
    // Number 2 happened in a block whose evidence left it out.
    let skipped = world.east.numbered_block(vec![]);
    world.record(&skipped).await.unwrap();
    let later = world.east.numbered_block(vec![(3, Beat), (4, Beat), (7, Beat)]);
    world.record(&later).await.unwrap();
    let cursor = world.ledger.cursor(world.east.island).await.unwrap().unwrap();
    let gateway = &cursor.gateways[0];
    assert_eq!((gateway.number, gateway.height), (1, hidden.height));
    assert_eq!(gateway.missing, [NumberRange { first: 2, last: 2 }, NumberRange { first: 5, last: 6 }]);

    let fill = world.east.back_fill(skipped.advance.headers[0], vec![(2, Beat)]);
    world.record(&fill).await.unwrap();
    let cursor = world.ledger.cursor(world.east.island).await.unwrap().unwrap();
    assert_eq!((cursor.gateways[0].number, cursor.gateways[0].height), (4, world.east.head.height));
    assert_eq!(cursor.gateways[0].missing, [NumberRange { first: 5, last: 6 }]);

    let fill = world.east.back_fill(later.advance.headers[0], vec![(5, Beat), (6, Beat)]);
    world.record(&fill).await.unwrap();
    let cursor = world.ledger.cursor(world.east.island).await.unwrap().unwrap();
    assert_eq!(cursor.gateways[0].number, 7);
    assert!(cursor.gateways[0].missing.is_empty());
}

#[tokio::test]
async fn an_event_proven_again_is_recorded_once() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    let block = world.east.block(vec![sent(&packet)]);
    world.record(&block).await.unwrap();
    let mut again = world.east.back_fill(block.advance.headers[0], vec![(2, sent(&packet))]);
    again.bytes.push(0);
    assert_eq!(world.record(&again).await.unwrap().events, 1);
    let timeline = world.ledger.timeline(packet.id()).await.unwrap().unwrap();
    assert_eq!(timeline.events.len(), 1);
    let island = world.island_of_east().await;
    assert_eq!(island.gateways[0].state, GatewayState::Open);
}

#[tokio::test]
async fn two_packets_with_one_lane_and_sequence_suspend_their_gateway_and_are_both_kept() {
    let mut world = World::new().await;
    let first = world.east.packet(&world.west, 1);
    let mut second = first.clone();
    second.payload = b"something else".to_vec();
    world.east(vec![sent(&first)]).await;
    world.east(vec![sent(&second)]).await;
    assert_eq!(world.island_of_east().await.gateways[0].state, GatewayState::Suspended);
    assert_eq!(world.state(first.id()).await, PacketState::Held);
    let kept = sqlx::query_scalar::<_, Vec<u8>>("SELECT payload FROM packet_conflicts")
        .fetch_all(&world.ledger.pool)
        .await
        .unwrap();
    assert_eq!(kept, [second.payload.clone()]);
    assert!(world.pending(0).await.is_empty(), "nothing is delivered from a suspended gateway");
    let events = world.ledger.timeline(second.id()).await.unwrap().unwrap().events;
    assert_eq!(events.len(), 1, "its event is a fact all the same");
}

#[tokio::test]
async fn two_packets_with_one_lane_and_sequence_in_one_transaction_do_the_same() {
    let mut world = World::new().await;
    let first = world.east.packet(&world.west, 1);
    let mut second = first.clone();
    second.timeout += 1;
    world.east(vec![sent(&first), sent(&second), sent(&first)]).await;
    assert_eq!(world.island_of_east().await.gateways[0].state, GatewayState::Suspended);
    assert!(world.ledger.packet(first.id()).await.unwrap().is_some());
    assert!(world.ledger.packet(second.id()).await.unwrap().is_none());
}

#[tokio::test]
async fn two_outcomes_of_one_packet_suspend_the_gateway_and_nothing_more_is_signed_about_it() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![sent(&packet)]).await;
    world.west(vec![delivered(packet.id(), true, b"")]).await;
    world.sign(&[0]).await;
    world.west(vec![expired(packet.id())]).await;
    assert_eq!(world.state(packet.id()).await, PacketState::Held);
    world.sign(&[1, 2]).await;
    assert!(world.ready(&world.east).await.is_empty());
    let events = world.ledger.timeline(packet.id()).await.unwrap().unwrap().events;
    assert_eq!(events.len(), 3);
}

#[tokio::test]
async fn an_outcome_from_a_gateway_that_is_not_the_destination_changes_nothing() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    world.east(vec![delivered(packet.id(), true, b"")]).await;
    world.east(vec![sent(&packet)]).await;
    assert_eq!(world.island_of_east().await.gateways[0].state, GatewayState::Suspended);
    assert_eq!(world.state(packet.id()).await, PacketState::Held);
}

#[tokio::test]
async fn two_events_under_one_number_suspend_their_gateway() {
    let mut world = World::new().await;
    let number = world.east.next;
    world.east(vec![Beat]).await;
    let twice = world.east.numbered_block(vec![(number, Beat)]);
    world.record(&twice).await.unwrap();
    assert_eq!(world.island_of_east().await.gateways[0].state, GatewayState::Suspended);
    let kept = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM event_conflicts");
    assert_eq!(kept.fetch_one(&world.ledger.pool).await.unwrap(), 1);
}
