//! Real GoQuorum networks come up, agree, change their validators and survive what tests do to them.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap as tests do")]

use std::collections::HashSet;
use std::future::Future;
use std::time::Duration;

use causeway_evm_node::{Consensus, Network, NetworkConfig, NodeError, ValidatorContract};
use serde_json::{Value, json};

/// No test here may take longer, whatever a network does.
async fn bounded(test: impl Future<Output = Result<(), NodeError>>) {
    tokio::time::timeout(Duration::from_secs(400), test).await.expect("in time").unwrap();
}

async fn block(network: &Network, node: usize, number: u64) -> Result<Value, NodeError> {
    network.rpc(node)?.call("eth_getBlockByNumber", json!([format!("{number:#x}"), false])).await
}

/// Address of the block's proposer.
fn proposer(block: &Value) -> [u8; 20] {
    const_hex::decode_to_array(block["miner"].as_str().unwrap()).unwrap()
}

/// The round a QBFT block was sealed in: item 3 of its extraData.
fn round(block: &Value) -> u64 {
    let extra = const_hex::decode(block["extraData"].as_str().unwrap()).unwrap();
    let mut items = &extra[..];
    assert!(alloy_rlp::Header::decode(&mut items).unwrap().list);
    for _ in 0..3 {
        let item = alloy_rlp::Header::decode(&mut items).unwrap();
        items = &items[item.payload_length..];
    }
    u32::from_be_bytes({
        let item = alloy_rlp::Header::decode_bytes(&mut items, false).unwrap();
        let mut word = [0; 4];
        word[4 - item.len()..].copy_from_slice(item);
        word
    })
    .into()
}

/// Looks at new blocks until one satisfies `wanted`, at most 60 of them.
async fn find_block(
    network: &Network,
    node: usize,
    wanted: impl Fn(&Value) -> bool,
) -> Result<Value, NodeError> {
    let first = network.rpc(node)?.block_number().await?;
    for number in first..first + 60 {
        network.wait_for_block(number).await?;
        let block = block(network, node, number).await?;
        if wanted(&block) {
            return Ok(block);
        }
    }
    panic!("none of 60 blocks was the wanted one");
}

/// Every node holds the same block `number`.
async fn assert_agreement(network: &Network, number: u64) -> Result<(), NodeError> {
    network.wait_for_block(number).await?;
    let mut hashes = HashSet::new();
    for node in 0..network.rpc_urls().len() {
        hashes.insert(block(network, node, number).await?["hash"].to_string());
    }
    assert_eq!(hashes.len(), 1, "block {number} differs between nodes");
    Ok(())
}

async fn assert_validators_come_and_go(network: &Network, candidate: [u8; 20]) -> Result<(), NodeError> {
    network.propose(candidate, true).await?;
    find_block(network, 0, |block| proposer(block) == candidate).await?;
    network.propose(candidate, false).await?;
    let set = network.rpc(0)?.validators_after(network.rpc(0)?.block_number().await?).await?;
    assert_eq!(set.len(), 4);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_qbft_network_seals_in_later_rounds_and_lets_validators_come_and_go() {
    bounded(async {
        let config = NetworkConfig { candidates: 1, request_timeout: 2, ..NetworkConfig::default() };
        let Some(network) = Network::start_or_skip(config).await? else { return Ok(()) };
        assert_agreement(&network, 2).await?;
        let keys = network.node_keys();
        assert_validators_come_and_go(&network, keys[4].address()).await?;

        network.pause(3)?;
        let late = find_block(&network, 0, |block| round(block) >= 1).await?;
        assert_ne!(proposer(&late), keys[3].address());
        network.resume(3)?;
        assert_agreement(&network, network.rpc(0)?.block_number().await?).await?;

        network.kill(2)?;
        let before = network.rpc(0)?.block_number().await?;
        network.wait_for_block(before + 2).await?;
        network.restart(2)?;
        assert_agreement(&network, before + 3).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ibft_network_lets_validators_come_and_go_and_turns_into_qbft() {
    bounded(async {
        let config = NetworkConfig {
            consensus: Consensus::Ibft,
            candidates: 1,
            transitions: vec![json!({ "block": 60, "algorithm": "qbft" })],
            ..NetworkConfig::default()
        };
        let Some(network) = Network::start_or_skip(config).await? else { return Ok(()) };
        assert_agreement(&network, 2).await?;
        assert_validators_come_and_go(&network, network.node_keys()[4].address()).await?;
        assert_agreement(&network, 62).await?;
        // IBFT's extraData starts with the vanity itself, QBFT's with an RLP list.
        let first_byte = |block: &Value| const_hex::decode(block["extraData"].as_str().unwrap()).unwrap()[0];
        assert!(first_byte(&block(&network, 0, 59).await?) < 0xf8);
        assert!(first_byte(&block(&network, 0, 61).await?) >= 0xf8);
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_contract_mode_the_contract_names_the_validators() {
    bounded(async {
        let contract = ValidatorContract::open_to_all()?;
        let config = NetworkConfig {
            candidates: 1,
            validator_contract: Some(contract.clone()),
            ..NetworkConfig::default()
        };
        let Some(network) = Network::start_or_skip(config).await? else { return Ok(()) };
        assert_agreement(&network, 2).await?;
        assert_eq!(network.rpc(0)?.validators_after(1).await?.len(), 4);

        // add(address)
        let mut call = vec![0x0a, 0x3b, 0x0a, 0x4f];
        call.extend_from_slice(&[0; 12]);
        call.extend_from_slice(&network.node_keys()[4].address());
        let receipt = network.transact(&network.accounts()[0], Some(contract.address), call).await?;
        assert_eq!(receipt["status"], "0x1");
        let candidate = network.node_keys()[4].address();
        find_block(&network, 0, |block| proposer(block) == candidate).await?;
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twins_share_their_genesis_block_and_nothing_else() {
    bounded(async {
        let config =
            NetworkConfig { validators: 1, seed: Some("twins".to_owned()), ..NetworkConfig::default() };
        let Some(one) = Network::start_or_skip(config.clone()).await? else { return Ok(()) };
        one.wait_for_block(2).await?;
        let Some(other) = Network::start_or_skip(config).await? else { return Ok(()) };
        assert_eq!(one.rpc(0)?.raw_header(0).await?, other.rpc(0)?.raw_header(0).await?);
        assert_ne!(block(&one, 0, 1).await?["hash"], block(&other, 0, 1).await?["hash"]);
        assert_eq!(one.rpc(0)?.validators_after(1).await?, other.rpc(0)?.validators_after(1).await?);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_configuration_that_cannot_run_is_refused_before_anything_starts() {
    let config = NetworkConfig { validators: 0, ..NetworkConfig::default() };
    assert!(matches!(Network::start(config).await, Err(NodeError::Config(_))));
}
