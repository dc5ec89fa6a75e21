//! Deliveries: what is ready for an island, with signatures its gateway accepts.

use causeway_protocol::schema::{Bytes, Decimal};
use causeway_protocol::{Attestation, Batch, BatchProof, GatewayId, LaneTerms, Packet, Signature, json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One attested statement, ready to be submitted to its gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// Its place in the order in which deliveries became ready.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub sequence: u64,
    /// The gateway that will check it.
    pub gateway: GatewayId,
    /// That gateway's address.
    #[serde(with = "json::hex")]
    #[schema(value_type = Bytes)]
    pub address: Vec<u8>,
    /// The packet, whole.
    pub packet: Packet,
    /// What the packet's lane id commits to: the destination's gateway needs it to recompute that id.
    pub lane: LaneTerms,
    /// The statement. DELIVER: deliver it, or expire it once past its timeout; REFUSE: expire it; RESULT, EXPIRED: settle it.
    pub attestation: Attestation,
    /// RESULT: the result's bytes; else empty.
    #[serde(with = "json::hex")]
    #[schema(value_type = Bytes)]
    pub result: Vec<u8>,
    /// The batch that was signed.
    pub batch: Batch,
    /// The statement's place in the batch.
    pub proof: BatchProof,
    /// As many signatures as the gateway needs, ascending by signer.
    pub signatures: Vec<Signature>,
}

/// Deliveries that are ready and not yet proven done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deliveries {
    /// Ordered by `sequence`.
    pub items: Vec<Delivery>,
    /// Pass it as `after` to wait for later ones only; start from "0" to see all that are open.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub after: u64,
}
