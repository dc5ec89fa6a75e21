//! The light client against real GoQuorum: what real nodes seal is verified, and a twin of a chain is not that chain.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap as tests do")]

use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alloy_sol_types::{SolCall as _, SolConstructor as _};
use causeway_evm_gateway::Gateway;
use causeway_evm_node::{Consensus, Network, NetworkConfig, NodeError};
use causeway_protocol::{Family, Hash, Island};
use causeway_verifier::bft::raw::RawHeader;
use causeway_verifier::bft::{Anchor, Config, Protocol};
use causeway_verifier::prover::{RunBuilder, SourceBlock, misbehaviour};
use causeway_verifier::{ClientState, LightClient, Refusal, light_client};
use serde_json::{Value, json};

/// No test here may take longer, whatever a network does.
async fn bounded(test: impl Future<Output = Result<(), NodeError>>) {
    tokio::time::timeout(Duration::from_secs(400), test).await.expect("in time").unwrap();
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A block as all nodes of a network hold it.
async fn source_block(network: &Network, height: u64) -> Result<SourceBlock, NodeError> {
    network.wait_for_block(height).await?;
    let raw = network.rpc(0)?.raw_header(height).await?;
    let mut copies = Vec::new();
    for node in 1..network.config().validators {
        copies.push(network.rpc(node)?.raw_header(height).await?);
    }
    Ok(SourceBlock { raw, copies, ..SourceBlock::default() })
}

/// A light client anchored at a network's genesis block.
struct Follower {
    client: &'static dyn LightClient,
    builder: RunBuilder,
    state: ClientState,
}

impl Follower {
    async fn new(network: &Network, config: Config) -> Result<Self, NodeError> {
        let family = config.family;
        let client = light_client(family).unwrap();
        let protocol = config.protocol(0);
        let genesis = RawHeader::decode(protocol, &network.rpc(0)?.raw_header(0).await?).unwrap();
        let header = genesis.evidence_form(0).unwrap();
        let anchor = Anchor { config, header: &header, set: None }.encode();
        let state = client.anchor(&anchor).unwrap().into_inner().state;
        Ok(Self { client, builder: RunBuilder::new(family, &state).unwrap(), state })
    }

    fn height(&self) -> u64 {
        self.client.summary(&self.state).unwrap().height
    }

    /// Takes every block up to `height` to the light client. Heights at which the validators changed on the way.
    async fn follow(&mut self, network: &Network, height: u64) -> Result<Vec<u64>, NodeError> {
        let mut changes = Vec::new();
        let mut validators = self.client.summary(&self.state).unwrap().validators;
        while self.height() < height {
            let next = self.builder.next_height();
            self.builder.push(source_block(network, next).await?).unwrap();
            while let Some(run) = self.builder.take_run().unwrap() {
                let advance = self.client.advance(&self.state, &[], None, &run.evidence, now()).unwrap();
                self.state = advance.into_inner().state;
            }
            let after = self.client.summary(&self.state).unwrap().validators;
            if after != validators {
                changes.push(self.height());
                validators = after;
            }
        }
        Ok(changes)
    }
}

fn plain(family: Family) -> Config {
    let protocol = if family == Family::Qbft { Protocol::Qbft } else { Protocol::Ibft };
    // Genesis blocks of test networks are years old.
    Config::plain(family, protocol, 20 * 365 * 86_400, 30)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_light_client_follows_a_real_chain_through_votes_and_from_ibft_to_qbft() {
    bounded(async {
        let network = NetworkConfig {
            consensus: Consensus::Ibft,
            candidates: 1,
            transitions: vec![json!({ "block": 40, "algorithm": "qbft" })],
            ..NetworkConfig::default()
        };
        let Some(network) = Network::start_or_skip(network).await? else { return Ok(()) };
        let mut config = plain(Family::Ibft);
        config.schedule.push((40, Protocol::Qbft));
        let mut follower = Follower::new(&network, config).await?;

        let candidate = network.node_keys()[4].address();
        network.propose(candidate, true).await?;
        network.propose(candidate, false).await?;
        let changes = follower.follow(&network, 44).await?;
        assert_eq!(changes.len(), 2, "one validator came and went, at {changes:?}");

        network.propose(candidate, true).await?;
        let height = network.rpc(0)?.block_number().await? + 2;
        let changes = follower.follow(&network, height).await?;
        assert_eq!(changes.len(), 1, "one validator came, under QBFT, at {changes:?}");
        Ok(())
    })
    .await;
}

/// Deploys and opens a gateway with a network's first account. Its address and its id.
async fn gateway(network: &Network, island: Hash) -> Result<([u8; 20], Vec<u8>), NodeError> {
    let owner = &network.accounts()[0];
    let arguments = Gateway::constructorCall {
        owner_: owner.address().into(),
        timeoutWindow_: causeway_evm_gateway::TIMEOUT_WINDOW,
        payloadLimit_: causeway_evm_gateway::PAYLOAD_LIMIT,
    };
    let code = [&Gateway::BYTECODE[..], &arguments.abi_encode()].concat();
    let deployed = network.transact(owner, None, code).await?;
    assert_eq!(deployed["status"], "0x1", "{deployed}");
    let address = const_hex::decode_to_array(deployed["contractAddress"].as_str().unwrap()).unwrap();
    let open = Gateway::openCall {
        island_: island.0.into(),
        hub_: [7; 32].into(),
        threshold_: 1,
        attestors_: vec![[9; 20].into()],
    };
    let opened = network.transact(owner, Some(address), open.abi_encode()).await?;
    assert_eq!(opened["status"], "0x1", "{opened}");
    let call = json!([{
        "to": const_hex::encode_prefixed(address),
        "data": const_hex::encode_prefixed(Gateway::gatewayIdCall {}.abi_encode()),
    }, "latest"]);
    let id: Value = network.rpc(0)?.call("eth_call", call).await?;
    Ok((address, const_hex::decode(id.as_str().unwrap()).unwrap()))
}

/// Two networks of the same validators, the same genesis block and the same accounts with the same nonces.
async fn case_18(family: Family, consensus: Consensus) -> Result<(), NodeError> {
    let config =
        NetworkConfig { consensus, seed: Some(format!("twins of {family}")), ..NetworkConfig::default() };
    let Some(one) = Network::start_or_skip(config.clone()).await? else { return Ok(()) };
    // The other starts in another second: in one and the same they would seal the same blocks.
    one.wait_for_block(2).await?;
    let Some(other) = Network::start_or_skip(config).await? else { return Ok(()) };

    let mut follower = Follower::new(&one, plain(family)).await?;
    let anchored = follower.state.clone();
    follower.follow(&one, 3).await?;
    let [first, second] = [source_block(&one, 1).await?, source_block(&other, 1).await?];

    // No header of the twin moves the client, whether at its head or behind it …
    for height in [4, 1] {
        let block = source_block(&other, height).await?;
        let refusal = follower.builder.push(block).unwrap_err();
        assert!(
            matches!(refusal, Refusal::NotLinkedToHead { .. } | Refusal::NotNextHeight { .. }),
            "{refusal}"
        );
    }
    let mut stranger = Follower::new(&other, plain(family)).await?;
    stranger.follow(&other, 3).await?;
    stranger.builder.push(source_block(&other, 4).await?).unwrap();
    let run = stranger.builder.take_run().unwrap().unwrap();
    let refusal = follower.client.advance(&follower.state, &[], None, &run.evidence, now()).unwrap_err();
    assert!(matches!(refusal, Refusal::NotLinkedToHead { .. }), "{refusal}");

    // … and none frames the chain, from a header they do not share.
    let [fourth, foreign] = [source_block(&one, 4).await?, source_block(&other, 4).await?];
    let framed = misbehaviour(family, &follower.state, [vec![fourth], vec![foreign]]);
    assert!(matches!(framed, Err(Refusal::NotLinkedToHead { .. })), "{framed:?}");

    // What they share is their genesis block: from there on they are two chains, and no fork.
    let evidence = misbehaviour(family, &anchored, [vec![first], vec![second]]).unwrap();
    let refusal = follower.client.misbehaviour(&anchored, &evidence, now()).unwrap_err();
    assert_eq!(refusal, Refusal::MeetsAtGenesis);

    // Gateways at one address, made by one account with one nonce, are two.
    let genesis = follower.client.summary(&anchored).unwrap().hash;
    let island = Hash(Island { family, fingerprint: genesis, anchor: genesis }.id().0);
    let (here, there) = (gateway(&one, island).await?, gateway(&other, island).await?);
    assert_eq!(here.0, there.0, "the same address");
    assert_ne!(here.1, there.1, "another id");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_18_of_real_qbft_twins_neither_affects_the_other() {
    bounded(case_18(Family::Qbft, Consensus::Qbft)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_18_of_real_ibft_twins_neither_affects_the_other() {
    bounded(case_18(Family::Ibft, Consensus::Ibft)).await;
}
