//! Evidence from a real channel that the light client takes, and from peers that die while it is made.

use causeway_fabric_node::{Node, Policy};

use crate::island::Island;

#[tokio::test(flavor = "multi_thread")]
async fn packets_sent_at_once_are_numbered_and_proven_while_organisations_policies_and_peers_change() {
    let Some(mut island) = Island::start().await else { return };
    island.post(20, false).await;
    island.post(5, true).await;
    island.record_until(|book| book.count("PacketSent") == 25).await;
    assert_eq!(island.book.names()[0], "Opened");
    assert_eq!(island.book.gateway().missing, []);
}
