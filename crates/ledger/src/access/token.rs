//! Bearer tokens. Their secrets never get here: only a hash of each does.

use causeway_api::{CreateToken, Role, RotateToken, Token};
use causeway_protocol::Hash;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::Actor;
use crate::column::{address, id};
use crate::{Ledger, LedgerError};

const ROLES: [(Role, &str); 5] = [
    (Role::Operator, "operator"),
    (Role::Owner, "owner"),
    (Role::Relayer, "relayer"),
    (Role::Attestor, "attestor"),
    (Role::Auditor, "auditor"),
];

/// A row of tokens with its rotation and its revocation.
struct Row {
    id: Uuid,
    name: String,
    role: String,
    address: Option<Vec<u8>>,
    island: Option<Vec<u8>>,
    created_at: OffsetDateTime,
    expires_at: Option<OffsetDateTime>,
    successor: Option<Uuid>,
    revoked_at: Option<OffsetDateTime>,
}

impl Row {
    fn read(self) -> Result<Token, LedgerError> {
        let role = ROLES.into_iter().find(|(_, name)| *name == self.role);
        Ok(Token {
            id: self.id,
            name: self.name,
            role: role.ok_or_else(|| LedgerError::corrupt("role", &self.role))?.0,
            address: self.address.map(|bytes| address("token address", &bytes)).transpose()?,
            island: self.island.map(|bytes| id("token island", &bytes)).transpose()?,
            created_at: self.created_at,
            expires_at: self.expires_at,
            successor: self.successor,
            revoked_at: self.revoked_at,
        })
    }
}

impl Ledger {
    /// Stores a new token under the hash of its secret.
    pub async fn create_token(
        &self,
        token: CreateToken,
        hash: Hash,
        now: OffsetDateTime,
    ) -> Result<Token, LedgerError> {
        let role =
            ROLES.into_iter().find(|(role, _)| *role == token.role).map_or("auditor", |(_, name)| name);
        sqlx::query!(
            "INSERT INTO tokens (id, name, role, address, island, held_by_hub, secret_hash, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (secret_hash) DO NOTHING",
            Uuid::now_v7(),
            token.name,
            role,
            token.address.as_ref().map(AsRef::as_ref) as Option<&[u8]>,
            token.island.as_ref().map(AsRef::as_ref) as Option<&[u8]>,
            token.held_by_hub,
            hash.as_ref(),
            now,
            token.expires_at,
        )
        .execute(&self.pool)
        .await?;
        self.token_by_hash(hash).await?.ok_or_else(|| LedgerError::corrupt("a token just made", &token.name))
    }

    /// Stores a token unless its hash is known: the same secret stays the same token, revoked or not.
    pub async fn ensure_token(
        &self,
        token: CreateToken,
        hash: Hash,
        now: OffsetDateTime,
    ) -> Result<Token, LedgerError> {
        match self.token_by_hash(hash).await? {
            Some(known) => Ok(known),
            None => self.create_token(token, hash, now).await,
        }
    }

    /// The token whose secret hashes to `hash`, unless it is unknown, revoked, or over at `now`.
    pub async fn authenticate(&self, hash: Hash, now: OffsetDateTime) -> Result<Option<Token>, LedgerError> {
        Ok(self.token_by_hash(hash).await?.filter(|token| token.is_valid(now)))
    }

    /// Replaces a token by a new one for the same role, key and island, under the hash of another secret. The old one is taken for
    /// `rotate.grace` seconds more, if it does not end before.
    pub async fn rotate_token(
        &self,
        id: Uuid,
        rotate: &RotateToken,
        hash: Hash,
        by: &Actor,
        now: OffsetDateTime,
    ) -> Result<Token, RotateError> {
        // Under the lock of those who record: of two rotations at once, one finds the token rotated.
        let (mut transaction, _) = self.begin().await?;
        let old = token_by_id(&mut transaction, id).await?.ok_or(RotateError::NoSuchToken)?;
        if !old.is_valid(now) || old.successor.is_some() {
            return Err(RotateError::Over);
        }
        let made_for = old.expires_at.map(|end| end - old.created_at);
        let expires_at = rotate.expires_at.or(made_for.map(|lifetime| now + lifetime));
        let successor = Uuid::now_v7();
        sqlx::query!(
            "INSERT INTO tokens (id, name, role, address, island, held_by_hub, secret_hash, created_at, expires_at)
             SELECT $2, name, role, address, island, held_by_hub, $3, $4, $5 FROM tokens WHERE id = $1",
            id,
            successor,
            hash.as_ref(),
            now,
            expires_at,
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "INSERT INTO token_rotations (token, successor, by_token, actor, at, ends_at) VALUES ($1, $2, $3, $4, $5, $6)",
            id,
            successor,
            by.token,
            by.name,
            now,
            now + Duration::seconds(rotate.grace.into()),
        )
        .execute(&mut *transaction)
        .await?;
        let made = token_by_id(&mut transaction, successor).await?;
        transaction.commit().await?;
        Ok(made.ok_or_else(|| LedgerError::corrupt("a token just made", successor))?)
    }

    async fn token_by_hash(&self, hash: Hash) -> Result<Option<Token>, LedgerError> {
        let row = sqlx::query_as!(
            Row,
            r#"SELECT id AS "id!", name AS "name!", role AS "role!", address, island, created_at AS "created_at!",
                      expires_at, successor, revoked_at
               FROM token_lives
               WHERE secret_hash = $1"#,
            hash.as_ref(),
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(Row::read).transpose()
    }

    /// At most `limit` tokens in the order they were made, those after `after`.
    pub async fn tokens(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<Token>, LedgerError> {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT id AS "id!", name AS "name!", role AS "role!", address, island, created_at AS "created_at!",
                      expires_at, successor, revoked_at
               FROM token_lives
               WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2"#,
            after,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Row::read).collect()
    }

    /// Revokes a token for good. Revoking it again changes nothing; `None`: there is no such token.
    pub async fn revoke_token(
        &self,
        id: Uuid,
        by: &Actor,
        now: OffsetDateTime,
    ) -> Result<Option<Token>, LedgerError> {
        // Under the lock of those who record: whatever commits after this sees the revocation.
        let (mut transaction, _) = self.begin().await?;
        sqlx::query!(
            "INSERT INTO token_revocations (token, by_token, actor, at)
             SELECT id, $2, $3, $4 FROM tokens WHERE id = $1 ON CONFLICT (token) DO NOTHING",
            id,
            by.token,
            by.name,
            now,
        )
        .execute(&mut *transaction)
        .await?;
        let token = token_by_id(&mut transaction, id).await?;
        transaction.commit().await?;
        Ok(token)
    }
}

async fn token_by_id(connection: &mut PgConnection, id: Uuid) -> Result<Option<Token>, LedgerError> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id!", name AS "name!", role AS "role!", address, island, created_at AS "created_at!",
                  expires_at, successor, revoked_at
           FROM token_lives
           WHERE id = $1"#,
        id,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Row::read).transpose()
}

/// Why a token was not rotated.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// Unknown.
    #[error("there is no such token")]
    NoSuchToken,
    /// Revoked, rotated, or its time is over.
    #[error("the token is revoked, was rotated before, or has ended")]
    Over,
    /// Postgres did not do what was asked.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<sqlx::Error> for RotateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.into())
    }
}
