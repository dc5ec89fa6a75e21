//! Recording evidence: once, in order, and only what fits.

use causeway_api::Role;
use causeway_protocol::{GatewayEventKind, keccak256};
use time::Duration;

use super::world::{Chain, T0, World, operator, sent, token};
use crate::RecordRefusal;

#[tokio::test]
async fn the_same_evidence_twice_is_recorded_once() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    let block = world.east.block(vec![sent(&packet)]);
    let first = world.record(&block).await.unwrap();
    let second = world.record(&block).await.unwrap();
    assert!(!first.known && second.known);
    assert_eq!((first.sequence, first.events), (second.sequence, second.events));
    let together = world.east.block(vec![]);
    let pieces = [together.piece(), together.piece()];
    let verdicts = world.ledger.record_pieces(&pieces).await.unwrap();
    let known: Vec<bool> = verdicts.into_iter().map(|verdict| verdict.unwrap().known).collect();
    assert_eq!(known, [false, true]);
    let after = world.ledger.known_evidence(world.east.island, keccak256(&block.bytes)).await.unwrap();
    assert_eq!(after.map(|known| known.sequence), Some(first.sequence));
}

#[tokio::test]
async fn case_24_the_same_evidence_by_many_at_once_is_recorded_once() {
    let mut world = World::new().await;
    let packet = world.east.packet(&world.west, 1);
    let block = world.east.block(vec![sent(&packet)]);
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (ledger, block) = (world.ledger.ledger.clone(), block.clone());
            tokio::spawn(
                async move { ledger.record_pieces(&[block.piece()]).await.unwrap().remove(0).unwrap() },
            )
        })
        .collect();
    let mut fresh = 0;
    for task in tasks {
        fresh += u32::from(!task.await.unwrap().known);
    }
    assert_eq!(fresh, 1);
    assert_eq!(world.ledger.evidence_after(world.east.island, 0, 100).await.unwrap().len(), 2);
}

#[tokio::test]
async fn linked_runs_fit_into_one_transaction_and_fall_together() {
    let mut world = World::new().await;
    let first = world.east.block(vec![]);
    let second = world.east.block(vec![]);
    let verdicts = world.ledger.record_pieces(&[first.piece(), second.piece()]).await.unwrap();
    assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");

    let mut foreign = world.east.clone();
    foreign.gateway = world.west.gateway;
    let refused = foreign.block(vec![GatewayEventKind::Beat]);
    let after = foreign.block(vec![]);
    let verdicts = world.ledger.record_pieces(&[refused.piece(), after.piece()]).await.unwrap();
    assert_eq!(verdicts[0], Err(RecordRefusal::UnknownGateway { gateway: world.west.gateway }));
    assert_eq!(verdicts[1].as_ref().unwrap_err().code(), "not-linked-to-head");
    let head = world.ledger.client_state(world.east.island).await.unwrap().unwrap();
    assert_eq!((head.height, head.hash), (world.east.head.height, world.east.head.hash));
}

#[tokio::test]
async fn a_run_that_lost_the_race_is_told_where_the_head_is() {
    let mut world = World::new().await;
    let mut other = world.east.clone();
    let winner = world.east.block(vec![]);
    world.record(&winner).await.unwrap();
    let loser = other.block(vec![GatewayEventKind::Beat]);
    let Err(RecordRefusal::HeadMoved { height, hash, .. }) = world.record(&loser).await else {
        panic!("both runs were recorded");
    };
    assert_eq!((height, hash), (world.east.head.height, world.east.head.hash));
}

#[tokio::test]
async fn a_back_fill_ends_in_a_recorded_header_and_never_moves_the_head() {
    let mut world = World::new().await;
    let old = world.east.head;
    let block = world.east.block(vec![]);
    world.record(&block).await.unwrap();
    let number = world.east.next;
    let fill = world.east.back_fill(old, vec![(number, GatewayEventKind::Beat)]);
    world.record(&fill).await.unwrap();
    let cursor = world.ledger.cursor(world.east.island).await.unwrap().unwrap();
    assert_eq!(cursor.head.height, world.east.head.height);
    assert_eq!(cursor.gateways[0].number, number);
    let mut unknown = old;
    unknown.hash = keccak256(b"another block");
    let fill = world.east.back_fill(unknown, vec![]);
    assert_eq!(world.record(&fill).await.unwrap_err().code(), "unknown-header");
}

#[tokio::test]
async fn nothing_is_recorded_of_an_island_that_is_pending_or_unknown() {
    let ledger = crate::testkit::fresh().await;
    let mut chain = Chain::new("alone");
    let (registration, anchored) = chain.registration();
    let block = chain.block(vec![]);
    let verdict = ledger.record_pieces(&[block.piece()]).await.unwrap().remove(0);
    assert_eq!(verdict, Err(RecordRefusal::NoSuchIsland));
    ledger.register(registration, anchored, T0).await.unwrap();
    let verdict = ledger.record_pieces(&[block.piece()]).await.unwrap().remove(0);
    assert_eq!(verdict.unwrap_err().code(), "island-state");
}

#[tokio::test]
async fn nothing_of_a_gateway_counts_before_its_opening() {
    let mut world = World::registered().await;
    let beat = world.east.numbered_block(vec![(2, GatewayEventKind::Beat)]);
    // The run is recorded: nobody's contract keeps an island's evidence out. The event is not.
    world.record(&beat).await.unwrap();
    let cursor = world.ledger.cursor(world.east.island).await.unwrap().unwrap();
    assert_eq!((cursor.head.height, cursor.gateways[0].number), (1, 0));
    assert!(cursor.gateways[0].missing.is_empty());
    let again = world.east.back_fill(world.east.head, vec![(2, GatewayEventKind::Beat)]);
    assert_eq!(world.record(&again).await.unwrap_err().code(), "gateway-not-opened");
}

#[tokio::test]
async fn case_3_a_revoked_token_submits_nothing_more() {
    let mut world = World::new().await;
    let token = world.ledger.create_token(token(Role::Relayer), keccak256(b"secret"), T0).await.unwrap();
    let mut first = world.east.block(vec![]);
    first.token = Some(token.id);
    world.record(&first).await.unwrap();
    world.ledger.revoke_token(token.id, &operator(), T0).await.unwrap();
    let mut second = world.east.block(vec![]);
    second.token = Some(token.id);
    assert_eq!(world.record(&second).await, Err(RecordRefusal::TokenRevoked));
}

#[tokio::test]
async fn evidence_is_followed_in_order_and_its_time_never_decreases() {
    let mut world = World::new().await;
    let mut earlier = world.east.block(vec![]);
    earlier.at = T0 - Duration::hours(1);
    world.record(&earlier).await.unwrap();
    world.west(vec![]).await;
    world.east(vec![]).await;
    let all = world.ledger.evidence_after(world.east.island, 0, 100).await.unwrap();
    assert_eq!(all.len(), 3);
    assert!(all.is_sorted_by_key(|item| item.sequence) && all.is_sorted_by_key(|item| item.recorded_at));
    assert_eq!(all[1].evidence, earlier.bytes);
    let rest = world.ledger.evidence_after(world.east.island, all[0].sequence, 1).await.unwrap();
    assert_eq!(rest, all[1..2]);
}

#[tokio::test]
async fn facts_that_break_a_rule_of_the_schema_change_nothing() {
    let mut world = World::new().await;
    let mut packet = world.east.packet(&world.west, 1);
    packet.sender = vec![0; 65];
    let block = world.east.block(vec![sent(&packet)]);
    let error = world.ledger.record_pieces(&[block.piece()]).await.unwrap_err();
    assert!(!error.is_transient(), "{error}");
    assert!(world.ledger.packet(packet.id()).await.unwrap().is_none());
    assert_eq!(world.ledger.evidence_after(world.east.island, 0, 100).await.unwrap().len(), 1);
}
