//! Postgres fails over to a standby: with a synchronous one the log goes on, and after a loss it stops.

use std::time::{Duration, Instant};

use causeway_ledger::{Ledger, Options};
use causeway_postgres::Server;

use crate::auditor::Auditor;
use crate::hubs::Hub;
use crate::load::Load;
use crate::proxy::{Proxy, port_of};

/// How often it fails over, unless `CAUSEWAY_LOG_FAILOVERS` says another number.
const FAILOVERS: u64 = 2;

async fn hubs(folder: &std::path::Path, url: &str) -> [Hub; 2] {
    [Hub::start(folder, "one", url).await, Hub::start(folder, "two", url).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_goes_on_when_a_synchronous_standby_takes_over() {
    let failovers = std::env::var("CAUSEWAY_LOG_FAILOVERS").map_or(FAILOVERS, |count| count.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut primary = Server::start(causeway_postgres::Options::default()).await.unwrap();
    let proxy = Proxy::to(port_of(&primary.url("postgres"))).await;
    let url = proxy.through(&primary.url("postgres"));
    let mut hubs = hubs(folder.path(), &url).await;
    let ledger = Ledger::connect(&url, Options { max_connections: 4 }).await.unwrap();
    let mut auditor = Auditor::begin(hubs.iter().map(|hub| hub.client.clone()).collect());
    let load = Load::begin(&url).await;
    let mut longest = Duration::ZERO;
    for round in 0..failovers {
        let standby = primary.standby().await.unwrap();
        primary.wait_for_standby().unwrap();
        auditor.grows_beyond(auditor.newest().size).await;
        tokio::time::sleep(Duration::from_millis(300 + round * 137 % 500)).await;
        // In the middle of appending: between a commit on one and its arrival on the other, too.
        primary.kill();
        proxy.cut();
        let lost = Instant::now();
        standby.promote().await.unwrap();
        proxy.point_to(port_of(&standby.url("postgres")));
        auditor.grows_beyond(auditor.newest().size).await;
        longest = longest.max(lost.elapsed());
        auditor.check(&ledger).await;
        for hub in &mut hubs {
            hub.service.assert_running();
        }
        primary = standby;
    }
    let recorded = load.end().await;
    auditor.settle(&ledger).await;
    let seen = auditor.seen();
    drop(hubs);
    let tree = auditor.finish(&ledger, &recorded).await;
    assert!(tree.size >= recorded.len() as u64);
    println!(
        "failed over {failovers} times; {} leaves, {seen} checkpoints; the log grew again within {} ms",
        tree.size,
        longest.as_millis(),
    );
    ledger.close().await;
    primary.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_stops_when_what_takes_over_has_lost_what_was_signed() {
    let folder = tempfile::tempdir().unwrap();
    let mut primary = Server::start(causeway_postgres::Options::default()).await.unwrap();
    let proxy = Proxy::to(port_of(&primary.url("postgres"))).await;
    let url = proxy.through(&primary.url("postgres"));
    let hubs = hubs(folder.path(), &url).await;
    let ledger = Ledger::connect(&url, Options { max_connections: 4 }).await.unwrap();
    let auditor = Auditor::begin(hubs.iter().map(|hub| hub.client.clone()).collect());
    let load = Load::begin(&url).await;
    // A standby that nobody waits for, and that falls behind.
    let mut standby = primary.standby().await.unwrap();
    auditor.grows_beyond(auditor.newest().size).await;
    standby.kill();
    auditor.grows_beyond(auditor.newest().size + 50).await;
    load.end().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let signed = auditor.newest();

    primary.kill();
    proxy.cut();
    standby.restart().await.unwrap();
    standby.promote().await.unwrap();
    proxy.point_to(port_of(&standby.url("postgres")));
    let load = Load::begin(&url).await;
    let begun = Instant::now();
    let stopped = |hub: &Hub| hub.service.log().contains("the log stops");
    while !hubs.iter().any(stopped) {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", hubs[0].service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let before = ledger.log_head().await.unwrap().tree;
    // Longer than any lease: the other hub does not go on from there either.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(load.end().await.len() > 50, "facts are recorded all the same");
    assert_eq!(ledger.log_head().await.unwrap().tree, before, "the log grew after a loss");
    assert_eq!(auditor.newest(), signed, "something was signed after a loss");
    assert!(before.size < signed.size, "nothing was lost");
    drop(hubs);
    ledger.close().await;
    standby.stop().await;
}
