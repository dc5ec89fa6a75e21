//! What an attestor is told by the person who runs it, and by nobody else.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use causeway_client::HubClient;
use causeway_protocol::{Family, GatewayId, Hash, Signer};

/// One attestor: its hub, its key, its store and the islands it vouches for.
pub struct AttestorConfig {
    /// The hub it takes evidence from. Nothing the hub says is believed.
    pub hub: HubClient,
    /// Its key.
    pub signer: Arc<dyn Signer>,
    /// Folder of its own store. One process at a time can open it.
    pub data: PathBuf,
    /// The islands it verifies, each from a trust anchor of its own.
    pub islands: Vec<WatchedIsland>,
    /// Policy: packets of these source gateways get REFUSE, never DELIVER.
    pub refuse_sources: Vec<GatewayId>,
    /// How far the hub's clock may be ahead of, or behind, the attestor's own.
    pub clock_skew: Duration,
    /// How long one question for work may wait at the hub.
    pub poll: Duration,
}

/// One island, as pinned by the person who runs the attestor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedIsland {
    /// Its name in logs.
    pub name: String,
    /// Its family.
    pub family: Family,
    /// The genesis block's hash.
    pub fingerprint: Hash,
    /// The trust anchor in the family's canonical form (docs/formats.md).
    pub anchor: Vec<u8>,
    /// The gateways it vouches for.
    pub gateways: Vec<PinnedGateway>,
}

/// One gateway the attestor signs for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedGateway {
    /// Its id.
    pub id: GatewayId,
    /// 20 raw bytes on EVM islands, else the UTF-8 name.
    pub address: Vec<u8>,
}
