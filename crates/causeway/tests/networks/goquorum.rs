//! Two GoQuorum networks: packets both ways while validators come and go, nodes stop, and every service is killed; at the end
//! everything happened exactly once, and chain, Postgres and API agree.

use std::collections::HashSet;
use std::time::Duration;

use causeway_api::{PacketState, Role};
use causeway_evm_node::{Consensus, Network, NetworkConfig, NodeError};
use causeway_ledger::Ledger;
use causeway_protocol::{Family, HubId, PacketId};

use crate::PATIENCE;
use crate::deployment::{Deployment, ORIGIN, assert_once, attestors, in_seconds};
use crate::evm::{ACCOUNTS, AUTHORS, RealIsland};
use crate::proofs::assert_proven;

/// Packets each way: five from each author.
const EACH: usize = 5;

/// Sends every author's packets from one island to the other, a few at once.
async fn send_all(from: &RealIsland, to: &RealIsland) -> Result<Vec<PacketId>, NodeError> {
    let authors = (0..AUTHORS).map(|author| async move {
        let mut sent = Vec::new();
        for index in 0..EACH {
            // The first author's packets have to arrive in order.
            let text = format!("{index} of {author} from {}", from.name);
            sent.push(from.post(author, &to.receiver(), &text, author == 0, in_seconds(900)).await?);
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        Ok::<_, NodeError>(sent)
    });
    Ok(futures::future::try_join_all(authors).await?.concat())
}

/// What goes wrong while packets flow.
async fn trouble(qbft: &RealIsland, ibft: &RealIsland, services: &mut Deployment) -> Result<(), NodeError> {
    let candidate = qbft.network.node_keys()[4].address();
    qbft.network.propose(candidate, true).await?;
    services.relayer.kill();
    services.relayer.restart();
    ibft.network.pause(3)?;
    services.attestors[0].kill();
    services.attestors[0].restart();
    tokio::time::sleep(Duration::from_secs(10)).await;
    ibft.network.resume(3)?;
    services.hub.kill();
    services.hub.restart();
    let leaver = qbft.network.node_keys()[1].address();
    qbft.network.propose(leaver, false).await?;
    let candidate = ibft.network.node_keys()[4].address();
    ibft.network.propose(candidate, true).await?;
    Ok(())
}

/// One whose receiver fails, and one that has no relayer until it is too late.
async fn send_odd_ones(
    from: &RealIsland,
    to: &RealIsland,
    services: &mut Deployment,
) -> Result<[PacketId; 2], NodeError> {
    to.set_failing(true).await?;
    let failing = from.post(1, &to.receiver(), "not taken", false, in_seconds(900)).await?;
    for _ in 0..240 {
        if to.received(failing).await? == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    to.set_failing(false).await?;
    services.relayer.kill();
    let expiring = from.post(1, &to.receiver(), "too late", false, in_seconds(6)).await?;
    tokio::time::sleep(Duration::from_secs(8)).await;
    services.relayer.restart();
    Ok([failing, expiring])
}

const DELIVERED: &str = "PacketDelivered(uint64,bytes32,bytes32,bool,bytes)";
const EXPIRED: &str = "PacketExpired(uint64,bytes32,bytes32)";
const SETTLED: &str = "PacketSettled(uint64,bytes32,bytes32,uint8,bool)";

/// The chains' own word: everything happened once, and the two sides fit.
async fn assert_chains_agree(
    from: &RealIsland,
    to: &RealIsland,
    sent: &[PacketId],
    expired: &[PacketId],
) -> Result<(), NodeError> {
    let (delivered, gone) = (to.event_ids(DELIVERED).await?, to.event_ids(EXPIRED).await?);
    let settled = from.event_ids(SETTLED).await?;
    assert_once("a delivery", &delivered);
    assert_once("an expiry", &gone);
    assert_once("a settlement", &settled);
    let unordered = |ids: &[PacketId]| ids.iter().copied().collect::<HashSet<_>>();
    assert_eq!(unordered(&gone), unordered(expired));
    assert_eq!(unordered(&settled), unordered(sent));
    assert_eq!(delivered.len() + gone.len(), sent.len());
    for id in sent {
        let (arrived, outcome) = (to.received(*id).await?, from.outcome(*id).await?);
        assert_eq!(arrived == 2, outcome == 4, "{id}: expired there and here");
        assert!(outcome > 1, "{id} ended here");
    }
    Ok(())
}

async fn networks(folder_seed: &str) -> Option<(Network, Network)> {
    let config = |consensus, chain_id| NetworkConfig {
        consensus,
        chain_id,
        candidates: 1,
        accounts: ACCOUNTS,
        seed: Some(format!("{folder_seed} {chain_id}")),
        ..NetworkConfig::default()
    };
    let qbft = Network::start_or_skip(config(Consensus::Qbft, 4001)).await.unwrap()?;
    let ibft = Network::start_or_skip(config(Consensus::Ibft, 4002)).await.unwrap()?;
    Some((qbft, ibft))
}

async fn one_hundred_packets() -> Result<(), NodeError> {
    let Some((qbft, ibft)) = networks("one hundred packets").await else { return Ok(()) };
    let hub = HubId::of_origin(ORIGIN);
    let attestors = attestors();
    let (qbft, ibft) = tokio::try_join!(
        RealIsland::new(qbft, "qbft", Family::Qbft, hub, &attestors),
        RealIsland::new(ibft, "ibft", Family::Ibft, hub, &attestors),
    )?;
    let folder = tempfile::tempdir().unwrap();
    let islands = [qbft.listed(folder.path()), ibft.listed(folder.path())];
    let mut services = Deployment::start(folder.path(), &islands).await;
    let operator = services.operator();
    let auditor = services.client(Role::Auditor, "auditor").await;

    let (there, back, troubled) =
        tokio::join!(send_all(&qbft, &ibft), send_all(&ibft, &qbft), trouble(&qbft, &ibft, &mut services),);
    troubled?;
    let (mut there, back) = (there?, back?);
    let [failing, expiring] = send_odd_ones(&qbft, &ibft, &mut services).await?;
    there.extend([failing, expiring]);
    assert_eq!((there.len(), back.len()), (AUTHORS * EACH + 2, AUTHORS * EACH));
    let all = [there.clone(), back.clone()].concat();
    let ended = services.ends(&auditor, &all).await;

    assert_eq!(ended[&expiring], PacketState::Refunded);
    assert_eq!(ended.values().filter(|state| **state == PacketState::Refunded).count(), 1);
    assert_eq!(auditor.packet(failing).await.unwrap().success, Some(false));
    assert_chains_agree(&qbft, &ibft, &there, &[expiring]).await?;
    assert_chains_agree(&ibft, &qbft, &back, &[]).await?;
    assert_eq!(
        ibft.messages().await?,
        (AUTHORS * EACH) as u64,
        "neither the failing nor the expired one is on the board"
    );
    assert_eq!(qbft.messages().await?, (AUTHORS * EACH) as u64);

    let options = causeway_ledger::Options { max_connections: 2 };
    let ledger = Ledger::connect(&services.postgres.url("postgres"), options).await.unwrap();
    for (id, state) in &ended {
        assert_eq!(
            ledger.packet(*id).await.unwrap().unwrap().state,
            *state,
            "Postgres and API agree on {id}"
        );
    }
    for island in [&qbft, &ibft] {
        let cursor = operator.cursor(island.name).await.unwrap();
        assert_eq!(
            cursor.gateways[0].number,
            island.last_number().await?,
            "every event of {} is recorded",
            island.name
        );
        assert!(cursor.gateways[0].missing.is_empty());
        services.assert_logged(&ledger, island.gateway_id, cursor.gateways[0].number).await;
    }
    assert_proven(folder.path(), &auditor, &islands, &ended).await;
    ledger.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_hundred_packets_both_ways_end_exactly_once_through_every_trouble() {
    tokio::time::timeout(PATIENCE, one_hundred_packets()).await.expect("in time").unwrap();
}
