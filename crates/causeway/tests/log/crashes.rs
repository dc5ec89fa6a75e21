//! Hubs that are killed while they append and sign.

use std::time::{Duration, Instant};

use causeway_ledger::{Ledger, Options};
use causeway_postgres::Server;

use crate::auditor::Auditor;
use crate::hubs::{Hub, holder};
use crate::load::Load;

/// How often the hub that holds the log is killed, unless `CAUSEWAY_LOG_KILLS` says another number.
const KILLS: u64 = 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_hubs_are_killed_has_no_fork_no_gap_and_no_leaf_twice() {
    let kills = std::env::var("CAUSEWAY_LOG_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let postgres = Server::start(causeway_postgres::Options::default()).await.unwrap();
    let url = postgres.url("postgres");
    let mut hubs =
        [Hub::start(folder.path(), "one", &url).await, Hub::start(folder.path(), "two", &url).await];
    let ledger = Ledger::connect(&url, Options { max_connections: 4 }).await.unwrap();
    let mut auditor = Auditor::begin(hubs.iter().map(|hub| hub.client.clone()).collect());
    let load = Load::begin(&url).await;

    let (begun, mut unsigned, mut longest) = (Instant::now(), 0, Duration::ZERO);
    for kill in 0..kills {
        auditor.grows_beyond(auditor.newest().size).await;
        // At another moment of its work each time.
        tokio::time::sleep(Duration::from_micros(kill * 7919 % 400_000)).await;
        let last = holder(&hubs);
        hubs[last].service.kill();
        let killed = Instant::now();
        // Between its commit and its signature, if leaves are committed that no checkpoint covers.
        let committed = ledger.log_head().await.unwrap().tree.size;
        unsigned += u64::from(committed > auditor.newest().size);
        hubs[last].service.restart();
        auditor.grows_beyond(committed.max(auditor.newest().size)).await;
        longest = longest.max(killed.elapsed());
        auditor.check(&ledger).await;
        for hub in &mut hubs {
            hub.service.assert_running();
        }
    }
    let took = begun.elapsed();
    let recorded = load.end().await;
    auditor.settle(&ledger).await;
    let seen = auditor.seen();
    drop(hubs);
    let tree = auditor.finish(&ledger, &recorded).await;
    assert_eq!(tree.size, recorded.len() as u64, "a leaf for every fact, and no other");
    println!(
        "killed {kills} times in {} s, {unsigned} of them between a commit and its signature; {} leaves, {seen} checkpoints; \
         taken over within {} ms",
        took.as_secs(),
        tree.size,
        longest.as_millis(),
    );
    ledger.close().await;
    postgres.stop().await;
}
