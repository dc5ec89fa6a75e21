//! The lane of nonces: transactions that get lost, keys that others use too, fees.

use std::sync::Arc;
use std::time::Duration;

use causeway_adapter::AdapterError;
use causeway_evm::{Account, AccountSettings, Call, Price};
use causeway_evm_devnet::{Devnet, DevnetConfig, Hardfork, Message, Mining, RpcFault};
use causeway_protocol::{Address, LocalSigner};

use crate::island::{account, nodes};

async fn devnet(name: &str, change: impl FnOnce(&mut DevnetConfig)) -> Devnet {
    let mut config = DevnetConfig::new(name, 1337, 4).unwrap();
    config.mining = Mining::Automatic { block_time: Duration::from_millis(20), empty_block_time: None };
    change(&mut config);
    Devnet::start(config).await.unwrap()
}

fn ping() -> Call {
    Call { to: Some([7; 20]), data: Vec::new(), gas: 21_000 }
}

#[tokio::test]
async fn transactions_of_many_tasks_take_one_nonce_each() {
    let devnet = devnet("many tasks", |_| ()).await;
    let account = account(&devnet, &nodes(&[devnet.url()]), 0);
    let call = ping();
    let executed = futures::future::join_all((0..20).map(|_| account.execute(&call))).await;
    assert!(executed.iter().all(|executed| executed.as_ref().unwrap().success));
    assert_eq!(devnet.next_nonce(Address(account.address())), 20);
}

#[tokio::test]
async fn a_transaction_that_no_node_took_is_sent_again_and_later_ones_go_on() {
    let devnet = devnet("lost", |_| ()).await;
    let nodes = nodes(&[devnet.url()]);
    let account = account(&devnet, &nodes, 0);
    account.execute(&ping()).await.unwrap();
    // The first request asks for the fees, the second hands the transaction over.
    devnet.faults().every(2, RpcFault::Fail);
    let lost = account.send(&ping()).await.unwrap();
    devnet.faults().clear();
    assert_eq!(devnet.waiting(), 0, "it was lost");
    let later = account.send(&ping()).await.unwrap();
    let (lost, later) = tokio::join!(account.executed(&lost), account.executed(&later));
    assert!(lost.unwrap().success && later.unwrap().success);
    assert_eq!(devnet.next_nonce(Address(account.address())), 3);
}

#[tokio::test]
async fn a_key_that_somebody_else_uses_too_still_works() {
    let devnet = devnet("shared key", |_| ()).await;
    let account = account(&devnet, &nodes(&[devnet.url()]), 0);
    account.execute(&ping()).await.unwrap();
    for _ in 0..2 {
        let message = Message { to: Some(Address([8; 20])), gas: Some(21_000), ..Message::default() };
        devnet.execute(&devnet.keys()[0], message).await.unwrap();
        assert!(account.execute(&ping()).await.unwrap().success);
    }
}

#[tokio::test]
async fn where_there_is_a_base_fee_it_is_paid() {
    let devnet = devnet("base fee", |config| {
        config.hardfork = Hardfork::London;
        config.base_fee = 1_000_000_000;
    })
    .await;
    for price in [Price::Fixed(0), Price::Fixed(7), Price::Suggested] {
        let key = Arc::new(LocalSigner::from_bytes(&devnet.keys()[0].secret()).unwrap());
        let poll = Duration::from_millis(20);
        let settings = AccountSettings { price, poll, ..AccountSettings::default() };
        let account = Account::new(nodes(&[devnet.url()]), key, settings);
        assert!(account.execute(&ping()).await.unwrap().success, "{price:?}");
    }
}

#[tokio::test]
async fn a_transaction_that_the_node_refuses_is_an_error_that_says_why() {
    let devnet = devnet("refused", |_| ()).await;
    let account = account(&devnet, &nodes(&[devnet.url()]), 0);
    let error = account.execute(&Call { gas: 1, ..ping() }).await.unwrap_err();
    assert!(matches!(&error, AdapterError::Unreachable { last, .. } if last.contains("gas")), "{error}");
    assert!(account.execute(&ping()).await.unwrap().success, "the nonce was not used up");
}
