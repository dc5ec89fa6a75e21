//! Faults of endpoints, block production, and the clock.

mod support;

use std::time::Duration;

use causeway_evm_devnet::{Devnet, Message, Mining, RpcFault};
use serde_json::{Value, json};
use support::{ask, manual, number, post, result, start};

const REQUEST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}"#;

#[tokio::test]
async fn an_endpoint_fails_every_nth_time_and_recovers() {
    let devnet = start("nth").await;
    devnet.faults().every(3, RpcFault::Fail);
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(post(devnet.url(), REQUEST).await.0);
    }
    assert_eq!(seen, [200, 200, 503, 200, 200, 503]);
    devnet.faults().always(RpcFault::Fail);
    assert_eq!(post(devnet.url(), REQUEST).await.0, 503);
    devnet.faults().clear();
    assert_eq!(post(devnet.url(), REQUEST).await.0, 200);
}

#[tokio::test]
async fn an_endpoint_answers_garbage() {
    let devnet = start("garbage").await;
    devnet.faults().always(RpcFault::Garbage);
    let (status, body) = post(devnet.url(), REQUEST).await;
    assert_eq!(status, 200);
    assert!(serde_json::from_str::<Value>(&body).is_err());
}

#[tokio::test]
async fn an_endpoint_hangs_and_the_others_do_not() {
    let devnet = start("hang").await;
    let other = devnet.endpoint().await.unwrap();
    devnet.faults().always(RpcFault::Hang);
    let waiting = tokio::time::timeout(Duration::from_millis(100), post(devnet.url(), REQUEST)).await;
    assert!(waiting.is_err());
    assert_eq!(post(other.url(), REQUEST).await.0, 200);
}

#[tokio::test]
async fn an_endpoint_lags_behind_the_chain() {
    let devnet = start("lag").await;
    let behind = devnet.endpoint().await.unwrap();
    for _ in 0..5 {
        devnet.mine().unwrap();
    }
    behind.faults().always(RpcFault::Behind(2));
    assert_eq!(ask(behind.url(), "eth_blockNumber", Value::Null).await["result"], "0x3");
    let newest = devnet.block_hash(5).unwrap();
    assert_eq!(ask(behind.url(), "eth_getBlockByHash", json!([newest, false])).await["result"], Value::Null);
    assert_eq!(number(&result(&devnet, "eth_blockNumber", Value::Null).await), 5);
    behind.faults().always(RpcFault::Behind(99));
    assert_eq!(ask(behind.url(), "eth_blockNumber", Value::Null).await["result"], "0x0");
}

#[tokio::test]
async fn endpoints_close_with_their_chain() {
    let devnet = start("close").await;
    let url = devnet.url().strip_prefix("http://").unwrap().to_owned();
    drop(devnet);
    for _ in 0..100 {
        if tokio::net::TcpStream::connect(&url).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{url} still listens");
}

#[tokio::test]
async fn blocks_come_while_transactions_wait_and_not_while_paused() {
    let mut config = manual("auto");
    config.mining = Mining::Automatic { block_time: Duration::from_millis(20), empty_block_time: None };
    let devnet = Devnet::start(config).await.unwrap();
    let message = Message { to: Some(devnet.keys()[1].address()), value: 1, ..Message::default() };
    let receipt = devnet.execute(&devnet.keys()[0], message.clone()).await.unwrap();
    assert_eq!((receipt.block, devnet.height()), (1, 1));

    devnet.pause();
    let waiting = devnet.send(&devnet.keys()[0], message).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!((devnet.height(), devnet.waiting()), (1, 1));
    devnet.resume();
    devnet.reached(2).await;
    assert!(devnet.receipt(waiting).unwrap().success);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(devnet.height(), 2, "no empty blocks");
}

#[tokio::test]
async fn empty_blocks_come_when_asked_for() {
    let mut config = manual("empty");
    let (block_time, empty) = (Duration::from_millis(5), Duration::from_millis(20));
    config.mining = Mining::Automatic { block_time, empty_block_time: Some(empty) };
    let devnet = Devnet::start(config).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), devnet.reached(3)).await.unwrap();
}

#[tokio::test]
async fn block_time_follows_the_clock_and_never_goes_back() {
    let devnet = start("time").await;
    let time = async || {
        devnet.mine().unwrap();
        number(&result(&devnet, "eth_getBlockByNumber", json!(["latest", false])).await["timestamp"])
    };
    devnet.set_time(4_000_000_000);
    assert_eq!(time().await, 4_000_000_000);
    devnet.advance_time(Duration::from_secs(90));
    assert_eq!((devnet.time(), time().await), (4_000_000_090, 4_000_000_090));
    devnet.set_time(3_000_000_000);
    assert_eq!(time().await, 4_000_000_090);
}
