//! What the tests share: a client, and a contract.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "only tests use this")]

use causeway_evm_devnet::{Devnet, DevnetConfig, Message, Mining};
use causeway_protocol::Address;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A chain that makes blocks when told to.
pub(crate) fn manual(name: &str) -> DevnetConfig {
    let mut config = DevnetConfig::new(name, 1337, 4).unwrap();
    config.mining = Mining::Manual;
    config
}

pub(crate) async fn start(name: &str) -> Devnet {
    Devnet::start(manual(name)).await.unwrap()
}

/// Posts a body; the HTTP status and the body of the answer.
pub(crate) async fn post(url: &str, body: &str) -> (u16, String) {
    post_first_part(url, body.len(), body).await
}

/// Posts the first part of a body whose length is said to be `length`.
pub(crate) async fn post_first_part(url: &str, length: usize, body: &str) -> (u16, String) {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// One request's whole answer.
pub(crate) async fn ask(url: &str, method: &str, params: Value) -> Value {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let (status, body) = post(url, &request.to_string()).await;
    assert_eq!(status, 200, "{method}");
    serde_json::from_str(&body).unwrap()
}

/// One request's result.
pub(crate) async fn result(devnet: &Devnet, method: &str, params: Value) -> Value {
    let answer = ask(devnet.url(), method, params).await;
    assert!(answer.get("error").is_none(), "{method}: {answer}");
    answer["result"].clone()
}

/// One request's error.
pub(crate) async fn error(devnet: &Devnet, method: &str, params: Value) -> Value {
    let answer = ask(devnet.url(), method, params).await;
    assert!(answer.get("result").is_none(), "{method}: {answer}");
    answer["error"].clone()
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    alloy_primitives::hex::decode(value.as_str().unwrap()).unwrap()
}

pub(crate) fn number(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().strip_prefix("0x").unwrap(), 16).unwrap()
}

/// Creation code that deploys `runtime`, given as hex.
pub(crate) fn deploys(runtime: &str) -> Vec<u8> {
    let runtime = alloy_primitives::hex::decode(runtime).unwrap();
    // CODECOPY(0, 11, length) RETURN(0, length)
    let mut code = alloy_primitives::hex::decode("60ff80600b6000396000f3").unwrap();
    code[1] = u8::try_from(runtime.len()).unwrap();
    code.extend_from_slice(&runtime);
    code
}

/// Deploys `runtime`, given as hex.
pub(crate) async fn deploy(devnet: &Devnet, runtime: &str) -> Address {
    let message = Message { data: deploys(runtime), ..Message::default() };
    let receipt = devnet.execute(&devnet.keys()[0], message).await.unwrap();
    assert!(receipt.success);
    receipt.created.unwrap()
}

/// A contract. Called with nothing it reverts with `deadbeef`. Called with data it keeps the first word in slot 0, logs
/// the data under two topics, that word and the caller, and returns the word.
pub(crate) const RECORDER: &str = concat!(
    "36601157",                   // data? go on at 17
    "63deadbeef6000526004601cfd", // revert(deadbeef)
    "5b366000600037",             // memory = data
    "600035600055",               // slot 0 = first word
    "33600035366000a2",           // log2(data; first word, caller)
    "60206000f3",                 // return first word
);
