//! Housekeeping that any relayer may do for everybody: packets that wait at a gateway get their sequences, and a channel where
//! nothing happens gets a block now and then.

use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use crate::Peers;

/// Works in the background, one transaction at a time.
#[derive(Debug)]
pub(crate) struct Housekeeping {
    peers: Arc<Peers>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Gateways to look at.
    wanted: BTreeSet<String>,
    /// A gateway that has to beat.
    beat: Option<String>,
    running: bool,
    /// When all were looked at last.
    looked: Option<Instant>,
}

/// One thing to do.
enum Task {
    Number(String),
    Beat(String),
}

impl Housekeeping {
    pub(crate) fn new(peers: Arc<Peers>) -> Self {
        Self { peers, state: Mutex::default() }
    }

    /// A packet was seen to wait at this gateway.
    pub(crate) fn number(&self, gateway: &str) {
        self.state.lock().wanted.insert(gateway.to_owned());
    }

    /// Has a gateway beat.
    pub(crate) fn beat(&self, gateway: &str) {
        self.state.lock().beat = Some(gateway.to_owned());
    }

    /// Does what is known to be wanted, and now and then looks at all gateways: something may have waited before we came.
    pub(crate) fn go_on(self: &Arc<Self>, gateways: &BTreeSet<String>, pause: Duration) {
        let mut state = self.state.lock();
        if state.looked.is_none_or(|looked| looked.elapsed() >= pause) && !gateways.is_empty() {
            state.looked = Some(Instant::now());
            state.wanted.extend(gateways.iter().cloned());
        }
        if !state.running && (state.beat.is_some() || !state.wanted.is_empty()) {
            state.running = true;
            let this = self.clone();
            tokio::spawn(async move { this.run().await });
        }
    }

    /// The next thing to do; with none, whoever asked is done.
    fn next(&self) -> Option<Task> {
        let mut state = self.state.lock();
        let beat = state.beat.take().map(Task::Beat);
        let next = beat.or_else(|| state.wanted.pop_first().map(Task::Number));
        state.running = next.is_some();
        next
    }

    async fn run(&self) {
        while let Some(task) = self.next() {
            match task {
                Task::Number(gateway) => match self.peers.number_waiting(&gateway).await {
                    Ok(0) => {}
                    Ok(count) => {
                        tracing::debug!(gateway, count, "numbered packets");
                        self.number(&gateway); // there may be more than one answer holds
                    }
                    // Seen again with the next packet, or when all gateways are looked at again.
                    Err(error) => tracing::warn!(gateway, %error, "numbering packets failed"),
                },
                Task::Beat(gateway) => match self.peers.beat(&gateway).await {
                    Ok(beat) => tracing::debug!(gateway, beat.block, "made a block on an idle channel"),
                    Err(error) => tracing::warn!(gateway, %error, "making a block on an idle channel failed"),
                },
            }
        }
    }
}
