//! Bearer tokens and their roles.

use causeway_protocol::{Address, IslandId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the hub: approves islands, makes tokens.
    Operator,
    /// Owns islands: registers them.
    Owner,
    /// Submits evidence and fetches deliveries.
    Relayer,
    /// Fetches evidence and submits attestations.
    Attestor,
    /// Reads history.
    Auditor,
}

/// A token to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// What it is for, in words: at most 128 bytes of UTF-8 without control characters.
    #[schema(min_length = 1, max_length = 128)]
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Relayer and attestor: the key's address. Evidence and attestations count only when signed by it.
    #[serde(default)]
    pub address: Option<Address>,
    /// Owner and relayer: the only island it may act for; all when null.
    #[serde(default)]
    pub island: Option<IslandId>,
    /// Attestor: whether the hub's own operator holds the key.
    #[serde(default)]
    pub held_by_hub: bool,
    /// When it ends by itself; never when null.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
}

/// A token to replace by a new one for the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateToken {
    /// Seconds for which the old one is still taken, so that who uses it can change over: at most a week.
    #[serde(default)]
    #[schema(maximum = 604_800)]
    pub grace: u32,
    /// When the new one ends; when null, after as long as the old one was made for.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
}

/// A token as it is listed: never its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Its id.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The key it is bound to.
    pub address: Option<Address>,
    /// The island it is bound to.
    pub island: Option<IslandId>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it ends, or ended, by itself: as it was made to, or some time after it was rotated.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    /// The token it was rotated to.
    pub successor: Option<Uuid>,
    /// When it was revoked.
    #[serde(with = "time::serde::rfc3339::option")]
    pub revoked_at: Option<OffsetDateTime>,
}

impl Token {
    /// Whether it is taken at `now`.
    pub fn is_valid(&self, now: OffsetDateTime) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A token just made: the only answer that ever holds its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedToken {
    /// The bearer token; it cannot be shown again.
    pub secret: String,
    /// What was made.
    pub token: Token,
}
