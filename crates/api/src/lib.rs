//! The shapes of the hub's REST interface, shared by the hub and its client.
//!
//! JSON under `/v1`: binary is `0x`-hex, 64-bit numbers are decimal text, times are RFC 3339 in UTC, errors are RFC 9457
//! problem documents ([`Problem`]) with a stable `code` and a `next` step. Lists answer [`Page`]s by keyset.

mod attestations;
mod deliveries;
mod evidence;
mod history;
mod islands;
mod packets;
mod page;
mod problem;
mod stats;
mod tokens;

pub use attestations::{
    AttestationAnswer, AttestationStatus, AttestationsAnswer, PendingBatch, PendingBatches, SignedBatch,
    SubmitAttestations,
};
pub use deliveries::{Deliveries, Delivery};
pub use evidence::{EvidenceAnswer, EvidenceItem, EvidenceResults, EvidenceStatus};
pub use history::{AccessedPath, ExportChunk, LaneHour, RelayerWork};
pub use islands::{
    Anchor, ApproveIsland, ChangeIsland, ClientHead, Cursor, Gateway, GatewayCursor, GatewayState, Island,
    IslandEvent, IslandState, NumberRange, RecordedHeader, RegisterGateway, RegisterIsland, Trust,
    TrustStanding,
};
pub use packets::{Packet, PacketState, Signed, Timeline, TimelineEvent};
pub use page::Page;
pub use problem::Problem;
pub use stats::{AttestorHolder, Stats};
pub use tokens::{CreateToken, CreatedToken, Role, RotateToken, Token};
