//! One node, and what is known of it.

use core::time::Duration;
use std::time::Instant;

use causeway_adapter::NodeHealth;
use parking_lot::Mutex;

use super::settings::{PeerSettings, PeersError, PeersSettings, endpoint};
use crate::wire::{Failure, Kind, Node};

/// The longest a node that keeps failing is left alone.
const LONGEST_COOL_DOWN: Duration = Duration::from_mins(1);

/// A peer or an orderer, and what is known of it.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) node: Node,
    pub(crate) kind: Kind,
    pub(super) msp: String,
    name: String,
    /// SHA-256 of our TLS certificate (DER): a node that asks for one wants requests for blocks to name it.
    pub(super) tls_hash: Option<[u8; 32]>,
    cool_down: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    until: Option<Instant>,
    last_failure: Option<String>,
    height: Option<u64>,
}

impl Member {
    /// The node of `settings` that is described by `of`, at `index` of its list.
    pub(super) fn new(
        settings: &PeersSettings,
        kind: Kind,
        index: usize,
        of: &PeerSettings,
    ) -> Result<Self, PeersError> {
        let place = match kind {
            Kind::Peer => format!("peer {}", index + 1),
            Kind::Orderer => format!("orderer {}", index + 1),
        };
        let (endpoint, tls_hash) = endpoint(&place, of)?;
        let endpoint = endpoint.connect_timeout(settings.timeout).tcp_nodelay(true);
        Ok(Self {
            node: Node::new(&endpoint, settings.timeout),
            kind,
            msp: of.msp.clone(),
            name: of.url.clone(),
            tls_hash,
            cool_down: settings.cool_down,
            state: Mutex::default(),
        })
    }

    /// Its URL.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Remembers whether it works.
    pub(super) fn note<T>(&self, answer: Result<T, Failure>) -> Result<T, Failure> {
        let mut state = self.state.lock();
        if let Err(Failure::Failed(words)) = &answer {
            tracing::debug!(node = self.name, words, "node failed");
            let pause = self.cool_down.saturating_mul(1 << state.failures.min(6)).min(LONGEST_COOL_DOWN);
            state.failures += 1;
            state.until = Some(Instant::now() + pause);
            state.last_failure = Some(words.clone());
        } else {
            state.failures = 0;
            state.until = None;
        }
        answer
    }

    /// Remembers a block that it has.
    pub(super) fn has(&self, block: u64) {
        let mut state = self.state.lock();
        state.height = state.height.max(Some(block));
    }

    /// The newest block it is known to have.
    pub(super) fn height(&self) -> Option<u64> {
        self.state.lock().height
    }

    /// Whether it is asked before those that failed lately.
    pub(super) fn is_up(&self) -> bool {
        self.state.lock().until.is_none_or(|until| until <= Instant::now())
    }

    pub(super) fn health(&self) -> NodeHealth {
        let (name, up) = (self.name.clone(), self.is_up());
        NodeHealth { name, up, last_failure: self.state.lock().last_failure.clone() }
    }
}
