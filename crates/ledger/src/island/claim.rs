//! Who says that a gateway is theirs, until the chain says whose it is.
//!
//! A claim takes nothing from anybody. Several may name one gateway under different owners; the gateway's `Opened` names one owner,
//! and that claim is the proven one. Whoever claims what is not theirs has a row in this table and nothing else.

use causeway_api::{IslandState, RegisterGateway};
use causeway_protocol::{Address, GatewayId, IslandId};
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;

use super::change::enter;
use super::{IslandChange, IslandLife, IslandRecord, IslandRef, parse_state, state_name};
use crate::attestation::refresh_holds;
use crate::column::{Uint, address, id};
use crate::gateway::{Cursor, GatewayLife, GatewayRow};
use crate::signals::Changes;
use crate::{Actor, Ledger, LedgerError};

/// Most gateways of one island that one token claims and that are not open: each costs whoever verifies a look at every log.
const MOST_UNPROVEN: i64 = 8;

/// Why a gateway was not claimed.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// There is no such island.
    #[error("there is no such island")]
    NoSuchIsland,
    /// The island takes no gateways any more.
    #[error("the island is {}, gateways are registered until it is frozen or retired", state_name(*.0))]
    IslandState(IslandState),
    /// The id does not follow from the rest.
    #[error("the gateway is {came}, its island, address and birth make {expected}")]
    IdDiffers {
        /// The id that follows.
        expected: GatewayId,
        /// The id given.
        came: GatewayId,
    },
    /// It is claimed under this owner.
    #[error("gateway {gateway} is registered already under owner {owner}")]
    Claimed {
        /// The gateway.
        gateway: GatewayId,
        /// The owner.
        owner: Address,
    },
    /// Its `Opened` names another owner.
    #[error("gateway {gateway} was opened for owner {expected}, the registration names {came}")]
    OtherOwner {
        /// The gateway.
        gateway: GatewayId,
        /// The owner that its `Opened` names.
        expected: Address,
        /// The owner in the registration.
        came: Address,
    },
    /// Too many that are not open.
    #[error("{MOST_UNPROVEN} gateways registered with this token on this island are not open yet")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<sqlx::Error> for ClaimError {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl Ledger {
    /// Registers another gateway of an island. It is proven as soon as its `Opened` is recorded and names this owner: at once, if
    /// that was recorded while somebody else claimed it.
    pub async fn register_gateway(
        &self,
        island: IslandId,
        gateway: &RegisterGateway,
        by: &Actor,
        now: OffsetDateTime,
    ) -> Result<IslandRecord, ClaimError> {
        let (mut transaction, mut tails) = self.begin().await?;
        let state = sqlx::query_scalar!("SELECT state FROM island_states WHERE island = $1", island.as_ref())
            .fetch_optional(&mut *transaction)
            .await?
            .ok_or(ClaimError::NoSuchIsland)?;
        let state = parse_state(&state).ok_or_else(|| LedgerError::corrupt("state", &state))?;
        if matches!(state, IslandState::Frozen | IslandState::Retiring | IslandState::Retired) {
            return Err(ClaimError::IslandState(state));
        }
        let unproven = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM gateway_claims AS claim
               WHERE claim.island = $1 AND claim.token IS NOT DISTINCT FROM $2
                 AND NOT EXISTS (SELECT FROM gateways WHERE gateways.id = claim.gateway)"#,
            island.as_ref(),
            by.token,
        )
        .fetch_one(&mut *transaction)
        .await?;
        if unproven >= MOST_UNPROVEN {
            return Err(ClaimError::TooMany);
        }
        insert_claim(&mut transaction, island, gateway, by, now).await?;
        if prove_opened(&mut transaction, gateway).await? {
            if state == IslandState::Pending {
                let next = IslandLife(state)
                    .apply(IslandChange::Prove)
                    .map_err(|refusal| ClaimError::IslandState(refusal.state))?;
                let reason = format!("gateway {} opened for owner {}", gateway.id, gateway.owner);
                enter(&mut transaction, island, IslandChange::Prove, next.0, by, &reason, now).await?;
            }
            refresh_holds(&mut transaction, &mut tails, now).await?;
            tails.store(&mut transaction).await?;
        }
        transaction.commit().await?;
        self.signals().raise(Changes { leaves: true, deliveries: true, ..Changes::default() });
        let record = self.island(&IslandRef::Id(island)).await?;
        record.ok_or(ClaimError::NoSuchIsland)
    }

    /// The owners that somebody claims gateways of an island under.
    pub async fn claimed_owners(&self, island: IslandId) -> Result<Vec<Address>, LedgerError> {
        let owners = sqlx::query_scalar!(
            "SELECT DISTINCT owner FROM gateway_claims WHERE island = $1 ORDER BY owner",
            island.as_ref(),
        )
        .fetch_all(&self.pool)
        .await?;
        owners.iter().map(|owner| address("owner", owner)).collect()
    }

    /// Gateways of `islands` that are claimed and not open, in the order of their first claims, each with its claimed owner.
    pub(super) async fn claim_rows(&self, islands: &[&[u8]]) -> Result<Vec<GatewayRow>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT claim.gateway, claim.island, claim.address, claim.owner, island.anchor_height AS "height: Uint"
               FROM gateway_claims AS claim JOIN islands AS island ON island.id = claim.island
               WHERE claim.island = ANY($1::bytea[])
                 AND NOT EXISTS (SELECT FROM gateways WHERE gateways.id = claim.gateway)
               ORDER BY claim.position"#,
            islands as _,
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(GatewayRow {
                    id: id("gateway id", &row.gateway)?,
                    island: id("island id", &row.island)?,
                    address: row.address,
                    owner: Some(address("owner", &row.owner)?),
                    life: GatewayLife::default(),
                    cursor: Cursor { number: 0, height: row.height.0, highest: 0 },
                })
            })
            .collect()
    }
}

/// Writes a claim, if the gateway's id is the one that follows, and nobody claims it under this owner.
pub(super) async fn insert_claim(
    transaction: &mut Transaction<'static, Postgres>,
    island: IslandId,
    gateway: &RegisterGateway,
    by: &Actor,
    now: OffsetDateTime,
) -> Result<(), ClaimError> {
    let RegisterGateway { address: at, id: came, birth, owner } = gateway;
    let expected = GatewayId::derive(island, at, *birth);
    if *came != expected {
        return Err(ClaimError::IdDiffers { expected, came: *came });
    }
    let opened = sqlx::query_scalar!("SELECT owner FROM gateways WHERE id = $1", came.as_ref())
        .fetch_optional(&mut **transaction)
        .await?
        .flatten();
    if let Some(opened) = opened {
        let expected = address("owner", &opened)?;
        if expected != *owner {
            return Err(ClaimError::OtherOwner { gateway: *came, expected, came: *owner });
        }
    }
    let claimed = sqlx::query!(
        "INSERT INTO gateway_claims (gateway, island, address, birth, owner, token, actor, claimed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (gateway, owner) DO NOTHING",
        came.as_ref(),
        island.as_ref(),
        at,
        birth.as_ref(),
        owner.as_ref(),
        by.token,
        by.name,
        now,
    )
    .execute(&mut **transaction)
    .await?;
    if claimed.rows_affected() == 0 {
        return Err(ClaimError::Claimed { gateway: *came, owner: *owner });
    }
    Ok(())
}

/// Whether the gateway's `Opened` was recorded before this claim of its owner: then it is proven now.
async fn prove_opened(
    transaction: &mut Transaction<'static, Postgres>,
    gateway: &RegisterGateway,
) -> Result<bool, LedgerError> {
    let proven = sqlx::query!(
        "UPDATE gateway_states AS now SET proven = TRUE FROM gateways
         WHERE gateways.id = now.gateway AND now.gateway = $1 AND gateways.owner = $2",
        gateway.id.as_ref(),
        gateway.owner.as_ref(),
    )
    .execute(&mut **transaction)
    .await?;
    Ok(proven.rows_affected() > 0)
}
