//! Bearer tokens. Their secrets never get here: only a hash of each does.

use causeway_api::{CreateToken, Role, Token};
use causeway_protocol::Hash;
use time::OffsetDateTime;
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

/// A row of tokens with its revocation.
struct Row {
    id: Uuid,
    name: String,
    role: String,
    address: Option<Vec<u8>>,
    island: Option<Vec<u8>>,
    created_at: OffsetDateTime,
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
        self.insert_token(&token, hash, now).await?;
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

    async fn insert_token(
        &self,
        token: &CreateToken,
        hash: Hash,
        now: OffsetDateTime,
    ) -> Result<(), LedgerError> {
        let role =
            ROLES.into_iter().find(|(role, _)| *role == token.role).map_or("auditor", |(_, name)| name);
        sqlx::query!(
            "INSERT INTO tokens (id, name, role, address, island, held_by_hub, secret_hash, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (secret_hash) DO NOTHING",
            Uuid::now_v7(),
            token.name,
            role,
            token.address.as_ref().map(AsRef::as_ref) as Option<&[u8]>,
            token.island.as_ref().map(AsRef::as_ref) as Option<&[u8]>,
            token.held_by_hub,
            hash.as_ref(),
            now,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The token whose secret hashes to `hash`, unless it is unknown or revoked.
    pub async fn authenticate(&self, hash: Hash) -> Result<Option<Token>, LedgerError> {
        Ok(self.token_by_hash(hash).await?.filter(|token| token.revoked_at.is_none()))
    }

    async fn token_by_hash(&self, hash: Hash) -> Result<Option<Token>, LedgerError> {
        let row = sqlx::query_as!(
            Row,
            r#"SELECT token.id, token.name, token.role, token.address, token.island, token.created_at,
                      revocation.at AS "revoked_at?"
               FROM tokens AS token LEFT JOIN token_revocations AS revocation ON revocation.token = token.id
               WHERE token.secret_hash = $1"#,
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
            r#"SELECT token.id, token.name, token.role, token.address, token.island, token.created_at,
                      revocation.at AS "revoked_at?"
               FROM tokens AS token LEFT JOIN token_revocations AS revocation ON revocation.token = token.id
               WHERE $1::uuid IS NULL OR token.id > $1 ORDER BY token.id LIMIT $2"#,
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
        let row = sqlx::query_as!(
            Row,
            r#"SELECT token.id, token.name, token.role, token.address, token.island, token.created_at,
                      revocation.at AS "revoked_at?"
               FROM tokens AS token LEFT JOIN token_revocations AS revocation ON revocation.token = token.id
               WHERE token.id = $1"#,
            id,
        )
        .fetch_optional(&mut *transaction)
        .await?;
        transaction.commit().await?;
        row.map(Row::read).transpose()
    }
}
