//! The relayer against a hub and islands that fail on demand: a small HTTP server with the hub's routes, and adapters of
//! numbers instead of chains.
#![allow(clippy::unwrap_used)] // a test may panic

mod deliver;
mod hub;
mod island;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use causeway_client::{HubClient, Settings};
use causeway_protocol::{HubId, LocalSigner};
use causeway_relayer::{IslandConfig, Pace, Relayer, RelayerConfig};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::hub::FakeHub;
use crate::island::FakeIsland;

/// A relayer that runs until it is dropped.
pub(crate) struct Running {
    pub(crate) relayer: Arc<Relayer>,
    _stop: DropGuard,
}

pub(crate) fn pace() -> Pace {
    let millis = Duration::from_millis;
    Pace {
        poll: millis(5),
        refresh: millis(60),
        wait: Duration::from_secs(1),
        reread: millis(80),
        settling: millis(400),
        first_pause: millis(5),
        longest_pause: millis(50),
        at_once: 4,
    }
}

/// Starts a relayer for `islands`.
pub(crate) fn start(hub: &FakeHub, islands: &[(&str, &FakeIsland)]) -> Running {
    let mut settings = Settings::new(&hub.url, None).unwrap();
    settings.retries = 0;
    settings.timeout = Duration::from_millis(500);
    let islands = islands.iter().map(|(name, island)| IslandConfig {
        island: (*name).to_owned(),
        source: Arc::new((*island).clone()),
        destination: Some(Arc::new((*island).clone())),
    });
    let relayer = Arc::new(Relayer::new(RelayerConfig {
        hub: HubClient::new(settings).unwrap(),
        hub_id: HubId([7; 32]),
        signer: Arc::new(LocalSigner::from_bytes(&[9; 32]).unwrap()),
        islands: islands.collect(),
        pace: pace(),
    }));
    let stop = CancellationToken::new();
    let (running, stopped) = (relayer.clone(), stop.clone());
    tokio::spawn(async move { running.run(stopped).await });
    Running { relayer, _stop: stop.drop_guard() }
}

/// Waits until something is so; panics with `what` if it does not come to be.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let patience = tokio::time::timeout(Duration::from_secs(10), async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(patience.await.is_ok(), "in vain: {what}");
}
