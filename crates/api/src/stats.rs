//! Counts, latencies, and who holds the attestor keys.

use std::collections::BTreeMap;

use causeway_protocol::Address;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An attestor and who holds its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttestorHolder {
    /// The attestor.
    pub attestor: Address,
    /// Its registered name.
    pub name: String,
    /// Whether the hub's own operator holds the key.
    pub held_by_hub: bool,
}

/// The hub in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stats {
    /// Packets by state.
    pub packets: BTreeMap<String, u64>,
    /// Islands by state.
    pub islands: BTreeMap<String, u64>,
    /// Pieces of evidence recorded.
    pub evidence: u64,
    /// From `PacketSent` recorded to `PacketSettled` recorded, over the last 1000 settled packets, in milliseconds.
    pub settle_ms_p50: Option<u64>,
    /// The same, 99th percentile.
    pub settle_ms_p99: Option<u64>,
    /// Who holds the attestor keys.
    pub attestors: Vec<AttestorHolder>,
}
