//! Later rules of the EVM: header fields, kinds of transaction, fees.

#![allow(clippy::unwrap_used, reason = "only tests are here")]

mod support;

use alloy_consensus::transaction::SignableTransaction;
use alloy_consensus::{Signed, TxEip1559, TxEip2930, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Signature, TxKind, U256};
use causeway_evm_devnet::{Devnet, DevnetError, Hardfork, Key, Message};
use causeway_protocol::Hash;
use causeway_verifier::bft;
use serde_json::{Value, json};
use support::{manual, result};

async fn start(hardfork: Hardfork, base_fee: u64) -> Devnet {
    let mut config = manual("forks");
    config.hardfork = hardfork;
    config.base_fee = base_fee;
    Devnet::start(config).await.unwrap()
}

fn signed<T: SignableTransaction<Signature>>(key: &Key, transaction: T) -> Signed<T> {
    let signature = key.sign(Hash(transaction.signature_hash().0)).unwrap().0;
    transaction.into_signed(Signature::from_bytes_and_parity(&signature[..64], signature[64] == 28))
}

fn access_list(key: &Key) -> Vec<u8> {
    let transaction = TxEip2930 {
        chain_id: 1337,
        gas_limit: 50_000,
        gas_price: 7,
        to: TxKind::Call(key.address().0.into()),
        ..TxEip2930::default()
    };
    TxEnvelope::Eip2930(signed(key, transaction)).encoded_2718()
}

fn fee_market(key: &Key, nonce: u64, max_fee_per_gas: u128) -> Vec<u8> {
    let transaction = TxEip1559 {
        chain_id: 1337,
        nonce,
        gas_limit: 50_000,
        max_fee_per_gas,
        max_priority_fee_per_gas: 1,
        to: TxKind::Call(key.address().0.into()),
        value: U256::from(1),
        ..TxEip1559::default()
    };
    TxEnvelope::Eip1559(signed(key, transaction)).encoded_2718()
}

#[tokio::test]
async fn each_fork_has_its_header_fields_and_the_verifier_reads_them() {
    for (hardfork, items) in
        [(Hardfork::Istanbul, 15), (Hardfork::Berlin, 15), (Hardfork::London, 16), (Hardfork::Shanghai, 17)]
    {
        let devnet = start(hardfork, 0).await;
        let header = devnet.mine().unwrap().header;
        let mut payload = causeway_protocol::Reader::sole("header", &header).unwrap();
        let mut count = 0;
        while !payload.is_empty() {
            payload.raw("item").unwrap();
            count += 1;
        }
        assert_eq!(count, items, "{hardfork:?}");
        assert_eq!(bft::Header::decode(&header).unwrap().number, 1);
    }
}

#[tokio::test]
async fn each_fork_takes_its_kinds_of_transaction() {
    let key = Key::derived("forks", "account", 0).unwrap();
    let (list, market) = (access_list(&key), fee_market(&key, 0, 10));
    for (hardfork, highest) in [(Hardfork::Istanbul, 0), (Hardfork::Berlin, 1), (Hardfork::London, 2)] {
        for (kind, raw) in [(1, &list), (2, &market)] {
            let devnet = start(hardfork, 0).await;
            match devnet.submit(raw) {
                Ok(hash) => {
                    assert!(kind <= highest, "{hardfork:?} takes type {kind}");
                    devnet.mine().unwrap();
                    assert!(devnet.receipt(hash).unwrap().success);
                    let shown = result(&devnet, "eth_getTransactionByHash", json!([hash])).await;
                    assert_eq!(shown["type"], format!("{kind:#x}"));
                    let raw = result(&devnet, "debug_getRawReceipts", json!(["latest"])).await;
                    assert_eq!(support::bytes(&raw[0])[0], kind, "a typed receipt starts with its type");
                }
                Err(DevnetError::Refused(text)) => {
                    assert!(kind > highest && text.starts_with("transaction type not supported"), "{text}");
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

#[tokio::test]
async fn the_base_fee_is_paid_and_burnt() {
    let devnet = start(Hardfork::London, 5).await;
    let key = &devnet.keys()[0];
    let cheap = devnet.submit(&fee_market(key, 0, 4)).unwrap_err().to_string();
    assert!(cheap.contains("max fee per gas less than block base fee"), "{cheap}");

    let hash = devnet.submit(&fee_market(key, 0, 100)).unwrap();
    let block = devnet.mine().unwrap();
    let shown = result(&devnet, "eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(shown["effectiveGasPrice"], "0x6", "the base fee and the priority");
    let miner = result(&devnet, "eth_getBlockByNumber", json!(["latest", false])).await["miner"].clone();
    let tip = result(&devnet, "eth_getBalance", json!([miner, "latest"])).await;
    assert_eq!(tip, "0x5208", "the priority of 21000 gas went to the proposer, the base fee to nobody");
    let history = result(&devnet, "eth_feeHistory", json!(["0x2", "latest", [50]])).await;
    assert_eq!(history["baseFeePerGas"], json!(["0x5", "0x5", "0x5"]));
    assert_eq!(history["oldestBlock"], "0x0");
    assert_eq!(block.number, 1);

    // Where prices exist, a waiting transaction can be replaced by one that pays a tenth more.
    devnet.submit(&fee_market(key, 1, 100)).unwrap();
    assert!(devnet.submit(&fee_market(key, 1, 110)).is_err());
    devnet.submit(&fee_market(key, 1, 111)).unwrap();
    assert_eq!((devnet.waiting(), devnet.mine().unwrap().transactions), (1, 1));
}

#[tokio::test]
async fn code_of_a_later_fork_runs_only_there() {
    // PUSH0 PUSH0 RETURN
    let message = Message { data: vec![0x5f, 0x5f, 0xf3], gas: Some(100_000), ..Message::default() };
    for (hardfork, success) in [(Hardfork::London, false), (Hardfork::Shanghai, true)] {
        let devnet = start(hardfork, 0).await;
        let receipt = devnet.execute(&devnet.keys()[0], message.clone()).await.unwrap();
        assert_eq!(receipt.success, success, "{hardfork:?}");
    }
}

#[tokio::test]
async fn gas_price_is_what_a_transaction_has_to_pay() {
    for (base_fee, price) in [(0, "0x0"), (9, "0x9")] {
        let devnet = start(Hardfork::London, base_fee).await;
        assert_eq!(result(&devnet, "eth_gasPrice", Value::Null).await, price);
        assert_eq!(result(&devnet, "eth_maxPriorityFeePerGas", Value::Null).await, "0x0");
    }
}
