//! Watching an island and proving what happened there.

use core::fmt;
use core::ops::RangeInclusive;

use async_trait::async_trait;
use causeway_protocol::{Family, GatewayId, Hash, IslandId};

use crate::AdapterError;

/// A block: how high, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its height.
    pub height: u64,
    /// Its block hash.
    pub hash: Hash,
}

/// A header that was recorded: where back-fill may end.
pub type Recorded = Head;

/// Where the recording of an island stands: everything a source needs to know to continue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The island.
    pub island: IslandId,
    /// Its family.
    pub family: Family,
    /// The head of its light client: the next run links to it.
    pub head: Head,
    /// The light client's state, canonical bytes.
    pub client_state: Vec<u8>,
    /// Its gateways.
    pub gateways: Vec<GatewayStanding>,
}

/// Where the recording of one gateway's events stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayStanding {
    /// The gateway.
    pub id: GatewayId,
    /// Its address: 20 bytes on EVM islands, else UTF-8.
    pub address: Vec<u8>,
    /// The number up to which all its events are recorded; 0 before the first.
    pub number: u64,
    /// The height of that event; the anchor's before the first.
    pub height: u64,
    /// Numbers above `number` that are missing below others already recorded.
    pub missing: Vec<RangeInclusive<u64>>,
}

/// Bytes that prove something about an island, in the canonical form of its family.
#[derive(Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Height of its first header.
    pub first: u64,
    /// Height of its last header.
    pub last: u64,
    /// The canonical bytes.
    pub bytes: Vec<u8>,
    /// How many blocks in it carry a proof of gateway events.
    pub proofs: usize,
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last, bytes, proofs } = self; // the bytes may be a megabyte
        write!(f, "Evidence({first}..={last}, {} bytes, {proofs} proofs)", bytes.len())
    }
}

/// What a source knows about the nodes it reads from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The newest block that counts as final, if any node told it lately.
    pub head: Option<u64>,
    /// The nodes, in the order of the configuration.
    pub nodes: Vec<NodeHealth>,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeHealth {
    /// Its name: an address without credentials.
    pub name: String,
    /// Whether it is asked first; else it failed lately and is left alone for a while.
    pub up: bool,
    /// Its last failure.
    pub last_failure: Option<String>,
}

/// Watches one island. Stateless as far as its caller can tell: what it remembers only spares it work, and any number
/// of sources may watch one island.
#[async_trait]
pub trait Source: Send + Sync {
    /// The island's newest final block.
    async fn head(&self) -> Result<Head, AdapterError>;

    /// Evidence that continues `standing.head`, from the height after it; nothing while there is nothing worth sending.
    ///
    /// It proves every event of the gateways in the heights it covers, and is of bounded size: far behind, it covers a
    /// part of the way, and the next call continues.
    async fn next(&self, standing: &Standing) -> Result<Option<Evidence>, AdapterError>;

    /// The lowest height, up to `standing.head`, of a gateway event that should be recorded and is not: somebody left it
    /// out of the evidence. Usually none.
    async fn omitted(&self, standing: &Standing) -> Result<Option<u64>, AdapterError>;

    /// Evidence for the gateway events from height `from` on, up to `recorded`, the lowest header recorded at `from` or
    /// above.
    async fn back_fill(
        &self,
        standing: &Standing,
        from: u64,
        recorded: Recorded,
    ) -> Result<Evidence, AdapterError>;

    /// What is known about the nodes, without asking them.
    fn health(&self) -> Health;
}
