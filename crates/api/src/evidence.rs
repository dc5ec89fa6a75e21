//! Evidence: submitting it, and following what was recorded.

use causeway_protocol::schema::{Bytes, Decimal};
use causeway_protocol::{Address, Hash, json};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// What became of one envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceStatus {
    /// Verified and durable.
    Recorded,
    /// The same evidence was recorded before; nothing changed.
    Known,
    /// Not accepted.
    Refused,
}

/// The answer to one envelope, in the order they came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EvidenceAnswer {
    /// The evidence's digest: its key. Null when the envelope could not be read.
    pub digest: Option<Hash>,
    /// What became of it.
    pub status: EvidenceStatus,
    /// How many gateway events it proved.
    pub events: u32,
    /// Refused: the stable name of the reason.
    pub code: Option<String>,
    /// Refused: what was expected and what came.
    pub detail: Option<String>,
    /// Refused: what to do next.
    pub next: Option<String>,
}

/// The answers to all envelopes of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EvidenceResults {
    /// One answer an envelope, in order.
    pub results: Vec<EvidenceAnswer>,
}

/// One piece of recorded evidence, in the order of recording: what an attestor follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EvidenceItem {
    /// Its place in the hub's order; pass the last one as `after`.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub sequence: u64,
    /// Its digest.
    pub digest: Hash,
    /// Height of its first header.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub first: u64,
    /// Height of its last header.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub last: u64,
    /// The relayer that submitted it.
    pub relayer: Address,
    /// The hub's clock when it was recorded.
    #[serde(with = "time::serde::rfc3339")]
    pub recorded_at: OffsetDateTime,
    /// The evidence itself.
    #[serde(with = "json::hex")]
    #[schema(value_type = Bytes)]
    pub evidence: Vec<u8>,
}
