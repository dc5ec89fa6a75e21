//! Peers that die, hang or lag: another one answers.

use std::time::{Duration, Instant};

use causeway_fabric_node::{Network, NetworkConfig, Node};

use crate::island::peers;

fn number(block: &causeway_verifier::fabric::proto::Block) -> u64 {
    block.header.as_ref().unwrap().number
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_come_in_order_from_whichever_peer_has_them() {
    let Some(mut network) = Network::start_or_skip(NetworkConfig::default()).await.unwrap() else { return };
    let peers = peers(&network);
    let first = Node::Peer { organisation: 0, peer: 0 };
    let height = || async { number(&peers.newest().await.unwrap()) };
    assert_eq!(height().await, 0);
    assert_eq!(
        peers.blocks(1, 10, usize::MAX).await.unwrap(),
        [],
        "what is not there yet is nothing, and no error"
    );

    // An organisation that joins makes a config block.
    network.add_organisation().await.unwrap();
    let start = Instant::now();
    while height().await < 1 {
        assert!(start.elapsed() < Duration::from_secs(20), "the config block arrives");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let blocks = peers.blocks(0, 10, usize::MAX).await.unwrap();
    assert_eq!(blocks.iter().map(number).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(peers.blocks(0, 10, 1).await.unwrap().len(), 1, "bytes are bounded");
    assert_eq!(peers.blocks(0, 0, usize::MAX).await.unwrap().len(), 1, "and so are numbers");

    network.kill(&first).unwrap();
    assert_eq!(peers.blocks(1, 1, usize::MAX).await.unwrap().len(), 1);
    let health = peers.health();
    assert!(!health[0].up && health[0].last_failure.is_some(), "{health:?}");
    assert!(health[1].up, "{health:?}");
    assert_eq!(peers.known_height(), Some(1));

    network.restart(&first).await.unwrap();
    network.kill(&Node::Peer { organisation: 1, peer: 0 }).unwrap();
    assert_eq!(peers.blocks(0, 1, usize::MAX).await.unwrap().len(), 2, "the first one is back");
    network.kill(&first).unwrap();
    assert_eq!(peers.blocks(0, 1, usize::MAX).await.unwrap().len(), 2, "the orderer has them too");
    assert_eq!(height().await, 1);
    network.kill(&Node::Orderer).unwrap();
    peers.blocks(0, 1, usize::MAX).await.unwrap_err();
    peers.newest().await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_hangs_holds_nobody_up_for_long() {
    let Some(network) = Network::start_or_skip(NetworkConfig::default()).await.unwrap() else { return };
    let peers = peers(&network);
    assert_eq!(number(&peers.newest().await.unwrap()), 0);
    network.pause(&Node::Peer { organisation: 0, peer: 0 }).unwrap();
    let start = Instant::now();
    assert_eq!(peers.blocks(0, 0, usize::MAX).await.unwrap().len(), 1);
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    // And is not waited for again.
    let start = Instant::now();
    assert_eq!(peers.blocks(0, 0, usize::MAX).await.unwrap().len(), 1);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}
