//! The genesis file of a network, as this GoQuorum reads it.

use std::collections::BTreeMap;

use alloy_rlp::{Encodable, Header};
use serde_json::{Map, Value, json};

use crate::keys::keccak256;
use crate::{AllocEntry, Consensus, NetworkConfig};

/// The mix digest that marks a block as sealed by Istanbul consensus.
const ISTANBUL_DIGEST: &str = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365";

/// Wei of each funded account: a million ether.
const FUNDS: u128 = 1_000_000 * 1_000_000_000_000_000_000;

/// The genesis file for this configuration, these validators and these funded accounts.
///
/// EVM rules are Berlin's, the newest that GoQuorum 22.7.4 has. The timestamp is constant, so equal arguments give
/// an equal genesis block.
pub fn genesis(config: &NetworkConfig, validators: &[[u8; 20]], funded: &[[u8; 20]]) -> Value {
    let mut chain = json!({
        "chainId": config.chain_id,
        "homesteadBlock": 0, "eip150Block": 0, "eip155Block": 0, "eip158Block": 0,
        "byzantiumBlock": 0, "constantinopleBlock": 0, "petersburgBlock": 0, "istanbulBlock": 0, "berlinBlock": 0,
        "eip150Hash": const_hex::encode_prefixed([0; 32]),
        "isQuorum": true,
        "txnSizeLimit": config.transaction_size_limit,
    });
    chain[config.consensus.as_str()] = consensus_settings(config);
    if !config.transitions.is_empty() {
        chain["transitions"] = json!(config.transitions);
    }

    let mut alloc = config.alloc.clone();
    for address in funded {
        alloc.entry(*address).or_default().balance += FUNDS;
    }
    if let Some(contract) = &config.validator_contract {
        let storage = validator_storage(validators);
        alloc.insert(contract.address, AllocEntry { balance: 0, code: contract.code.clone(), storage });
    }
    let listed = if config.validator_contract.is_some() { &[] } else { validators };
    json!({
        "config": chain,
        "alloc": alloc_json(&alloc),
        "extraData": const_hex::encode_prefixed(extra_data(config.consensus, listed)),
        "nonce": "0x0", "timestamp": "0x5f5e0f00", "gasLimit": "0xE0000000", "gasUsed": "0x0", "number": "0x0",
        "difficulty": "0x1", "mixHash": ISTANBUL_DIGEST,
        "coinbase": const_hex::encode_prefixed([0; 20]),
        "parentHash": const_hex::encode_prefixed([0; 32]),
    })
}

/// The value of `config.qbft` or `config.ibft`.
fn consensus_settings(config: &NetworkConfig) -> Value {
    let mut settings = json!({
        "epochlength": config.epoch_length,
        "blockperiodseconds": config.block_period,
        "requesttimeoutseconds": config.request_timeout,
        "policy": 0,
    });
    if let Some(block) = config.ceil_2n_by_3_block {
        settings["ceil2Nby3Block"] = json!(block);
    }
    if let Some(contract) = &config.validator_contract {
        settings["validatorcontractaddress"] = json!(const_hex::encode_prefixed(contract.address));
        settings["validatorselectionmode"] = json!("contract");
    }
    settings
}

/// extraData of block 0: 32 zero bytes of vanity, the validators in ascending order, and nothing else yet.
///
/// QBFT: RLP `[vanity, [validators], [], 0, []]`. IBFT: the vanity, then RLP `[[validators], "", []]`.
pub fn extra_data(consensus: Consensus, validators: &[[u8; 20]]) -> Vec<u8> {
    let mut sorted = validators.to_vec();
    sorted.sort_unstable();
    let mut list = Vec::new();
    for address in &sorted {
        address.encode(&mut list);
    }
    let mut items = Vec::new();
    let vanity = [0_u8; 32];
    if consensus == Consensus::Qbft {
        vanity.encode(&mut items);
    }
    Header { list: true, payload_length: list.len() }.encode(&mut items);
    items.extend_from_slice(&list);
    match consensus {
        // No vote, round 0, no seals.
        Consensus::Qbft => items.extend_from_slice(&[0xc0, 0x80, 0xc0]),
        // No proposer seal, no commit seals.
        Consensus::Ibft => items.extend_from_slice(&[0x80, 0xc0]),
    }
    let mut extra = if consensus == Consensus::Ibft { vanity.to_vec() } else { Vec::new() };
    Header { list: true, payload_length: items.len() }.encode(&mut extra);
    extra.extend_from_slice(&items);
    extra
}

/// Solidity's layout of an `address[]` at slot 0: its length there, its elements from keccak(slot) on.
fn validator_storage(validators: &[[u8; 20]]) -> BTreeMap<[u8; 32], [u8; 32]> {
    let mut storage = BTreeMap::new();
    let mut length = [0; 32];
    length[24..].copy_from_slice(&(validators.len() as u64).to_be_bytes());
    storage.insert([0; 32], length);
    let mut slot = keccak256(&[0; 32]);
    for address in validators {
        let mut word = [0; 32];
        word[12..].copy_from_slice(address);
        storage.insert(slot, word);
        increment(&mut slot);
    }
    storage
}

/// Adds one to a 256-bit big-endian number.
fn increment(number: &mut [u8; 32]) {
    for byte in number.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
}

fn alloc_json(alloc: &BTreeMap<[u8; 20], AllocEntry>) -> Value {
    let mut accounts = Map::new();
    for (address, entry) in alloc {
        let mut account = json!({ "balance": format!("{:#x}", entry.balance) });
        if !entry.code.is_empty() {
            account["code"] = json!(const_hex::encode_prefixed(&entry.code));
        }
        if !entry.storage.is_empty() {
            let slots = entry.storage.iter();
            account["storage"] = slots
                .map(|(slot, word)| {
                    (const_hex::encode_prefixed(slot), json!(const_hex::encode_prefixed(word)))
                })
                .collect();
        }
        accounts.insert(const_hex::encode(address), account);
    }
    Value::Object(accounts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ValidatorContract;

    fn address(hex: &str) -> [u8; 20] {
        const_hex::decode_to_array(hex).unwrap()
    }

    #[test]
    fn extra_data_of_qbft_equals_a_captured_genesis() {
        let validators = [
            address("9c4a4065ab3632af4ec4bd87055f19b001bdf5cf"),
            address("2c8af631282967f341ea91837c5aac1fb81f483b"),
            address("8df798974b998560b317cc4dcde8e0493e990d33"),
            address("2dfe8bf26bdbb720f0d6b5694be5dfe5337afe2b"),
        ];
        assert_eq!(
            const_hex::encode(extra_data(Consensus::Qbft, &validators)),
            "f87aa00000000000000000000000000000000000000000000000000000000000000000f854942c8af631282967f341ea91837c5aac1fb8\
             1f483b942dfe8bf26bdbb720f0d6b5694be5dfe5337afe2b948df798974b998560b317cc4dcde8e0493e990d33949c4a4065ab3632af4\
             ec4bd87055f19b001bdf5cfc080c0"
        );
    }

    #[test]
    fn extra_data_of_ibft_equals_a_captured_genesis() {
        let validators = [
            address("0118a6054ff0d48fdcc050b9bb3ccaf1e99505f3"),
            address("270acb7366cadc83ce57d51af07959c4aedc109d"),
            address("625f5650568c1ed8a58e3a240fc3ff54ad474bb3"),
            address("fc8e9b8c5ea33d14e2a61401a6cd1cc0c9b18b12"),
        ];
        assert_eq!(
            const_hex::encode(extra_data(Consensus::Ibft, &validators)),
            "0000000000000000000000000000000000000000000000000000000000000000f858f854940118a6054ff0d48fdcc050b9bb3ccaf1\
             e99505f394270acb7366cadc83ce57d51af07959c4aedc109d94625f5650568c1ed8a58e3a240fc3ff54ad474bb394fc8e9b8c5ea3\
             3d14e2a61401a6cd1cc0c9b18b1280c0"
        );
    }

    #[test]
    fn contract_mode_lists_nobody_and_stores_everybody() {
        let contract = ValidatorContract::open_to_all().unwrap();
        let config = NetworkConfig { validator_contract: Some(contract), ..NetworkConfig::default() };
        let file = genesis(&config, &[[1; 20], [2; 20]], &[]);
        assert_eq!(file["extraData"], format!("0xe5a0{}c0c080c0", "00".repeat(32)));
        assert_eq!(file["config"]["qbft"]["validatorselectionmode"], "contract");
        let storage = &file["alloc"]["0000000000000000000000000000000000007777"]["storage"];
        assert_eq!(storage[format!("0x{}", "00".repeat(32))], format!("0x{:064x}", 2));
        assert_eq!(
            storage["0x290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e564"],
            format!("0x{}{}", "00".repeat(12), "02".repeat(20))
        );
    }

    #[test]
    fn settings_stand_under_the_name_of_their_consensus() {
        let ibft = NetworkConfig {
            consensus: Consensus::Ibft,
            ceil_2n_by_3_block: None,
            ..NetworkConfig::default()
        };
        let file = genesis(&ibft, &[[1; 20]], &[[9; 20]]);
        assert!(file["config"]["qbft"].is_null());
        assert_eq!(file["config"]["ibft"]["blockperiodseconds"], 1);
        assert!(file["config"]["ibft"]["ceil2Nby3Block"].is_null());
        assert_eq!(file["alloc"]["09".repeat(20)]["balance"], format!("{FUNDS:#x}"));
    }

    #[test]
    fn incrementing_carries() {
        let mut number = [0xff; 32];
        number[0] = 0;
        increment(&mut number);
        assert_eq!((number[0], number[31]), (1, 0));
    }
}
