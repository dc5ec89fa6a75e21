//! Registering an island with its trust anchor and its gateway.

use causeway_api::RegisterGateway;
use causeway_protocol::{Family, Hash, Island, IslandId};
use causeway_verifier::{Anchored, Verified};
use time::OffsetDateTime;

use super::claim::insert_claim;
use super::{ClaimError, IslandRecord, IslandRef};
use crate::column::Uint;
use crate::{Actor, Ledger, LedgerError};

/// An island to register.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Its name: 1 to 64 of a–z, 0–9 and `-`.
    pub name: String,
    /// Its family.
    pub family: Family,
    /// The genesis block's hash.
    pub fingerprint: Hash,
    /// The trust anchor's canonical bytes.
    pub anchor: Vec<u8>,
    /// Its gateway.
    pub gateway: RegisterGateway,
    /// Who registers it.
    pub by: Actor,
}

/// Why an island was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The name belongs to another island.
    #[error("the name {0:?} is taken")]
    NameTaken(String),
    /// The same chain under the same anchor is registered.
    #[error("island {0} is registered already")]
    IslandExists(IslandId),
    /// The gateway cannot be registered.
    #[error(transparent)]
    Gateway(ClaimError),
    /// The database failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<ClaimError> for RegisterError {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Ledger(error) => Self::Ledger(error),
            refused => Self::Gateway(refused),
        }
    }
}

impl From<sqlx::Error> for RegisterError {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl Ledger {
    /// Registers an island as `pending`. Its id follows from family, fingerprint and the verified anchor's block hash.
    pub async fn register_island(
        &self,
        registration: Registration,
        anchored: Verified<Anchored>,
        now: OffsetDateTime,
    ) -> Result<IslandRecord, RegisterError> {
        self.register(registration, anchored.into_inner(), now).await
    }

    pub(crate) async fn register(
        &self,
        registration: Registration,
        anchored: Anchored,
        now: OffsetDateTime,
    ) -> Result<IslandRecord, RegisterError> {
        let Registration { name, family, fingerprint, anchor, gateway, by } = registration;
        let head = anchored.header;
        let id = Island { family, fingerprint, anchor: head.hash }.id();
        let (mut transaction, _) = self.begin().await?;
        let taken = sqlx::query!(
            r#"SELECT EXISTS (SELECT FROM islands WHERE id = $1) AS "island!",
                      EXISTS (SELECT FROM islands WHERE name = $2) AS "name!""#,
            id.as_ref(),
            name,
        )
        .fetch_one(&mut *transaction)
        .await?;
        if taken.island {
            return Err(RegisterError::IslandExists(id));
        }
        if taken.name {
            return Err(RegisterError::NameTaken(name));
        }
        sqlx::query!(
            "INSERT INTO islands (id, name, family, fingerprint, anchor, anchor_height, anchor_bytes, registered_by, registered_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            id.as_ref(),
            name,
            family.as_str(),
            fingerprint.as_ref(),
            head.hash.as_ref(),
            Uint(head.height) as _,
            anchor,
            by.token,
            now,
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "INSERT INTO client_states (island, position, height, hash, time, bytes, at) VALUES ($1, 1, $2, $3, $4, $5, $6)",
            id.as_ref(),
            Uint(head.height) as _,
            head.hash.as_ref(),
            Uint(head.time) as _,
            anchored.state.bytes,
            now,
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "INSERT INTO island_states (island, state, client, head_height, head_hash, head_time, recorded_at)
             VALUES ($1, 'pending', 1, $2, $3, $4, $5)",
            id.as_ref(),
            Uint(head.height) as _,
            head.hash.as_ref(),
            Uint(head.time) as _,
            now,
        )
        .execute(&mut *transaction)
        .await?;
        // The anchor's own header is recorded: a back-fill can end in it.
        sqlx::query!(
            "INSERT INTO headers (island, height, hash, parent, time) VALUES ($1, $2, $3, $4, $5)",
            id.as_ref(),
            Uint(head.height) as _,
            head.hash.as_ref(),
            (!head.parent.is_zero()).then_some(head.parent.as_ref()),
            Uint(head.time) as _,
        )
        .execute(&mut *transaction)
        .await?;
        insert_claim(&mut transaction, id, &gateway, &by, now).await?;
        sqlx::query!(
            "INSERT INTO island_changes (island, change, state, token, actor, reason, at)
             VALUES ($1, 'registered', 'pending', $2, $3, '', $4)",
            id.as_ref(),
            by.token,
            by.name,
            now,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        let record = self.island(&IslandRef::Id(id)).await?;
        Ok(record.ok_or_else(|| LedgerError::corrupt("an island just registered", id))?)
    }
}
