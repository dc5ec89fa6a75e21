//! Nodes that fail, hang, lie or lag: the adapter goes on with the others.

use std::time::{Duration, Instant};

use causeway_adapter::{AdapterError, Source};
use causeway_evm::{EvmSource, SourceSettings};
use causeway_evm_devnet::RpcFault;
use causeway_protocol::GatewayId;

use crate::island::{Island, nodes};

const ELSEWHERE: GatewayId = GatewayId([9; 32]);

#[tokio::test]
async fn a_call_that_fails_or_hangs_moves_on_to_the_next_node() {
    for fault in [RpcFault::Fail, RpcFault::Hang, RpcFault::Garbage, RpcFault::Behind(1000)] {
        let mut island = Island::start("faulty").await;
        let second = island.chain.endpoint().await.unwrap();
        let message = island.message(ELSEWHERE);
        island.account.send_packet(island.gateway, &message).await.unwrap();
        island.chain.faults().always(fault);
        let source = EvmSource::new(nodes(&[island.chain.url(), second.url()]), SourceSettings::default());
        let start = Instant::now();
        let evidence = source.next(&island.book.standing).await.unwrap().unwrap();
        assert_eq!(island.book.record(&evidence).unwrap(), 2, "{fault:?}");
        assert!(start.elapsed() < Duration::from_secs(10), "{fault:?}");
        let health = source.health();
        assert!(health.nodes[1].up);
        assert_eq!(health.head, Some(island.chain.height()));
    }
}

#[tokio::test]
async fn one_failing_call_in_three_does_not_matter() {
    let mut island = Island::start("flaky").await;
    let second = island.chain.endpoint().await.unwrap();
    let message = island.message(ELSEWHERE);
    for _ in 0..3 {
        island.account.send_packet(island.gateway, &message).await.unwrap();
    }
    island.chain.faults().every(3, RpcFault::Fail);
    second.faults().every(5, RpcFault::Garbage);
    let source = EvmSource::new(nodes(&[island.chain.url(), second.url()]), SourceSettings::default());
    let mut attempts = 0;
    while island.book.events.len() < 4 {
        attempts += 1;
        assert!(attempts < 50, "both nodes at their worst at the same time happens, but not for ever");
        if let Ok(Some(evidence)) = source.next(&island.book.standing).await {
            island.book.record(&evidence).unwrap();
        }
    }
}

#[tokio::test]
async fn when_every_node_is_dead_the_error_says_what_was_asked_and_recovers_with_them() {
    let mut island = Island::start("dead").await;
    island.chain.faults().always(RpcFault::Fail);
    let source = island.source();
    let error = source.next(&island.book.standing).await.unwrap_err();
    assert!(matches!(&error, AdapterError::Unreachable { call, .. } if call == "eth_blockNumber"), "{error}");
    assert!(!source.health().nodes[0].up);
    island.chain.faults().clear();
    let evidence = source.next(&island.book.standing).await.unwrap().unwrap();
    island.book.record(&evidence).unwrap();
    assert!(source.health().nodes[0].up);
}

#[tokio::test]
async fn a_lagging_node_does_not_hide_an_omitted_event() {
    let mut island = Island::start("lag").await;
    island.catch_up().await;
    let message = island.message(ELSEWHERE);
    island.account.send_packet(island.gateway, &message).await.unwrap();
    let evidence = island.source().next(&island.book.standing).await.unwrap().unwrap();
    island.book.record_without_events(&evidence);
    let second = island.chain.endpoint().await.unwrap();
    island.chain.faults().always(RpcFault::Behind(1));
    let source = EvmSource::new(nodes(&[island.chain.url(), second.url()]), SourceSettings::default());
    assert_eq!(source.omitted(&island.book.standing).await.unwrap(), Some(evidence.last));
}
