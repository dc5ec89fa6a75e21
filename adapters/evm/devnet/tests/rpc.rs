//! The JSON-RPC interface, as clients use it.

#![allow(clippy::unwrap_used, reason = "only tests are here")]

mod support;

use causeway_evm_devnet::{Devnet, Message};
use causeway_protocol::{Address, Hash, words};
use serde_json::{Value, json};
use support::{RECORDER, bytes, deploy, error, number, result, start};

async fn with_recorder(name: &str) -> (Devnet, Address) {
    let devnet = start(name).await;
    let contract = deploy(&devnet, RECORDER).await;
    (devnet, contract)
}

#[tokio::test]
async fn a_contract_is_deployed_called_and_read() {
    let (devnet, contract) = with_recorder("read").await;
    let word = format!("0x{:064x}", 7);
    let sent = Message { to: Some(contract), data: bytes(&json!(word)), ..Message::default() };
    let receipt = devnet.execute(&devnet.keys()[1], sent).await.unwrap();
    assert!(receipt.success);

    let call = json!({ "to": contract, "data": word });
    assert_eq!(result(&devnet, "eth_call", json!([call, "latest"])).await, json!(word));
    assert_eq!(result(&devnet, "eth_getStorageAt", json!([contract, "0x0", "latest"])).await, json!(word));
    let before = result(&devnet, "eth_getStorageAt", json!([contract, "0x0", "0x1"])).await;
    assert_eq!(before, json!(format!("0x{:064x}", 0)), "history stays readable");
    assert!(!bytes(&result(&devnet, "eth_getCode", json!([contract, "latest"])).await).is_empty());

    let logs = result(&devnet, "eth_getLogs", json!([{ "fromBlock": "0x0", "address": contract }])).await;
    assert_eq!(logs.as_array().unwrap().len(), 1);
    assert_eq!(logs[0]["topics"][0], json!(word));

    let gas = number(&result(&devnet, "eth_estimateGas", json!([call])).await);
    assert!(gas > 21_000 && gas < 60_000, "{gas}");
    let shown = result(&devnet, "eth_getTransactionReceipt", json!([receipt.transaction])).await;
    assert_eq!(shown["status"], "0x1");
    assert_eq!(number(&shown["gasUsed"]), receipt.gas_used);
    assert_eq!(shown["logs"], logs);
}

#[tokio::test]
async fn a_revert_shows_its_data() {
    let (devnet, contract) = with_recorder("revert").await;
    for method in ["eth_call", "eth_estimateGas"] {
        let error = error(&devnet, method, json!([{ "to": contract }])).await;
        assert_eq!(error["code"], 3, "{method}");
        assert_eq!(error["data"], "0xdeadbeef", "{method}");
        assert_eq!(error["message"], "execution reverted");
    }
    let sent = Message { to: Some(contract), ..Message::default() };
    let receipt = devnet.execute(&devnet.keys()[1], sent).await.unwrap();
    let shown = result(&devnet, "eth_getTransactionReceipt", json!([receipt.transaction])).await;
    assert_eq!((receipt.success, &shown["status"], &shown["logs"]), (false, &json!("0x0"), &json!([])));
}

#[tokio::test]
async fn an_unknown_method_is_no_method() {
    let devnet = start("unknown").await;
    assert_eq!(error(&devnet, "eth_mining", Value::Null).await["code"], -32601);
}

fn root(items: &[Vec<u8>]) -> Value {
    json!(Hash(alloy_trie::root::ordered_trie_root_encoded(items).0))
}

#[tokio::test]
async fn a_block_is_what_its_roots_say() {
    let (devnet, contract) = with_recorder("roots").await;
    // Enough for keys of the trie that are one byte, two bytes, and the odd zero in between.
    for nonce in 0..130u64 {
        let data = nonce.to_be_bytes().repeat(usize::try_from(nonce % 7).unwrap());
        let message = Message { to: Some(contract), data, nonce: Some(nonce), ..Message::default() };
        devnet.send(&devnet.keys()[1], message).unwrap();
    }
    assert_eq!(devnet.mine().unwrap().transactions, 130);

    let block = result(&devnet, "eth_getBlockByNumber", json!(["latest", true])).await;
    let transactions = block["transactions"].as_array().unwrap();
    let mut raw = Vec::new();
    for transaction in transactions {
        let answer = result(&devnet, "debug_getRawTransaction", json!([transaction["hash"]])).await;
        raw.push(bytes(&answer));
        assert_eq!(json!(causeway_protocol::keccak256(raw.last().unwrap())), transaction["hash"]);
    }
    assert_eq!(root(&raw), block["transactionsRoot"]);

    let raw = result(&devnet, "debug_getRawReceipts", json!(["latest"])).await;
    let raw: Vec<_> = raw.as_array().unwrap().iter().map(bytes).collect();
    assert_eq!(root(&raw), block["receiptsRoot"]);

    let receipts = result(&devnet, "eth_getBlockReceipts", json!(["latest"])).await;
    let last = receipts[129].clone();
    assert_eq!(last["cumulativeGasUsed"], block["gasUsed"]);
    let one = result(&devnet, "eth_getTransactionReceipt", json!([last["transactionHash"]])).await;
    assert_eq!(one, last);
    let logs: Vec<_> =
        receipts.as_array().unwrap().iter().flat_map(|one| one["logs"].as_array().unwrap().clone()).collect();
    let positions: Vec<_> = logs.iter().map(|log| number(&log["logIndex"])).collect();
    assert_eq!(positions, (0..u64::try_from(logs.len()).unwrap()).collect::<Vec<_>>());

    let header = bytes(&result(&devnet, "debug_getRawHeader", json!(["latest"])).await);
    assert_eq!(header, devnet.block(2).unwrap().header);
    let whole = bytes(&result(&devnet, "debug_getRawBlock", json!(["0x2"])).await);
    assert!(whole[..16].windows(2).any(|pair| pair == &header[..2]), "the header comes first");
    let goquorum = result(&devnet, "debug_getBlockRlp", json!([2])).await;
    assert_eq!(goquorum.as_str().unwrap(), alloy_primitives::hex::encode(&whole), "without 0x");
    assert_eq!(number(&block["size"]), u64::try_from(whole.len()).unwrap());
}

#[tokio::test]
async fn proofs_of_accounts_and_slots_verify_against_the_state_root() {
    use alloy_primitives::{B256, U256, keccak256};
    use alloy_trie::proof::verify_proof;
    use alloy_trie::{Nibbles, TrieAccount};

    let (devnet, contract) = with_recorder("proofs").await;
    let word = [7; 32];
    let message = Message { to: Some(contract), data: word.to_vec(), ..Message::default() };
    devnet.execute(&devnet.keys()[1], message).await.unwrap();

    for (height, stored) in [(1u64, None), (2, Some(U256::from_be_bytes(word)))] {
        let block = result(&devnet, "eth_getBlockByNumber", json!([format!("{height:#x}"), false])).await;
        let params = json!([contract, ["0x0"], format!("{height:#x}")]);
        let proof = result(&devnet, "eth_getProof", params).await;
        let nodes = |value: &Value| {
            value.as_array().unwrap().iter().map(|node| bytes(node).into()).collect::<Vec<_>>()
        };
        let account = TrieAccount {
            nonce: number(&proof["nonce"]),
            balance: U256::ZERO,
            storage_root: B256::from_slice(&bytes(&proof["storageHash"])),
            code_hash: B256::from_slice(&bytes(&proof["codeHash"])),
        };
        let root = B256::from_slice(&bytes(&block["stateRoot"]));
        let key = Nibbles::unpack(keccak256(contract.0));
        let account_proof = nodes(&proof["accountProof"]);
        verify_proof(root, key, Some(alloy_rlp::encode(account)), &account_proof).unwrap();

        let key = Nibbles::unpack(keccak256([0; 32]));
        let expected = stored.map(|value: U256| alloy_rlp::encode(value));
        let slot_proof = nodes(&proof["storageProof"][0]["proof"]);
        verify_proof(account.storage_root, key, expected, &slot_proof).unwrap();
    }
}

#[tokio::test]
async fn logs_are_found_by_range_address_and_topics() {
    let (devnet, contract) = with_recorder("logs").await;
    let word = |n: u8| format!("0x{n:064x}");
    for n in 1..=4u8 {
        for key in &devnet.keys()[1..3] {
            let message = Message { to: Some(contract), data: bytes(&json!(word(n))), ..Message::default() };
            devnet.send(key, message).unwrap();
        }
        devnet.mine().unwrap();
    }
    let count =
        async |filter: Value| result(&devnet, "eth_getLogs", json!([filter])).await.as_array().unwrap().len();
    let all = json!("0x0");
    assert_eq!(count(json!({ "fromBlock": all })).await, 8);
    assert_eq!(count(json!({})).await, 2, "the newest block alone");
    assert_eq!(count(json!({ "fromBlock": "0x3", "toBlock": "0x4" })).await, 4);
    assert_eq!(count(json!({ "fromBlock": all, "toBlock": "0xffff" })).await, 8, "up to the head");
    assert_eq!(count(json!({ "fromBlock": all, "address": contract })).await, 8);
    assert_eq!(
        count(json!({ "fromBlock": all, "address": [contract, devnet.keys()[0].address()] })).await,
        8
    );
    assert_eq!(count(json!({ "fromBlock": all, "address": devnet.keys()[0].address() })).await, 0);
    assert_eq!(count(json!({ "fromBlock": all, "topics": [word(3)] })).await, 2);
    assert_eq!(count(json!({ "fromBlock": all, "topics": [[word(3), word(4)]] })).await, 4);
    let sender = words::address(&devnet.keys()[2].address());
    assert_eq!(count(json!({ "fromBlock": all, "topics": [null, sender] })).await, 4);
    assert_eq!(count(json!({ "fromBlock": all, "topics": [word(1), sender] })).await, 1);
    assert_eq!(count(json!({ "fromBlock": all, "topics": [sender] })).await, 0, "the place counts");
    assert_eq!(
        count(json!({ "fromBlock": all, "topics": [null, null, null] })).await,
        0,
        "logs of two topics"
    );
    assert_eq!(count(json!({ "blockHash": devnet.block_hash(2).unwrap() })).await, 2);

    let both = json!([{ "blockHash": devnet.block_hash(2).unwrap(), "fromBlock": "0x0" }]);
    assert_eq!(error(&devnet, "eth_getLogs", both).await["code"], -32602);
    let unknown = json!([{ "blockHash": word(9) }]);
    assert_eq!(error(&devnet, "eth_getLogs", unknown).await["code"], -32000);
    let wide = json!([{ "address": vec![contract; 1001] }]);
    assert_eq!(error(&devnet, "eth_getLogs", wide).await["code"], -32005);
}

#[tokio::test]
async fn a_node_takes_only_transactions_that_can_work() {
    let devnet = start("refusals").await;
    let key = &devnet.keys()[0];
    let refusal = async |message: Message| {
        let raw = devnet.sign(key, message).unwrap();
        let error =
            error(&devnet, "eth_sendRawTransaction", json!([alloy_primitives::hex::encode_prefixed(raw)]))
                .await;
        assert_eq!(error["code"], -32000);
        error["message"].as_str().unwrap().to_owned()
    };
    let to = Some(devnet.keys()[1].address());
    let good = Message { to, value: 5, ..Message::default() };
    devnet.execute(key, good.clone()).await.unwrap();
    devnet.send(key, Message { nonce: Some(1), ..good.clone() }).unwrap();

    assert_eq!(
        refusal(Message { nonce: Some(0), ..good.clone() }).await,
        "nonce too low: next nonce 1, tx nonce 0"
    );
    assert_eq!(refusal(Message { nonce: Some(1), ..good.clone() }).await, "already known");
    let other = Message { nonce: Some(1), value: 6, ..good.clone() };
    assert_eq!(refusal(other).await, "replacement transaction underpriced");
    assert!(refusal(Message { value: u128::MAX, ..good.clone() }).await.starts_with("insufficient funds"));
    assert!(
        refusal(Message { gas: Some(20_999), ..good.clone() }).await.starts_with("intrinsic gas too low")
    );
    assert!(
        refusal(Message { gas: Some(u64::MAX), ..good.clone() }).await.starts_with("exceeds block gas limit")
    );
    assert!(
        refusal(Message { data: vec![1; 128 * 1024], ..good.clone() }).await.starts_with("oversized data")
    );

    let twin = devnet.twin().await.unwrap();
    let foreign = Devnet::start({
        let mut config = support::manual("refusals");
        config.chain_id += 1;
        config
    });
    let foreign = foreign.await.unwrap().sign(key, good.clone()).unwrap();
    let raw = json!([alloy_primitives::hex::encode_prefixed(&foreign)]);
    let wrong_chain = error(&twin, "eth_sendRawTransaction", raw).await;
    assert_eq!(wrong_chain["message"], "invalid chain id for signer: have 1338 want 1337");
    let mut cut = devnet.sign(key, good).unwrap();
    cut.push(0);
    let raw = json!([alloy_primitives::hex::encode_prefixed(&cut)]);
    assert!(
        error(&devnet, "eth_sendRawTransaction", raw).await["message"].as_str().unwrap().starts_with("rlp")
    );
}

#[tokio::test]
async fn nonces_wait_for_their_gap_and_pending_counts_them() {
    let devnet = start("nonces").await;
    let (key, to) = (&devnet.keys()[0], Some(devnet.keys()[1].address()));
    let count = async |tag: &str| {
        number(&result(&devnet, "eth_getTransactionCount", json!([key.address(), tag])).await)
    };
    let send = |nonce| devnet.send(key, Message { to, nonce: Some(nonce), ..Message::default() }).unwrap();
    send(2);
    send(1);
    assert_eq!((count("latest").await, count("pending").await), (0, 0));
    assert_eq!(devnet.mine().unwrap().transactions, 0);
    let first = send(0);
    assert_eq!((count("latest").await, count("pending").await), (0, 3));
    let waiting = result(&devnet, "eth_getTransactionByHash", json!([first])).await;
    assert_eq!(waiting["blockNumber"], Value::Null);
    assert_eq!(devnet.mine().unwrap().transactions, 3);
    assert_eq!((count("latest").await, count("pending").await), (3, 3));
    assert_eq!(devnet.waiting(), 0);
    let mined = result(&devnet, "eth_getTransactionByHash", json!([first])).await;
    assert_eq!((&mined["blockNumber"], &mined["transactionIndex"]), (&json!("0x2"), &json!("0x0")));
}

#[tokio::test]
async fn what_does_not_exist_is_null_or_refused() {
    let devnet = start("nothing").await;
    let nothing = json!(format!("0x{:064x}", 1));
    for method in ["eth_getTransactionByHash", "eth_getTransactionReceipt", "eth_getBlockByHash"] {
        assert_eq!(result(&devnet, method, json!([nothing, false])).await, Value::Null, "{method}");
    }
    assert_eq!(result(&devnet, "eth_getBlockByNumber", json!(["0x9", false])).await, Value::Null);
    assert_eq!(result(&devnet, "eth_getBlockReceipts", json!(["0x9"])).await, Value::Null);
    let address = devnet.keys()[0].address();
    assert_eq!(error(&devnet, "eth_getBalance", json!([address, "0x9"])).await["code"], -32000);
    assert_eq!(error(&devnet, "debug_getRawHeader", json!(["0x9"])).await["code"], -32000);
    for (method, params) in [
        ("eth_getBalance", json!([])),
        ("eth_getBalance", json!(["0x01"])),
        ("eth_getBalance", json!([address, "newest"])),
        ("eth_getBalance", json!({ "address": address })),
        ("eth_sendRawTransaction", json!(["0x123"])),
        ("eth_getBlockByNumber", json!(["0x1ffffffffffffffff", false])),
        ("eth_call", json!([{ "data": "0x01", "input": "0x02" }])),
        ("eth_getProof", json!([address])),
    ] {
        assert_eq!(error(&devnet, method, params.clone()).await["code"], -32602, "{method} {params}");
    }
}

#[tokio::test]
async fn a_batch_is_one_answer() {
    let devnet = start("batch").await;
    let batch = json!([
        { "jsonrpc": "2.0", "id": 1, "method": "eth_chainId" },
        { "jsonrpc": "2.0", "id": 2, "method": "net_version" },
        { "jsonrpc": "2.0", "id": 3, "method": "eth_blockNumber" },
    ]);
    let (status, body) = support::post(devnet.url(), &batch.to_string()).await;
    let answers: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    assert_eq!((&answers[0]["result"], &answers[1]["result"]), (&json!("0x539"), &json!("1337")));
    assert_eq!(answers[2]["result"], "0x0");
}

#[tokio::test]
async fn bodies_are_bounded() {
    let devnet = start("bounded").await;
    // One byte beyond the limit and no more: a node that answers without reading the rest resets the connection.
    let (limit, said) = (10 * 1024 * 1024, 11 * 1024 * 1024);
    let (status, _) = support::post_first_part(devnet.url(), said, &"x".repeat(limit + 1)).await;
    assert_eq!(status, 413);
}
