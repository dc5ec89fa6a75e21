//! Attestations: what waits for an attestor, and its signatures.

use causeway_protocol::schema::Decimal;
use causeway_protocol::{Attestation, Batch, GatewayId, Signature, json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A batch that waits for the asking attestor's signature. The attestor checks every leaf against what it has verified itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PendingBatch {
    /// The gateway that will check the signatures.
    pub gateway: GatewayId,
    /// The epoch of that gateway's attestor set.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub epoch: u64,
    /// The leaves, in order.
    pub leaves: Vec<Attestation>,
}

/// Everything that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PendingBatches {
    /// The batches, oldest first.
    pub items: Vec<PendingBatch>,
}

/// One signed batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedBatch {
    /// The gateway that will check it.
    pub gateway: GatewayId,
    /// What was signed.
    pub batch: Batch,
    /// The signature over the batch's digest.
    pub signature: Signature,
}

/// An attestor's signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitAttestations {
    /// 1 to 1024 of them.
    #[schema(min_items = 1, max_items = 1024)]
    pub items: Vec<SignedBatch>,
}

/// What became of one signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttestationStatus {
    /// Checked and durable.
    Recorded,
    /// Recorded before.
    Known,
    /// Not accepted.
    Refused,
}

/// The answer to one signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttestationAnswer {
    /// What became of it.
    pub status: AttestationStatus,
    /// Refused: the stable name of the reason.
    pub code: Option<String>,
    /// Refused: what was expected and what came.
    pub detail: Option<String>,
}

/// The answers, in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttestationsAnswer {
    /// One answer a signature.
    pub results: Vec<AttestationAnswer>,
}
