//! Housekeeping that any relayer may do: packets that wait at a gateway get their sequences.

use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use crate::Peers;

/// Numbers packets in the background, one transaction at a time.
#[derive(Debug)]
pub(crate) struct Numbering {
    peers: Arc<Peers>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Gateways to look at.
    wanted: BTreeSet<String>,
    running: bool,
    /// When all were looked at last.
    looked: Option<Instant>,
}

impl Numbering {
    pub(crate) fn new(peers: Arc<Peers>) -> Self {
        Self { peers, state: Mutex::default() }
    }

    /// A packet was seen to wait at this gateway.
    pub(crate) fn wanted(&self, gateway: &str) {
        self.state.lock().wanted.insert(gateway.to_owned());
    }

    /// Looks at gateways where packets are known to wait, and now and then at all: something may have waited before we came.
    pub(crate) fn watch(self: &Arc<Self>, gateways: &BTreeSet<String>, pause: Duration) {
        let mut state = self.state.lock();
        if state.looked.is_none_or(|looked| looked.elapsed() >= pause) && !gateways.is_empty() {
            state.looked = Some(Instant::now());
            state.wanted.extend(gateways.iter().cloned());
        }
        if !state.wanted.is_empty() && !state.running {
            state.running = true;
            let this = self.clone();
            tokio::spawn(async move { this.run().await });
        }
    }

    /// Numbers what waits, until nothing is known to.
    async fn run(&self) {
        loop {
            let gateway = {
                let mut state = self.state.lock();
                let Some(gateway) = state.wanted.pop_first() else {
                    state.running = false;
                    return;
                };
                gateway
            };
            match self.peers.number_waiting(&gateway).await {
                Ok(0) => {}
                Ok(count) => tracing::debug!(gateway, count, "numbered packets"),
                // Seen again with the next packet, or when all gateways are looked at again.
                Err(error) => tracing::warn!(gateway, %error, "numbering packets failed"),
            }
        }
    }
}
