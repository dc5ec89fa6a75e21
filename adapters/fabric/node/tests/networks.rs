//! The pinned Fabric comes up, endorses, orders and commits, and survives what tests do to it.
#![allow(clippy::unwrap_used)] // a test may panic

use std::path::Path;

use causeway_fabric_node::{Chaincode, Network, NetworkConfig, Node, NodeError, Policy, build_chaincode};

const BOTH: &str = "AND('Org1MSP.peer','Org2MSP.peer')";

/// A network that runs the store, or none where there are no nodes.
async fn store() -> Option<Network> {
    let mut network = Network::start_or_skip(NetworkConfig::default()).await.unwrap()?;
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/chaincode");
    let binary = build_chaincode(&module, ".").await.unwrap();
    let policy = Policy::Signature(BOTH.into());
    network.deploy(Chaincode::new("store", binary, policy)).await.unwrap();
    Some(network)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chaincode_of_two_organisations_commits_and_outlives_its_nodes() {
    let Some(mut network) = store().await else { return };
    network.invoke("store", &["put", "colour", "blue"]).await.unwrap();
    assert_eq!(network.query("store", &["get", "colour"]).await.unwrap(), b"blue");

    // Everything is killed and comes back with what it had.
    let peer = |organisation| Node::Peer { organisation, peer: 0 };
    for node in [Node::Orderer, peer(0), peer(1), Node::Chaincode("store".into())] {
        network.kill(&node).unwrap();
        network.restart(&node).await.unwrap();
    }
    assert_eq!(network.query("store", &["get", "colour"]).await.unwrap(), b"blue");

    // With one organisation's peer gone there is nobody to endorse for it.
    network.kill(&peer(1)).unwrap();
    let refused = network.invoke("store", &["put", "colour", "red"]).await.unwrap_err();
    assert!(matches!(refused, NodeError::Command { .. }), "{refused}");
    network.restart(&peer(1)).await.unwrap();

    // A third organisation joins and runs the chaincode; then the policy asks for it too.
    assert_eq!(network.add_organisation().await.unwrap(), 2);
    network.invoke("store", &["put", "colour", "green"]).await.unwrap();
    let all = "AND('Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')";
    network.set_policy("store", Policy::Signature(all.into())).await.unwrap();
    network.invoke("store", &["put", "colour", "yellow"]).await.unwrap();
    assert_eq!(network.query("store", &["get", "colour"]).await.unwrap(), b"yellow");
    assert!(network.block(0).await.unwrap().len() > 1000);
    assert_ne!(network.config_block().await.unwrap(), network.block(0).await.unwrap());
}
