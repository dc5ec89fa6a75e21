//! What a relayer is started with.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use causeway_adapter::{Destination, Source};
use causeway_client::HubClient;
use causeway_protocol::{HubId, Signer};

/// A relayer's settings.
#[derive(Clone)]
pub struct RelayerConfig {
    /// The hub, with a token of role relayer.
    pub hub: HubClient,
    /// The hub's id: envelopes are signed for this hub and no other.
    pub hub_id: HubId,
    /// Signs envelopes. The token is bound to its address.
    pub signer: Arc<dyn Signer>,
    /// The islands it serves.
    pub islands: Vec<IslandConfig>,
    /// How fast things are repeated.
    pub pace: Pace,
}

/// One island.
#[derive(Clone)]
pub struct IslandConfig {
    /// Its name at the hub, or its id.
    pub island: String,
    /// Watches it.
    pub source: Arc<dyn Source>,
    /// Delivers to it; nothing to submit evidence only.
    pub destination: Option<Arc<dyn Destination>>,
}

impl fmt::Debug for IslandConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let delivers = self.destination.is_some();
        f.debug_struct("IslandConfig")
            .field("island", &self.island)
            .field("delivers", &delivers)
            .finish_non_exhaustive()
    }
}

/// How fast things are repeated.
#[derive(Debug, Clone)]
pub struct Pace {
    /// How often the island is asked for new blocks. 300 ms.
    pub poll: Duration,
    /// How often the hub is asked where it stands while nothing was submitted, and whether events were left out. 15 s.
    pub refresh: Duration,
    /// How long the hub may hold back an answer when nothing is ready for delivery. 25 s.
    pub wait: Duration,
    /// How often everything that is open is read again. 20 s.
    pub reread: Duration,
    /// How long a delivery that was accepted on the island is given to come back as a proven event, before it is submitted
    /// again. 30 s.
    pub settling: Duration,
    /// The first pause after a failure; it doubles with each further one. 500 ms.
    pub first_pause: Duration,
    /// The longest pause after failures. 30 s.
    pub longest_pause: Duration,
    /// Most deliveries submitted at once. 256.
    pub at_once: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(300),
            refresh: Duration::from_secs(15),
            wait: Duration::from_secs(25),
            reread: Duration::from_secs(20),
            settling: Duration::from_secs(30),
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
            at_once: 256,
        }
    }
}
