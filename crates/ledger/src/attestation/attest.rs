//! Signatures: recorded, and counted against what the gateway needs.

use causeway_protocol::{Address, Batch, GatewayId, Signature};
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::column::Uint;
use crate::ledger::Tails;
use crate::signals::Changes;
use crate::{Ledger, LedgerError};

/// A signature whose signer was recovered from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedSignature {
    /// The gateway that will check it.
    pub gateway: GatewayId,
    /// What was signed.
    pub batch: Batch,
    /// Who signed, as recovered from the signature over the batch's digest.
    pub attestor: Address,
    /// The signature.
    pub signature: Signature,
    /// The token it was submitted with.
    pub token: Option<Uuid>,
}

/// A signature that is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attested {
    /// Now.
    Recorded,
    /// It was before.
    Known,
}

/// Why a signature was not recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttestRefusal {
    /// No such batch was ever asked to be signed.
    #[error("no batch of gateway {gateway} in epoch {epoch} has this root and count")]
    UnknownBatch {
        /// The gateway.
        gateway: GatewayId,
        /// The epoch.
        epoch: u64,
    },
    /// Another attestor set is in force.
    #[error("signed for epoch {came}, epoch {current} is in force")]
    EpochPassed {
        /// The epoch in force.
        current: u64,
        /// The epoch signed for.
        came: u64,
    },
    /// The signer is not in the set in force.
    #[error("{0} is not an attestor of this gateway's current set")]
    NotAnAttestor(Address),
    /// The batch was dissolved: what it states is held, or signed in another batch.
    #[error("the batch was dissolved; fetch the pending batches again")]
    Void,
    /// The token was revoked by the time of recording.
    #[error("the token was revoked")]
    TokenRevoked,
}

impl AttestRefusal {
    /// The stable, kebab-case name of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownBatch { .. } => "unknown-batch",
            Self::EpochPassed { .. } => "epoch-passed",
            Self::NotAnAttestor(_) => "not-an-attestor",
            Self::Void => "batch-void",
            Self::TokenRevoked => "token-revoked",
        }
    }
}

type Tx = Transaction<'static, Postgres>;

impl Ledger {
    /// Records signatures and answers each in order. A batch that enough of the current set have signed becomes ready.
    pub async fn attest(
        &self,
        signed: Vec<CheckedSignature>,
        now: OffsetDateTime,
    ) -> Result<Vec<Result<Attested, AttestRefusal>>, LedgerError> {
        let (mut transaction, mut tails) = self.begin().await?;
        let before = tails.ready;
        let mut answers = Vec::with_capacity(signed.len());
        for signature in &signed {
            answers.push(attest_one(&mut transaction, &mut tails, signature, now).await?);
        }
        tails.store(&mut transaction).await?;
        transaction.commit().await?;
        self.signals().raise(Changes { deliveries: tails.ready > before, ..Changes::default() });
        Ok(answers)
    }
}

async fn attest_one(
    transaction: &mut Tx,
    tails: &mut Tails,
    signed: &CheckedSignature,
    now: OffsetDateTime,
) -> Result<Result<Attested, AttestRefusal>, LedgerError> {
    let (gateway, epoch) = (signed.gateway, signed.batch.epoch);
    let row = sqlx::query!(
        r#"SELECT batch.id, gateway.epoch AS "current: Uint", gateway.threshold,
                  $5::bytea = ANY(gateway.attestors) AS "member!",
                  EXISTS (SELECT FROM open_batches WHERE batch = batch.id) AS "open!",
                  EXISTS (SELECT FROM token_revocations WHERE token = $6) AS "revoked!"
           FROM batches AS batch JOIN gateway_states AS gateway ON gateway.gateway = batch.checker
           WHERE batch.checker = $1 AND batch.epoch = $2::numeric AND batch.root = $3 AND batch.count = $4
           ORDER BY batch.id DESC LIMIT 1"#,
        gateway.as_ref(),
        Uint(epoch) as _,
        signed.batch.root.as_ref(),
        i32::try_from(signed.batch.count).unwrap_or(0),
        signed.attestor.as_ref(),
        signed.token,
    )
    .fetch_optional(&mut **transaction)
    .await?;
    let Some(batch) = row else {
        return Ok(Err(AttestRefusal::UnknownBatch { gateway, epoch }));
    };
    if batch.revoked {
        return Ok(Err(AttestRefusal::TokenRevoked));
    }
    if batch.current.0 != epoch {
        return Ok(Err(AttestRefusal::EpochPassed { current: batch.current.0, came: epoch }));
    }
    if !batch.member {
        return Ok(Err(AttestRefusal::NotAnAttestor(signed.attestor)));
    }
    let threshold = i64::from(batch.threshold);
    if !batch.open && signatures(transaction, batch.id).await? < threshold {
        return Ok(Err(AttestRefusal::Void));
    }
    let inserted = sqlx::query!(
        "INSERT INTO attestations (batch, attestor, signature, token, recorded_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (batch, attestor) DO NOTHING",
        batch.id,
        signed.attestor.as_ref(),
        signed.signature.as_ref(),
        signed.token,
        now,
    )
    .execute(&mut **transaction)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(Ok(Attested::Known));
    }
    if batch.open && signatures(transaction, batch.id).await? >= threshold {
        complete(transaction, tails, batch.id, now).await?;
    }
    Ok(Ok(Attested::Recorded))
}

/// How many have signed a batch. All were in the set of its epoch, and that set never changes.
async fn signatures(transaction: &mut Tx, batch: i64) -> Result<i64, LedgerError> {
    let count =
        sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM attestations WHERE batch = $1"#, batch)
            .fetch_one(&mut **transaction)
            .await?;
    Ok(count)
}

/// Makes the statements of a batch ready, in their order.
async fn complete(
    transaction: &mut Tx,
    tails: &mut Tails,
    batch: i64,
    now: OffsetDateTime,
) -> Result<(), LedgerError> {
    sqlx::query!("DELETE FROM open_batches WHERE batch = $1", batch).execute(&mut **transaction).await?;
    let ready = sqlx::query!(
        r#"UPDATE leaves SET ready = $2::bigint + member.index + 1 FROM batch_leaves AS member
           WHERE member.batch = $1 AND leaves.position = member.leaf AND leaves.batch = $1 AND NOT leaves.done
           RETURNING leaves.packet, leaves.kind, member.index"#,
        batch,
        tails.ready,
    )
    .fetch_all(&mut **transaction)
    .await?;
    tails.ready += ready.iter().map(|leaf| i64::from(leaf.index) + 1).max().unwrap_or(0);
    let packets: Vec<&[u8]> =
        ready.iter().filter(|leaf| leaf.kind == 1).map(|leaf| leaf.packet.as_slice()).collect();
    // More than half have signed DELIVER: REFUSE can no longer be signed by enough.
    sqlx::query!(
        "UPDATE leaves SET done = TRUE WHERE packet = ANY($1::bytea[]) AND kind = 2 AND NOT done",
        packets as _,
    )
    .execute(&mut **transaction)
    .await?;
    sqlx::query!(
        "UPDATE packet_states SET attested_at = coalesce(attested_at, $2), changed_at = greatest(changed_at, $2)
         WHERE packet = ANY($1::bytea[])",
        packets as _,
        now,
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
