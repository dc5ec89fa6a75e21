//! What contracts see and do, where a bridge depends on it.

#![allow(clippy::unwrap_used, reason = "only tests are here")]

mod support;

use causeway_evm_devnet::Message;
use causeway_protocol::{Hash, keccak256};
use serde_json::json;
use support::{deploy, error, number, result, start};

#[tokio::test]
async fn code_reads_the_hash_of_the_block_before_and_the_time_of_its_own() {
    let devnet = start("blockhash").await;
    devnet.set_time(4_000_000_000);
    // slot 0 = blockhash(number - 1), slot 1 = timestamp, slot 2 = chain id
    let contract = deploy(&devnet, "60014303406000554260015546600255").await;
    devnet.advance_time(std::time::Duration::from_secs(5));
    let message = Message { to: Some(contract), ..Message::default() };
    let receipt = devnet.execute(&devnet.keys()[0], message).await.unwrap();

    let slot =
        async |slot: &str| result(&devnet, "eth_getStorageAt", json!([contract, slot, "latest"])).await;
    assert_eq!(slot("0x0").await, json!(devnet.block_hash(receipt.block - 1).unwrap()));
    assert_eq!(slot("0x1").await, json!(causeway_protocol::words::uint(4_000_000_005)));
    assert_eq!(slot("0x2").await, json!(causeway_protocol::words::uint(1337)));
}

#[tokio::test]
async fn an_estimate_is_enough_where_code_looks_at_the_gas_it_has_left() {
    let devnet = start("estimate").await;
    // Reverts with less than 500,000 gas left; otherwise stops at once, so that it uses next to nothing.
    let contract = deploy(&devnet, "5a6207a12011600a57005b60006000fd").await;
    let call = json!({ "from": devnet.keys()[0].address(), "to": contract });
    let gas = number(&result(&devnet, "eth_estimateGas", json!([call])).await);
    let with = async |gas: u64| {
        let message = Message { to: Some(contract), gas: Some(gas), ..Message::default() };
        devnet.execute(&devnet.keys()[0], message).await.unwrap()
    };
    let receipt = with(gas).await;
    assert!(receipt.success && receipt.gas_used < 22_000, "{gas} {receipt:?}");
    assert!(!with(gas - gas / 50).await.success, "{gas} is near the least that does");

    let allowed = json!({ "to": contract, "gas": "0x7a120" });
    assert_eq!(error(&devnet, "eth_estimateGas", json!([allowed])).await["message"], "execution reverted");
}

#[tokio::test]
async fn code_that_halts_uses_all_its_gas_and_says_why() {
    let devnet = start("halts").await;
    let invalid = deploy(&devnet, "fe").await;
    let endless = deploy(&devnet, "5b600056").await;
    for (contract, reason) in [(invalid, "invalid opcode"), (endless, "out of gas")] {
        let call = json!([{ "to": contract, "gas": "0x186a0" }]);
        assert_eq!(error(&devnet, "eth_call", call).await["message"], reason);
        let message = Message { to: Some(contract), gas: Some(100_000), ..Message::default() };
        let receipt = devnet.execute(&devnet.keys()[0], message).await.unwrap();
        assert_eq!((receipt.success, receipt.gas_used), (false, 100_000), "{reason}");
    }
}

#[tokio::test]
async fn a_creation_that_fails_leaves_nothing_but_names_its_address() {
    let devnet = start("creation").await;
    let message = Message { data: vec![0xfe], gas: Some(60_000), ..Message::default() };
    let receipt = devnet.execute(&devnet.keys()[0], message).await.unwrap();
    assert!(!receipt.success);
    let code = result(&devnet, "eth_getCode", json!([receipt.created.unwrap(), "latest"])).await;
    assert_eq!(code, "0x");
}

#[tokio::test]
async fn ecrecover_finds_the_signer_as_a_gateway_would() {
    let devnet = start("ecrecover").await;
    // Calls precompile 1 with the call data and returns its word.
    let contract = deploy(&devnet, "366000600037602060003660006001610bb8fa5060206000f3").await;
    let (signer, digest) = (&devnet.keys()[3], keccak256(b"an attestation"));
    let signature = signer.sign(digest).unwrap().0;
    let word = |v: u8| causeway_protocol::words::uint(v.into()).0;
    let input = [&digest.0[..], &word(signature[64]), &signature[..64]].concat();
    let call = json!({ "to": contract, "data": alloy_primitives::hex::encode_prefixed(input) });
    let recovered = result(&devnet, "eth_call", json!([call])).await;
    let expected: Hash = causeway_protocol::words::address(&signer.address());
    assert_eq!(recovered, json!(expected));
}

#[tokio::test]
async fn value_moves_and_a_call_without_a_trace_leaves_none() {
    let devnet = start("value").await;
    let (from, to) = (devnet.keys()[0].address(), devnet.keys()[1].address());
    let balance = async |of| result(&devnet, "eth_getBalance", json!([of, "latest"])).await;
    let before = (balance(from).await, balance(to).await);
    result(&devnet, "eth_call", json!([{ "from": from, "to": to, "value": "0x5" }])).await;
    devnet.mine().unwrap();
    assert_eq!((balance(from).await, balance(to).await), before);

    let nobody = causeway_protocol::Address([9; 20]);
    let message = Message { to: Some(nobody), value: 5, ..Message::default() };
    devnet.execute(&devnet.keys()[0], message).await.unwrap();
    assert_eq!(balance(nobody).await, "0x5");
    let broke = json!([{ "from": nobody, "to": to, "value": "0x6" }]);
    assert_eq!(error(&devnet, "eth_call", broke).await["code"], -32000);
}

#[tokio::test]
async fn a_reason_given_in_text_is_shown_as_text() {
    let devnet = start("reason").await;
    // Reverts with its call data.
    let contract = deploy(&devnet, "366000600037366000fd").await;
    let revert = async |data: String| {
        error(&devnet, "eth_call", json!([{ "to": contract, "data": data }])).await["message"].clone()
    };
    let text = format!("0x08c379a0{:064x}{:064x}{:0<64}", 32, 2, alloy_primitives::hex::encode("no"));
    assert_eq!(revert(text.clone()).await, "execution reverted: no");
    assert_eq!(revert(text.replace("02", "ff")).await, "execution reverted", "a length beyond the data");
    assert_eq!(revert("0x08c379a0".into()).await, "execution reverted");
}

#[tokio::test]
async fn a_contract_that_destroys_itself_is_gone_with_its_storage() {
    let devnet = start("destroyed").await;
    // Called with data: slot 0 = 1. Called without: selfdestruct to the caller.
    let contract = deploy(&devnet, "3660065733ff5b600160005500").await;
    let send = async |data: Vec<u8>| {
        let message = Message { to: Some(contract), data, ..Message::default() };
        assert!(devnet.execute(&devnet.keys()[0], message).await.unwrap().success);
    };
    send(vec![1]).await;
    let stored = async |tag: &str| result(&devnet, "eth_getStorageAt", json!([contract, "0x0", tag])).await;
    assert_eq!(stored("latest").await, json!(causeway_protocol::words::uint(1)));
    send(Vec::new()).await;
    assert_eq!(stored("latest").await, json!(Hash::ZERO));
    assert_eq!(result(&devnet, "eth_getCode", json!([contract, "latest"])).await, "0x");
    assert_eq!(stored("0x2").await, json!(causeway_protocol::words::uint(1)), "not in the past");
}
