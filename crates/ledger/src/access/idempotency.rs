//! Idempotency keys: a request sent twice has one effect and one answer.

use causeway_protocol::Hash;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{Ledger, LedgerError};

/// How long an answer is kept.
const KEPT_FOR: Duration = Duration::hours(24);
/// A request in flight longer than this was lost with the process that served it: its key can be taken over.
const IN_FLIGHT_FOR: Duration = Duration::minutes(2);

/// A key within its scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The token that sent it.
    pub credential: Uuid,
    /// The request's method.
    pub method: String,
    /// The request's path.
    pub path: String,
    /// The key itself.
    pub key: String,
}

/// An answer kept for whoever asks again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Its HTTP status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// What a key leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// Nobody used it: go on, then finish or abandon it.
    Fresh,
    /// The same request was answered.
    Replay(StoredAnswer),
    /// It was used with another body.
    OtherBody,
    /// The same request is being answered.
    InFlight,
}

impl Ledger {
    /// Takes a key for the request whose body hashes to `request`.
    pub async fn idempotency_begin(
        &self,
        key: &IdempotencyKey,
        request: Hash,
        now: OffsetDateTime,
    ) -> Result<Begin, LedgerError> {
        sqlx::query!("DELETE FROM idempotency_keys WHERE begun_at < $1", now - KEPT_FOR)
            .execute(&self.pool)
            .await?;
        let taken = sqlx::query!(
            "INSERT INTO idempotency_keys AS known (credential, method, path, key, request, begun_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (credential, method, path, key) DO UPDATE SET begun_at = $6
             WHERE known.status IS NULL AND known.request = $5 AND known.begun_at < $7",
            key.credential,
            key.method,
            key.path,
            key.key,
            request.as_ref(),
            now,
            now - IN_FLIGHT_FOR,
        )
        .execute(&self.pool)
        .await?;
        if taken.rows_affected() > 0 {
            return Ok(Begin::Fresh);
        }
        let known = sqlx::query!(
            "SELECT request, status, body FROM idempotency_keys
             WHERE credential = $1 AND method = $2 AND path = $3 AND key = $4",
            key.credential,
            key.method,
            key.path,
            key.key,
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(match known {
            // Abandoned between the two statements: whoever asks again finds it free.
            None => Begin::InFlight,
            Some(known) if known.request != request.as_ref() => Begin::OtherBody,
            Some(known) => match (known.status, known.body) {
                (Some(status), Some(body)) => {
                    let status = u16::try_from(status).map_err(|_| LedgerError::corrupt("status", status))?;
                    Begin::Replay(StoredAnswer { status, body })
                }
                _ => Begin::InFlight,
            },
        })
    }

    /// Keeps the answer to the request that took the key.
    pub async fn idempotency_finish(
        &self,
        key: &IdempotencyKey,
        answer: &StoredAnswer,
    ) -> Result<(), LedgerError> {
        sqlx::query!(
            "UPDATE idempotency_keys SET status = $5, body = $6
             WHERE credential = $1 AND method = $2 AND path = $3 AND key = $4 AND status IS NULL",
            key.credential,
            key.method,
            key.path,
            key.key,
            i32::from(answer.status),
            answer.body,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Frees a key whose request had no effect.
    pub async fn idempotency_abandon(&self, key: &IdempotencyKey) -> Result<(), LedgerError> {
        sqlx::query!(
            "DELETE FROM idempotency_keys
             WHERE credential = $1 AND method = $2 AND path = $3 AND key = $4 AND status IS NULL",
            key.credential,
            key.method,
            key.path,
            key.key,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
