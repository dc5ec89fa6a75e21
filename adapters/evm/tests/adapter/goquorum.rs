//! The adapter against real GoQuorum nodes: raw headers out of raw blocks, receipts one by one, free gas, and validators
//! in headers and in a contract.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use causeway_adapter::{Source as _, testkit};
use causeway_evm::rpc::{Nodes, NodesSettings};
use causeway_evm::{DestinationSettings, EvmDestination, EvmSource, SourceSettings};
use causeway_evm_node::{Consensus, Network, NetworkConfig, ValidatorContract as ContractOnChain};
use causeway_protocol::{Attestation, AttestationKind, Family, Hash, keccak256};
use causeway_verifier::bft::{Config, Mode, Protocol, ValidatorContract};

use crate::island::{DAY, Island, account_of, message};

/// Two gateways on one network, packets from one to the other: sent, proven, delivered, proven, settled, proven.
async fn a_packets_life(network: Network, config: Config) {
    let mut settings = NodesSettings::new(network.rpc_urls());
    settings.timeout = Duration::from_secs(2);
    let nodes = Arc::new(Nodes::new(&settings).unwrap());
    let accounts: Vec<_> = network.accounts().iter().map(|key| account_of(&nodes, key.secret())).collect();
    let mut source = Island::open((), nodes.clone(), accounts[0].clone(), config.clone()).await;
    let mut destination = Island::open((), nodes.clone(), accounts[1].clone(), config).await;
    let adapter = EvmDestination::new(accounts[2].clone(), DestinationSettings::default());

    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let message = message(destination.gateway_id, now + 600);
    let sends = (0..5).map(|_| accounts[0].send_packet(source.gateway, &message));
    let ids: Vec<_> =
        futures::future::join_all(sends).await.into_iter().map(|sent| sent.unwrap().0).collect();

    source.catch_up().await;
    assert_eq!(source.book.events.len(), 6);
    let deliver: Vec<_> =
        ids.iter().map(|id| (Attestation::plain(AttestationKind::Deliver, *id), Vec::new())).collect();
    testkit::destination_is_idempotent(&adapter, &destination.attest(&source.book, &deliver)).await;

    // A node that stops: the adapter goes on with the others.
    network.kill(0).unwrap();
    destination.catch_up().await;
    assert_eq!(destination.book.events.len(), 6);
    let settle: Vec<_> = ids.iter().map(|id| (Attestation::result(*id, false, b""), Vec::new())).collect();
    testkit::destination_is_idempotent(&adapter, &source.attest(&source.book, &settle)).await;
    source.catch_up().await;
    assert_eq!(source.book.names()[6..], ["PacketSettled"; 5]);

    // Far from the anchor again, with another source and nothing remembered.
    let idle = SourceSettings { idle_headers: 1, ..SourceSettings::default() };
    let fresh = EvmSource::new(nodes, idle);
    let evidence = tokio::time::timeout(Duration::from_mins(1), async {
        loop {
            // Where the stopped node would propose, the others wait for a round change first.
            if let Some(evidence) = fresh.next(&source.book.standing).await.unwrap() {
                return evidence;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let evidence = evidence.await.expect("blocks without events");
    assert_eq!(source.book.record(&evidence).unwrap(), 0);
}

async fn network(config: NetworkConfig) -> Option<Network> {
    Network::start_or_skip(config).await.unwrap()
}

#[tokio::test]
async fn a_packet_lives_on_goquorum_qbft() {
    let Some(network) = network(NetworkConfig::default()).await else { return };
    a_packets_life(network, Config::plain(Family::Qbft, Protocol::Qbft, DAY, 60)).await;
}

#[tokio::test]
async fn a_packet_lives_on_goquorum_ibft() {
    let config = NetworkConfig { consensus: Consensus::Ibft, ..NetworkConfig::default() };
    let Some(network) = network(config).await else { return };
    a_packets_life(network, Config::plain(Family::Ibft, Protocol::Ibft, DAY, 60)).await;
}

#[tokio::test]
async fn a_packet_lives_on_goquorum_with_its_validators_in_a_contract() {
    let contract = ContractOnChain::open_to_all().unwrap();
    let pinned = ValidatorContract {
        address: causeway_protocol::Address(contract.address),
        code_hash: keccak256(&contract.code),
        slot: Hash::ZERO,
    };
    let config = NetworkConfig { validator_contract: Some(contract), ..NetworkConfig::default() };
    let Some(network) = network(config).await else { return };
    let mut config = Config::plain(Family::Qbft, Protocol::Qbft, DAY, 60);
    config.modes = vec![(0, Mode::Contract(pinned))];
    a_packets_life(network, config).await;
}
