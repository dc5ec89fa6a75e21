//! History in numbers: by hour and lane, and by relayer.

use causeway_protocol::{Address, IslandId, LaneId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// The packets of one lane that were recorded in one hour, and what became of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LaneHour {
    /// When the hour began, UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub hour: OffsetDateTime,
    /// The lane.
    pub lane: LaneId,
    /// The island that its packets were sent on.
    pub source_island: IslandId,
    /// How many were sent.
    pub sent: u64,
    /// How many of these were settled after a delivery, successful or not.
    pub settled: u64,
    /// How many of these were delivered to a receiver that failed.
    pub failed: u64,
    /// How many of these were refunded.
    pub refunded: u64,
    /// How many of these are still on their way.
    pub open: u64,
    /// From `PacketSent` recorded to `PacketSettled` recorded, milliseconds, of those that ended.
    pub settle_ms_p50: Option<u64>,
    /// The same, 99th percentile.
    pub settle_ms_p99: Option<u64>,
}

/// What one relayer submitted of one island.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RelayerWork {
    /// The key that signed the envelopes.
    pub relayer: Address,
    /// The name of its newest token; null if it never had one.
    pub name: Option<String>,
    /// The island.
    pub island: IslandId,
    /// Pieces of evidence that were recorded.
    pub pieces: u64,
    /// Events that these prove.
    pub events: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the first was recorded.
    #[serde(with = "time::serde::rfc3339")]
    pub first_at: OffsetDateTime,
    /// When the last was recorded.
    #[serde(with = "time::serde::rfc3339")]
    pub last_at: OffsetDateTime,
}

/// What an auditor read in one hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessedPath {
    /// The token's id, or the person's.
    pub credential: Uuid,
    /// The token's or the person's name.
    pub actor: String,
    /// The path.
    pub path: String,
    /// The query, without its question mark.
    pub query: String,
    /// How often in this hour.
    pub count: u64,
    /// When first.
    #[serde(with = "time::serde::rfc3339")]
    pub first_at: OffsetDateTime,
    /// When last.
    #[serde(with = "time::serde::rfc3339")]
    pub last_at: OffsetDateTime,
}

/// A part of an export, and what the hub signs about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportChunk {
    /// The rows: lines of JSON, or of CSV with a head line in the first part. Parts follow each other without anything between.
    pub body: String,
    /// How many rows.
    pub rows: u64,
    /// Pass it as `next` to get the following part; null at the end.
    pub next: Option<String>,
    /// A signed note of the log's key over query, format, rows, SHA-256 of the body, `next`, and the newest signed tree.
    pub manifest: String,
}
