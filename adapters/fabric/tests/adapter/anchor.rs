//! Trust anchors of a real channel.

use causeway_adapter::AdapterError;
use causeway_fabric::{AnchorTerms, anchor_from_blocks, propose_anchor};
use causeway_verifier::fabric::Anchor;

use causeway_fabric_node::NetworkConfig;

use crate::island::{Island, network_with_gateway};

const TERMS: AnchorTerms = AnchorTerms { time: 1_800_000_000, trusting_period: 86_400 };

/// The definitions that stand in an anchor: name and sequence.
fn definitions(anchor: &[u8]) -> Vec<(String, u64)> {
    let anchor = Anchor::decode(anchor).unwrap();
    assert!(anchor.definitions.iter().all(|definition| !definition.policy.is_empty()));
    anchor.definitions.into_iter().map(|definition| (definition.name, definition.sequence)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_anchor_is_a_config_block_and_the_definitions_made_before_it() {
    let Some(mut island) = Island::start().await else { return };
    let gateways = ["gateway".to_owned(), "elsewhere".to_owned()];
    let first = propose_anchor(&island.peers, None, TERMS, &gateways).await.unwrap();
    assert_eq!((first.height, first.channel.as_str()), (0, "channel"));
    assert_eq!(first.fingerprint, first.block);
    assert_eq!(first.validators.len(), 3, "two organisations' roots, and the orderer's");
    assert_eq!(definitions(&first.bytes), [], "the gateway was defined after block 0");
    let next = island.peers.blocks(1, 1, usize::MAX).await.unwrap().remove(0);
    assert_eq!(next.header.unwrap().previous_hash, first.block.0);

    // The orderer's form of the block makes the same anchor.
    let block = island.network.block(0).await.unwrap();
    assert_eq!(anchor_from_blocks(&block, &block, TERMS).unwrap(), first);

    island.network.add_organisation().await.unwrap();
    let second = propose_anchor(&island.peers, None, TERMS, &gateways).await.unwrap();
    assert!(second.height > 0);
    assert_eq!(second.fingerprint, first.fingerprint);
    assert_eq!(second.validators.len(), 4);
    assert_eq!(definitions(&second.bytes), [("gateway".to_owned(), 1)]);

    let error = propose_anchor(&island.peers, Some(1), TERMS, &gateways).await.unwrap_err();
    assert!(matches!(&error, AdapterError::Configuration(why) if why.contains("config block")), "{error}");
    let error = propose_anchor(&island.peers, Some(1_000_000), TERMS, &gateways).await.unwrap_err();
    assert!(matches!(error, AdapterError::Unprovable { .. }), "{error}");
    let later = island.network.config_block().await.unwrap();
    anchor_from_blocks(&later, &later, TERMS).unwrap_err();
    anchor_from_blocks(b"no block", &block, TERMS).unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_defined_before_the_anchor_is_judged_by_the_definition_in_it() {
    let Some(mut network) = network_with_gateway(NetworkConfig::default()).await else { return };
    network.add_organisation().await.unwrap();
    let mut island = Island::on(network).await;
    assert!(island.book.standing.head.height > 0);
    island.post(2, false).await;
    island.record_until(|book| book.count("PacketSent") == 2).await;
    assert_eq!(island.book.names(), ["Opened", "PacketSent", "PacketSent"]);
}
