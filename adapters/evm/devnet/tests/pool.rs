//! Transactions between submission and block.

#![allow(clippy::unwrap_used, reason = "only tests are here")]

mod support;

use causeway_evm_devnet::{Alloc, Devnet, DevnetError, Key, Message};
use support::{manual, start};

#[tokio::test]
async fn a_block_takes_what_its_gas_limit_allows_and_the_next_one_the_rest() {
    let mut config = manual("full");
    config.gas_limit = 50_000;
    let devnet = Devnet::start(config).await.unwrap();
    let to = Some(devnet.keys()[1].address());
    for nonce in 0..3 {
        let message = Message { to, gas: Some(21_000), nonce: Some(nonce), ..Message::default() };
        devnet.send(&devnet.keys()[0], message).unwrap();
    }
    assert_eq!(devnet.mine().unwrap().transactions, 2);
    assert_eq!(devnet.mine().unwrap().transactions, 1);
}

#[tokio::test]
async fn transactions_of_several_senders_keep_the_order_of_arrival_and_of_nonces() {
    let devnet = start("order").await;
    let to = Some(devnet.keys()[5].address());
    let send = |sender: usize, nonce| {
        let message = Message { to, nonce: Some(nonce), value: 1, ..Message::default() };
        devnet.send(&devnet.keys()[sender], message).unwrap()
    };
    // Sender 0's second transaction arrives before its first.
    let (late, second, first) = (send(0, 1), send(1, 0), send(0, 0));
    devnet.mine().unwrap();
    let block = support::result(&devnet, "eth_getBlockByNumber", serde_json::json!(["latest", false])).await;
    assert_eq!(block["transactions"], serde_json::json!([second, first, late]));
}

#[tokio::test]
async fn a_transaction_that_became_impossible_is_dropped_and_those_behind_it_wait() {
    let poor = Key::derived("poor", "beggar", 0).unwrap();
    let mut config = manual("poor");
    let balance = 100;
    config.alloc.push(Alloc { address: poor.address(), balance, code: Vec::new(), storage: Vec::new() });
    let devnet = Devnet::start(config).await.unwrap();
    let to = Some(devnet.keys()[0].address());
    let send = |nonce, value| {
        let message = Message { to, value, nonce: Some(nonce), ..Message::default() };
        devnet.send(&poor, message).unwrap()
    };
    // Each of them could be paid, but not all.
    let (first, second, third) = (send(0, 60), send(1, 60), send(2, 10));
    assert_eq!(devnet.mine().unwrap().transactions, 1);
    assert!(devnet.receipt(first).is_some() && devnet.receipt(second).is_none());
    assert_eq!((devnet.waiting(), devnet.next_nonce(poor.address())), (1, 1));
    send(1, 30);
    assert_eq!(devnet.mine().unwrap().transactions, 2);
    assert!(devnet.receipt(third).unwrap().success);

    let refused = devnet.execute(&poor, Message { to, value: 11, ..Message::default() }).await;
    assert!(matches!(refused, Err(DevnetError::Refused(_))));
}
