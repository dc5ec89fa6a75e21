//! A real GoQuorum chain's transactions, run again here: state, receipts and blooms come out as that chain has them.

#![allow(clippy::unwrap_used, reason = "only tests are here")]

mod support;

use std::path::Path;

use causeway_evm_devnet::Devnet;
use serde_json::{Value, json};
use support::{bytes, manual, number, result};

/// The captured chains, or why this test says nothing.
fn vectors(file: &str) -> Option<Value> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/vectors");
    let folder = std::env::var_os("CAUSEWAY_VECTORS").map_or(default, Into::into);
    match std::fs::read(folder.join(file)) {
        Ok(text) => Some(serde_json::from_slice(&text).unwrap()),
        Err(error) => {
            let required = std::env::var("CAUSEWAY_REQUIRE_VECTORS").is_ok_and(|value| value == "1");
            assert!(!required, "{file}: {error}");
            println!("skipped: {file}: {error}");
            None
        }
    }
}

#[tokio::test]
async fn the_transactions_of_a_real_chain_come_out_as_there() {
    let Some(chain) = vectors("goquorum-receipts/blocks.json") else { return };
    let mut config = manual("replay");
    config.chain_id = chain["chainId"].as_u64().unwrap();
    config.gas_limit = number(&chain["genesis"]["gasLimit"]);
    config.genesis_time = Some(number(&chain["genesis"]["timestamp"]));
    config.accounts = Vec::new();
    let devnet = Devnet::start(config).await.unwrap();

    let mut transactions = 0;
    for captured in &chain["blocks"].as_array().unwrap()[1..] {
        let theirs = &captured["block"];
        devnet.set_time(number(&theirs["timestamp"]));
        // The capture left out empty blocks.
        while devnet.height() + 1 < number(&theirs["number"]) {
            devnet.mine().unwrap();
        }
        for raw in captured["rawTransactions"].as_array().unwrap() {
            devnet.submit(&bytes(raw)).unwrap();
            transactions += 1;
        }
        devnet.mine().unwrap();

        let ours = result(&devnet, "eth_getBlockByNumber", json!([theirs["number"], false])).await;
        for field in ["gasUsed", "transactions", "transactionsRoot", "receiptsRoot", "logsBloom", "stateRoot"]
        {
            assert_eq!(ours[field], theirs[field], "{field} of block {}", theirs["number"]);
        }
        let receipts = result(&devnet, "eth_getBlockReceipts", json!([theirs["number"]])).await;
        for (ours, theirs) in
            receipts.as_array().unwrap().iter().zip(captured["receipts"].as_array().unwrap())
        {
            for (field, value) in theirs.as_object().unwrap() {
                // The block hash is another, since other validators sealed it; GoQuorum's own fields are not ours.
                if field == "logs" {
                    let without_hash = |logs: &Value| {
                        let mut logs = logs.clone();
                        logs.as_array_mut()
                            .unwrap()
                            .iter_mut()
                            .for_each(|log| log["blockHash"] = Value::Null);
                        logs
                    };
                    assert_eq!(without_hash(&ours[field]), without_hash(value));
                } else if field != "blockHash" && ours.get(field).is_some() {
                    assert_eq!(&ours[field], value, "{field} of {}", theirs["transactionHash"]);
                }
            }
        }
    }
    assert!(transactions > 600, "{transactions}");
}
