//! A GoQuorum network and a Fabric channel: packets both ways while an organisation joins, the endorsement policy changes, a
//! peer and the relayer are killed; at the end everything happened exactly once, and chains, Postgres and API agree.

use std::collections::HashSet;
use std::time::Duration;

use causeway_api::{PacketState, Role};
use causeway_client::{HubClient, PacketFilter};
use causeway_evm_node::{Consensus, Network, NetworkConfig, NodeError};
use causeway_fabric_node::{Node, NodeError as FabricError, Policy};
use causeway_ledger::Ledger;
use causeway_protocol::{Family, HubId, PacketId};

use crate::PATIENCE;
use crate::deployment::{Deployment, ORIGIN, attestors, in_seconds};
use crate::evm::{ACCOUNTS, AUTHORS, RealIsland, Receiver};
use crate::fabric::{BOARD, FabricIsland, Post, REFUSED};
use crate::proofs::assert_proven;

/// Sent from Fabric at once, into one block; ten of them in order.
const AT_ONCE: usize = 50;
const IN_ORDER: usize = 10;
/// From GoQuorum: five from each author.
const EACH: usize = 5;
/// Any two of three organisations.
const TWO_OF_THREE: &str = "OutOf(2,'Org1MSP.peer','Org2MSP.peer','Org3MSP.peer')";

/// Fifty messages into one block: concurrent sends do not collide. The orderer stands still until they wait for it, so that how
/// busy the machine is does not decide how many blocks they take.
async fn send_at_once(fabric: &FabricIsland, to: &RealIsland) {
    let (board, timeout) = (to.board.0, in_seconds(900));
    let texts: Vec<String> = (0..AT_ONCE).map(|index| format!("{index} from fabric")).collect();
    let posts = texts.iter().enumerate().map(|(index, text)| {
        let ordered = index < IN_ORDER;
        let lane = if ordered { "in order" } else { "messages" };
        let post = Post { to: to.gateway_id, board: &board, lane, ordered, timeout, text };
        async move { fabric.post(&post).await.block }
    });
    let orderer = async {
        fabric.network.pause(&Node::Orderer).unwrap();
        tokio::time::sleep(Duration::from_secs(5)).await;
        fabric.network.resume(&Node::Orderer).unwrap();
    };
    let (sent, ()) = tokio::join!(futures::future::join_all(posts), orderer);
    let blocks: HashSet<u64> = sent.into_iter().collect();
    assert_eq!(blocks.len(), 1, "fifty sends are in one block");
}

/// Sends every author's messages from GoQuorum, a few at once.
async fn send_all(from: &RealIsland, to: &Receiver<'_>) -> Result<Vec<PacketId>, NodeError> {
    let authors = (0..AUTHORS).map(|author| async move {
        let mut sent = Vec::new();
        for index in 0..EACH {
            let text = format!("{index} of {author}");
            sent.push(from.post(author, to, &text, author == 0, in_seconds(900)).await?);
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        Ok::<_, NodeError>(sent)
    });
    Ok(futures::future::try_join_all(authors).await?.concat())
}

/// What goes wrong while packets flow.
async fn trouble(
    network: &mut causeway_fabric_node::Network,
    services: &mut Deployment,
) -> Result<(), FabricError> {
    network.add_organisation().await?;
    services.relayer.kill();
    services.relayer.restart();
    network.set_policy("gateway", Policy::Signature(TWO_OF_THREE.into())).await?;
    let peer = Node::Peer { organisation: 1, peer: 0 };
    network.kill(&peer)?;
    services.attestors[1].kill();
    services.attestors[1].restart();
    tokio::time::sleep(Duration::from_secs(5)).await;
    network.restart(&peer).await
}

/// Everything that was sent from the channel, as the hub has recorded it.
async fn sent_from_fabric(auditor: &HubClient, count: usize) -> Vec<PacketId> {
    let filter = PacketFilter { source: Some("fabric".into()), ..PacketFilter::default() };
    for _ in 0..240 {
        let page = auditor.packets(&filter, None).await.unwrap();
        if page.items.len() == count {
            assert!(page.next.is_none());
            return page.items.into_iter().map(|packet| packet.id).collect();
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("not every packet of the channel was recorded");
}

async fn both_ways() {
    let folder = tempfile::tempdir().unwrap();
    let (hub, attestors) = (HubId::of_origin(ORIGIN), attestors());
    let Some(mut fabric) = FabricIsland::start(folder.path(), hub, &attestors).await.unwrap() else { return };
    let config = NetworkConfig {
        consensus: Consensus::Qbft,
        chain_id: 4003,
        accounts: ACCOUNTS,
        seed: Some("fabric and goquorum".into()),
        ..NetworkConfig::default()
    };
    let Some(network) = Network::start_or_skip(config).await.unwrap() else { return };
    let quorum = RealIsland::new(network, "qbft", Family::Qbft, hub, &attestors).await.unwrap();
    send_at_once(&fabric, &quorum).await;

    let islands = [quorum.listed(folder.path()), fabric.listed()];
    let mut services = Deployment::start(folder.path(), &islands).await;
    let operator = services.operator();
    let auditor = services.client(Role::Auditor, "auditor").await;

    // Refused by its receiver, so never delivered; only REFUSE can expire it, two minutes past its timeout.
    let receiver = Receiver { gateway: fabric.gateway_id(), board: BOARD.as_bytes() };
    let refused = quorum.post(1, &receiver, REFUSED, false, in_seconds(20)).await.unwrap();
    let (sent, troubled) =
        tokio::join!(send_all(&quorum, &receiver), trouble(&mut fabric.network, &mut services));
    troubled.unwrap();
    let mut there = sent.unwrap();
    there.push(refused);

    // One that the board there refuses, and one that has no relayer until it is too late.
    quorum.set_failing(true).await.unwrap();
    let board = quorum.board.0;
    let post = |text, timeout| Post {
        to: quorum.gateway_id,
        board: &board,
        lane: "odd",
        ordered: false,
        timeout,
        text,
    };
    fabric.post(&post("not taken", in_seconds(900))).await;
    let sent = sent_from_fabric(&auditor, AT_ONCE + 1).await;
    services.ends(&auditor, &sent).await;
    quorum.set_failing(false).await.unwrap();
    services.relayer.kill();
    fabric.post(&post("too late", in_seconds(10))).await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    services.relayer.restart();

    let back = sent_from_fabric(&auditor, AT_ONCE + 2).await;
    let all = [there.clone(), back.clone()].concat();
    let ended = services.ends(&auditor, &all).await;

    assert_eq!(ended[&refused], PacketState::Refunded);
    assert_eq!(ended.values().filter(|state| **state == PacketState::Refunded).count(), 2);
    let failed = async |id: &PacketId| auditor.packet(*id).await.unwrap().success == Some(false);
    let mut failures = 0;
    for id in &back {
        failures += usize::from(failed(id).await);
    }
    assert_eq!(failures, 1, "one was delivered to a board that refused it");
    assert_eq!(quorum.messages().await.unwrap(), AT_ONCE as u64);

    // The channel's own word: every event key was written once, by a valid transaction.
    let arrived = fabric.written("in/").await;
    let settled = fabric.written("end/").await;
    let numbered = fabric.written("seq/").await;
    assert_eq!((arrived.len(), settled.len(), numbered.len()), (there.len(), back.len(), back.len()));
    assert!(arrived.values().chain(settled.values()).chain(numbered.values()).all(|times| *times == 1));
    for id in &there {
        assert_eq!(fabric.standing(*id).await["received"], true);
        assert!(quorum.outcome(*id).await.unwrap() > 1, "{id} ended at home");
    }
    for id in &back {
        assert_eq!(fabric.standing(*id).await["settled"], true);
    }

    let options = causeway_ledger::Options { max_connections: 2 };
    let ledger = Ledger::connect(&services.postgres.url("postgres"), options).await.unwrap();
    for (id, state) in &ended {
        assert_eq!(
            ledger.packet(*id).await.unwrap().unwrap().state,
            *state,
            "Postgres and API agree on {id}"
        );
    }
    let cursor = operator.cursor("fabric").await.unwrap();
    let mut events = arrived.len() + settled.len() + numbered.len();
    for others in ["opened", "beat/", "epoch/", "act/"] {
        events += fabric.written(others).await.len();
    }
    let (recorded, on_the_channel) = (cursor.gateways[0].number, u64::try_from(events).unwrap());
    assert!(cursor.gateways[0].missing.is_empty());
    // A sign of life may have been written since.
    let proven = u64::try_from(there.len() + 2 * back.len()).unwrap();
    assert!(
        (proven..=on_the_channel).contains(&recorded),
        "{recorded} events are recorded of {on_the_channel}"
    );
    assert_proven(folder.path(), &auditor, &islands, &ended).await;
    ledger.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_packets_between_goquorum_and_fabric_end_exactly_once() {
    tokio::time::timeout(PATIENCE, both_ways()).await.expect("in time");
}
