//! Evidence from a chain that behaves, and from one whose relayers or validators do not.

use std::time::Duration;

use causeway_adapter::{AdapterError, Source, testkit};
use causeway_evm::{EvmSource, SourceSettings};
use causeway_evm_devnet::Key;
use causeway_protocol::GatewayId;
use causeway_verifier::bft::Protocol;

use crate::island::Island;

const ELSEWHERE: GatewayId = GatewayId([9; 32]);

#[tokio::test]
async fn every_event_is_proven_to_a_light_client_for_each_protocol() {
    for protocol in Protocol::ALL {
        let mut island = Island::of(protocol.as_str(), protocol).await;
        for _ in 0..3 {
            let message = island.message(ELSEWHERE);
            island.account.send_packet(island.gateway, &message).await.unwrap();
        }
        let source = island.source();
        let standing = island.book.standing.clone();
        let book = &mut island.book;
        let (standing, all) = testkit::source_reaches_the_head(&source, standing, |_, evidence| {
            book.record(evidence).unwrap();
            book.standing.clone()
        })
        .await;
        assert_eq!(island.book.names(), ["Opened", "PacketSent", "PacketSent", "PacketSent"], "{protocol}");
        assert_eq!(standing.head.height, island.chain.height());
        assert_eq!(all.iter().map(|evidence| evidence.proofs).sum::<usize>(), 4);
        assert_eq!(source.head().await.unwrap(), standing.head);
        assert_eq!(island.book.gateway_id(), island.gateway_id);
    }
}

#[tokio::test]
async fn far_behind_a_source_goes_in_bounded_steps() {
    let mut island = Island::start("steps").await;
    for _ in 0..5 {
        let message = island.message(ELSEWHERE);
        island.account.send_packet(island.gateway, &message).await.unwrap();
    }
    let settings = SourceSettings { most_headers: 3, idle_headers: 3, ..SourceSettings::default() };
    let source = EvmSource::new(island.nodes.clone(), settings);
    let mut steps = Vec::new();
    while let Some(evidence) = source.next(&island.book.standing).await.unwrap() {
        steps.push(evidence.last - evidence.first + 1);
        island.book.record(&evidence).unwrap();
    }
    assert!(steps.len() >= 2 && steps.iter().all(|headers| *headers <= 3), "{steps:?}");
    assert_eq!(island.book.events.len(), 6);
}

#[tokio::test]
async fn without_events_evidence_waits_until_it_is_due() {
    let mut island = Island::start("idle").await;
    island.catch_up().await;
    for _ in 0..5 {
        island.chain.mine().unwrap();
    }
    let patient = island.source();
    assert_eq!(patient.next(&island.book.standing).await.unwrap(), None);
    let settings = SourceSettings { idle_headers: 5, ..SourceSettings::default() };
    let eager = EvmSource::new(island.nodes.clone(), settings);
    let evidence = eager.next(&island.book.standing).await.unwrap().unwrap();
    assert_eq!(evidence.last - evidence.first + 1, 5);
    assert_eq!(island.book.record(&evidence).unwrap(), 0);
}

#[tokio::test]
async fn case_25_an_event_left_out_is_noticed_and_filled_in() {
    let mut island = Island::start("omitted").await;
    let message = island.message(ELSEWHERE);
    island.catch_up().await;
    island.account.send_packet(island.gateway, &message).await.unwrap();
    let source = island.source();
    let evidence = source.next(&island.book.standing).await.unwrap().unwrap();
    island.book.record_without_events(&evidence);
    assert_eq!(island.book.events.len(), 1, "the event is not recorded, and the head is past it");
    island.account.send_packet(island.gateway, &message).await.unwrap();
    island.catch_up().await;
    assert_eq!(island.book.events.keys().copied().collect::<Vec<_>>(), [1, 3]);

    let height = source.omitted(&island.book.standing).await.unwrap().expect("the omission is noticed");
    let recorded = island.book.recorded_at(height);
    let evidence = source.back_fill(&island.book.standing, height, recorded).await.unwrap();
    let head = island.book.standing.head;
    island.book.record(&evidence).unwrap();
    assert_eq!(island.book.standing.head, head, "back-fill does not move the head");
    assert_eq!(island.book.events.keys().copied().collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(source.omitted(&island.book.standing).await.unwrap(), None);
}

#[tokio::test]
async fn back_fill_that_cannot_end_in_the_recorded_header_is_refused() {
    let mut island = Island::start("fill").await;
    island.catch_up().await;
    let source = island.source();
    let head = island.book.standing.head;
    let standing = &island.book.standing;
    let other = causeway_adapter::Head { hash: causeway_protocol::Hash([1; 32]), ..head };
    let error = source.back_fill(standing, head.height, other).await.unwrap_err();
    assert!(matches!(error, AdapterError::Inconsistent { .. }), "{error}");
    let error = source.back_fill(standing, head.height + 1, head).await.unwrap_err();
    assert!(matches!(error, AdapterError::Unprovable { .. }), "{error}");
}

#[tokio::test]
async fn a_header_short_of_a_quorum_waits_for_a_descendant() {
    let mut island = Island::start("short").await;
    island.catch_up().await;
    island.chain.seal_next_with(2);
    let message = island.message(ELSEWHERE);
    island.account.send_packet(island.gateway, &message).await.unwrap();
    let source = island.source();
    assert_eq!(source.next(&island.book.standing).await.unwrap(), None);
    island.account.send_packet(island.gateway, &message).await.unwrap();
    let evidence = source.next(&island.book.standing).await.unwrap().unwrap();
    assert_eq!(island.book.record(&evidence).unwrap(), 2);
}

#[tokio::test]
async fn rounds_and_validators_change_while_events_are_proven() {
    let mut island = Island::start("changes").await;
    let message = island.message(ELSEWHERE);
    island.chain.seal_next_in_round(2);
    island.account.send_packet(island.gateway, &message).await.unwrap();
    island.chain.add_validator(Key::derived("changes", "late validator", 0).unwrap()).unwrap();
    island.account.send_packet(island.gateway, &message).await.unwrap();
    island.chain.remove_validator(island.chain.validators()[0]).unwrap();
    island.account.send_packet(island.gateway, &message).await.unwrap();
    island.catch_up().await;
    assert_eq!(island.book.events.len(), 4);
    assert_eq!(island.book.standing.head.height, island.chain.height());
}

#[tokio::test]
async fn case_18_a_source_on_the_twin_proves_nothing_to_the_light_client_of_the_first() {
    let mut island = Island::start("twin").await;
    island.catch_up().await;
    let twin = island.chain.twin().await.unwrap();
    twin.advance_time(Duration::from_secs(30)); // same genesis, same validators, same transactions: other blocks
    let twin = Island::on(twin).await;
    let message = twin.message(ELSEWHERE);
    for _ in 0..3 {
        twin.account.send_packet(twin.gateway, &message).await.unwrap();
    }
    let error = twin.source().next(&island.book.standing).await;
    assert!(matches!(error, Err(AdapterError::Unprovable { .. })), "{error:?}");
}

#[tokio::test]
async fn a_client_state_that_cannot_be_read_is_told() {
    let island = Island::start("state").await;
    let mut standing = island.book.standing.clone();
    standing.client_state.truncate(10);
    let error = island.source().next(&standing).await.unwrap_err();
    assert!(matches!(error, AdapterError::Configuration(_)), "{error}");
}
