//! Islands: registering a chain, its life cycle, and where to resume.

use causeway_protocol::schema::{Bytes, Decimal};
use causeway_protocol::{Address, Family, GatewayId, Hash, IslandId, json};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// A chain to register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterIsland {
    /// Its name: 1 to 64 of a–z, 0–9 and `-`, unique.
    #[schema(pattern = "^[a-z0-9-]{1,64}$")]
    pub name: String,
    /// Its family.
    pub family: Family,
    /// The genesis block's hash.
    pub fingerprint: Hash,
    /// The trust anchor in the family's canonical form (docs/formats.md).
    #[serde(with = "json::hex")]
    #[schema(value_type = Bytes)]
    pub anchor: Vec<u8>,
    /// Its gateway.
    pub gateway: RegisterGateway,
}

/// A gateway to register with its island.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterGateway {
    /// 20 raw bytes on EVM islands, else the UTF-8 name.
    #[serde(with = "json::hex")]
    #[schema(value_type = Bytes)]
    pub address: Vec<u8>,
    /// The id it took when it was opened. Counts only once its `Opened` event is proven.
    pub id: GatewayId,
    /// The hash of the block before the one it was opened in, from which the id follows (SHA-256 of the opening transaction's id
    /// where the chain shows its contracts no block).
    pub birth: Hash,
    /// The key of its owner, as its `Opened` event names it: what makes a registration the owner's.
    pub owner: Address,
}

/// The operator's approval: names what was checked, so that nobody approves something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveIsland {
    /// SHA-256 of the anchor's canonical bytes, as the operator compared them with the owner. The block alone would not do: the
    /// bytes also say by which rules the light client goes on from there.
    pub anchor_digest: Hash,
    /// Why it is approved; kept in the history. At most 500 bytes of UTF-8.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// A step in an island's life: suspend, resume, freeze or retire, as the path says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeIsland {
    /// Why; kept in the history. At most 500 bytes of UTF-8.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Where an island is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IslandState {
    /// Registered: until a gateway of it is proven, evidence is taken as proof only.
    Pending,
    /// The `Opened` of a gateway is proven, naming this hub and the gateway's owner; an operator may approve the anchor.
    Proven,
    /// Evidence is recorded, packets are signed.
    Active,
    /// Evidence is recorded; nothing new is delivered.
    Suspended,
    /// Misbehaviour was proven, or an operator froze it: evidence is kept unverified.
    Frozen,
    /// Ending: evidence is recorded and packets go home; nothing new is delivered.
    Retiring,
    /// Ended.
    Retired,
}

/// Where a gateway is in its life, as its own proven events say, or because of what they prove about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GatewayState {
    /// Its `Opened` event is not proven yet.
    Registered,
    /// Open.
    Open,
    /// Paused by its owner.
    Paused,
    /// Suspended by the hub: two packets with one lane and sequence, or two outcomes of one packet.
    Suspended,
    /// Closed for good.
    Closed,
}

/// A gateway as the hub knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gateway {
    /// Its id.
    pub id: GatewayId,
    /// Its address on the island.
    #[serde(with = "json::hex")]
    #[schema(value_type = Bytes)]
    pub address: Vec<u8>,
    /// Where it is in its life.
    pub state: GatewayState,
    /// Whose it is: as its `Opened` event says, and until that is proven, as whoever registered it says.
    pub owner: Option<Address>,
    /// Whether its `Opened` is proven and names this owner and this hub. Nothing is delivered to or from a gateway before.
    pub proven: bool,
    /// The epoch of its attestor set; "0" until it is open.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub epoch: u64,
    /// How many signatures it needs; 0 until it is open.
    pub threshold: u8,
    /// Its attestors, ascending.
    pub attestors: Vec<Address>,
}

/// The head of an island's light client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientHead {
    /// Its height.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub height: u64,
    /// Its block hash.
    pub hash: Hash,
    /// Its time, Unix seconds.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub time: u64,
}

/// An island.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Island {
    /// Its id.
    pub id: IslandId,
    /// Its name.
    pub name: String,
    /// Its family.
    pub family: Family,
    /// Where it is in its life.
    pub state: IslandState,
    /// The genesis block's hash.
    pub fingerprint: Hash,
    /// The block hash of its first trust anchor.
    pub anchor: Hash,
    /// SHA-256 of that anchor's canonical bytes: what an approval names.
    pub anchor_digest: Hash,
    /// Its gateways.
    pub gateways: Vec<Gateway>,
    /// The head of its light client.
    pub head: ClientHead,
    /// How long its light client can still be believed.
    pub trust: Trust,
    /// The validators that seal the next block, as text of the family.
    pub validators: Vec<String>,
    /// When it was registered.
    #[serde(with = "time::serde::rfc3339")]
    pub registered_at: OffsetDateTime,
}

/// Where the trust in an island's light client stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrustStanding {
    /// Its head is younger than half the trusting period.
    Fresh,
    /// Half the trusting period has passed without evidence: somebody should look.
    Ageing,
    /// The trusting period is over: nothing advances the client any more but a new anchor.
    Over,
}

/// How long an island's light client can still be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trust {
    /// When its trusting period is over unless evidence comes, Unix seconds.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub until: u64,
    /// Where that stands now.
    pub standing: TrustStanding,
}

/// One change in an island's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IslandEvent {
    /// Its place in the history; pass the last one as `after`.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub sequence: u64,
    /// What was done: `registered`, `proven`, `approved`, `suspended`, `resumed`, `frozen`, `retiring` or `retired`.
    pub change: String,
    /// The state it led to.
    pub state: IslandState,
    /// Who did it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// The trust anchor of an island, to be compared with its owner's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Anchor {
    /// SHA-256 of the bytes.
    pub digest: Hash,
    /// The anchor in the family's canonical form (docs/formats.md).
    #[serde(with = "json::hex")]
    #[schema(value_type = Bytes)]
    pub bytes: Vec<u8>,
}

/// Event numbers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NumberRange {
    /// The first.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub first: u64,
    /// The last.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub last: u64,
}

/// Where the recording of one gateway's events stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GatewayCursor {
    /// The gateway.
    pub gateway: GatewayId,
    /// Its address.
    #[serde(with = "json::hex")]
    #[schema(value_type = Bytes)]
    pub address: Vec<u8>,
    /// The last event number up to which all are recorded; "0" before the first.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub number: u64,
    /// The height that event stands at; the anchor's height before the first.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub height: u64,
    /// Event numbers above `number` that are missing below others already recorded.
    pub missing: Vec<NumberRange>,
}

/// Where a relayer resumes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cursor {
    /// The island.
    pub island: IslandId,
    /// Its family.
    pub family: Family,
    /// Where it is in its life: evidence is accepted while active, suspended or retiring, and as a proof while pending.
    pub state: IslandState,
    /// The head: the next run has to link to it.
    pub head: ClientHead,
    /// Its client state, canonical bytes (docs/formats.md): what evidence is built against.
    #[serde(with = "json::hex")]
    #[schema(value_type = Bytes)]
    pub client_state: Vec<u8>,
    /// One cursor for each gateway.
    pub gateways: Vec<GatewayCursor>,
}

/// A header the hub has recorded: where back-fill can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordedHeader {
    /// Its height.
    #[serde(with = "json::decimal")]
    #[schema(value_type = Decimal)]
    pub height: u64,
    /// Its block hash.
    pub hash: Hash,
}
