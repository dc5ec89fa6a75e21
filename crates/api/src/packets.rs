//! Packets: history, one packet, its events.

use causeway_protocol::schema::Decimal;
use causeway_protocol::{Address, AttestationKind, GatewayId, Hash, IslandId, PacketId, json};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// Where a packet is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PacketState {
    /// Its `PacketSent` is proven.
    Verified,
    /// Enough attestors signed for its destination.
    Attested,
    /// Its receiver succeeded; the result is on its way home.
    Delivered,
    /// Its receiver failed; the result is on its way home.
    Failed,
    /// It can never be delivered; that is on its way home.
    Expired,
    /// Its sender was told the result.
    Settled,
    /// Its sender was told that it expired.
    Refunded,
    /// Held back: by policy, by a fork, or because its gateway is suspended.
    Held,
}

/// One packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Packet {
    /// Its id.
    pub id: PacketId,
    /// Where it is in its life.
    pub state: PacketState,
    /// What it says.
    pub packet: causeway_protocol::Packet,
    /// What its lane id commits to.
    pub lane: causeway_protocol::LaneTerms,
    /// The island it was sent on.
    pub source_island: IslandId,
    /// The island it is sent to; null while no such gateway is registered.
    pub destination_island: Option<IslandId>,
    /// Delivered: whether its receiver succeeded.
    pub success: Option<bool>,
    /// When its `PacketSent` was recorded.
    #[serde(with = "time::serde::rfc3339")]
    pub recorded_at: OffsetDateTime,
    /// When it last changed state.
    #[serde(with = "time::serde::rfc3339")]
    pub changed_at: OffsetDateTime,
}

/// One proven event of a packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelineEvent {
    /// The event's name: `PacketSent`, `PacketDelivered`, `PacketExpired` or `PacketSettled`.
    pub event: String,
    /// The island it happened on.
    pub island: IslandId,
    /// The gateway that emitted it.
    pub gateway: GatewayId,
    /// Its number at that gateway.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub number: u64,
    /// The height of its block.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub height: u64,
    /// Its block.
    pub block: Hash,
    /// Its transaction's index in the block.
    pub transaction: u32,
    /// Its block's time, Unix seconds.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub block_time: u64,
    /// The evidence that proves it.
    pub evidence: Hash,
    /// When the hub recorded it.
    #[serde(with = "time::serde::rfc3339")]
    pub recorded_at: OffsetDateTime,
}

/// One attestor's signature that covers a packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Signed {
    /// What was stated.
    pub kind: AttestationKind,
    /// Who signed.
    pub attestor: Address,
    /// Under which epoch of the checking gateway.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub epoch: u64,
    /// When the hub recorded it.
    #[serde(with = "time::serde::rfc3339")]
    pub recorded_at: OffsetDateTime,
}

/// Everything that happened to one packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Timeline {
    /// The packet.
    pub id: PacketId,
    /// Its proven events, in the order of recording.
    pub events: Vec<TimelineEvent>,
    /// The signatures that cover it, in the order of recording.
    pub attestations: Vec<Signed>,
}
