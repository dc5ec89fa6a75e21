//! How many packets a second the hub verifies and makes durable through REST, next to the same rows inserted bare.
//!
//! `cargo run --release -p causeway-hub --example ingest [PACKETS]`: forges a chain with that many packets in advance, posts its
//! evidence over loopback to a hub with a private, durable Postgres, then inserts the same rows into tables of the same shape
//! by bare UNNEST, on the same server in the same run, and prints both rates and their ratio.
#![allow(clippy::unwrap_used)] // a measurement may panic

mod bare;
#[allow(dead_code)] // the tests use more of it
#[path = "../../tests/hub/forge.rs"]
mod forge;
mod load;

use std::time::Duration;

use causeway_hub::HubConfig;
use causeway_ledger::{Ledger, Options};
use causeway_postgres::Server;
use tokio_util::sync::CancellationToken;

/// Packets sent in one block.
const PACKETS_A_BLOCK: usize = 200;
/// Blocks in one envelope.
const BLOCKS_AN_ENVELOPE: usize = 5;
/// Envelopes in one request.
const ENVELOPES_A_REQUEST: usize = 5;

#[tokio::main]
async fn main() {
    let packets: usize = std::env::args().nth(1).map_or(50_000, |count| count.parse().unwrap());
    let server =
        Server::start(causeway_postgres::Options { durable: true, ..Default::default() }).await.unwrap();
    let url = server.url("postgres");
    let ledger = Ledger::connect(&url, Options { max_connections: 8 }).await.unwrap();
    ledger.migrate().await.unwrap();
    ledger.close().await;

    let token_file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token_file.path(), load::OPERATOR).unwrap();
    let mut config = HubConfig::new(load::ORIGIN);
    config.operator_token_file = Some(token_file.path().to_owned());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hub = format!("http://{}", listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    let (serving_url, stop) = (url.clone(), shutdown.clone());
    let serving =
        tokio::spawn(async move { causeway_hub::run(config, listener, &serving_url, stop).await.unwrap() });

    eprintln!("forging {packets} packets, {PACKETS_A_BLOCK} a block …");
    let load = load::Load::new(&hub, packets).await;
    eprintln!("posting {} requests, {:.1} MB of evidence …", load.requests.len(), load.megabytes());
    let through_hub = load.post().await;
    let bare = bare::insert(&url, PACKETS_A_BLOCK * BLOCKS_AN_ENVELOPE).await;
    assert_eq!(bare.packets, packets, "every packet is in the ledger");
    shutdown.cancel();
    serving.await.unwrap();
    server.stop().await;

    let (hub_rate, bare_rate) = (rate(packets, through_hub), rate(packets, bare.time));
    println!("packets                      {packets}");
    println!("verified and durable by REST {hub_rate:>9.0} packets/s  ({:.2} s)", through_hub.as_secs_f64());
    println!("same rows, bare UNNEST       {bare_rate:>9.0} packets/s  ({:.2} s)", bare.time.as_secs_f64());
    println!("ratio                        {:>9.2}", hub_rate / bare_rate);
}

fn rate(packets: usize, time: Duration) -> f64 {
    f64::from(u32::try_from(packets).unwrap_or(u32::MAX)) / time.as_secs_f64()
}
