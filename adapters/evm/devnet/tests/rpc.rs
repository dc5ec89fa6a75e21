//! The JSON-RPC interface, as clients use it.

mod support;

use causeway_evm_devnet::{Devnet, Message};
use serde_json::{Value, json};
use support::{bytes, error, number, recorder, result, start};

async fn with_recorder(name: &str) -> (Devnet, causeway_protocol::Address) {
    let devnet = start(name).await;
    let deploy = Message { data: recorder(), ..Message::default() };
    let receipt = devnet.execute(&devnet.keys()[0], deploy).await.unwrap();
    assert!(receipt.success);
    (devnet, receipt.created.unwrap())
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
