//! Proven misbehaviour, and what comes for a frozen island.

use causeway_protocol::{IslandId, SignedEnvelope};
use causeway_verifier::{ClientState, Misbehaviour, Verified, light_client};
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;

use super::change::enter;
use super::{ChangeError, IslandChange, IslandLife, parse_state};
use crate::attestation::refresh_holds;
use crate::column::Uint;
use crate::signals::Changes;
use crate::{Actor, Ledger, LedgerError};

/// Most envelopes kept of one frozen island.
const MOST_UNVERIFIED: i64 = 1000;

impl Ledger {
    /// Records proven misbehaviour and freezes the island. Its evidence takes its place in the order of recording, where every
    /// attestor finds it. Answers whether that was news: more of it about a frozen island is kept, and changes nothing.
    pub async fn record_misbehaviour(
        &self,
        found: Verified<Misbehaviour>,
        signed: &SignedEnvelope,
        by: &Actor,
        now: OffsetDateTime,
    ) -> Result<bool, ChangeError> {
        let (island, evidence) = (signed.envelope.island, signed.envelope.evidence.as_slice());
        let (mut transaction, mut tails) = self.begin().await?;
        let row = sqlx::query!(
            "SELECT now.state, island.family, client.bytes FROM island_states AS now
             JOIN islands AS island ON island.id = now.island
             JOIN client_states AS client ON client.island = now.island AND client.position = now.client
             WHERE now.island = $1",
            island.as_ref(),
        )
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or(ChangeError::NoSuchIsland)?;
        let digest = signed.envelope.evidence_digest();
        sqlx::query!(
            "INSERT INTO misbehaviours (island, digest, meeting, height, first_block, second_block, bytes, token, actor, recorded_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (island, digest) DO NOTHING",
            island.as_ref(),
            digest.as_ref(),
            Uint(found.meeting) as _,
            Uint(found.height) as _,
            found.blocks[0].as_ref(),
            found.blocks[1].as_ref(),
            evidence,
            by.token,
            by.name,
            now,
        )
        .execute(&mut *transaction)
        .await?;
        let state = parse_state(&row.state).ok_or_else(|| LedgerError::corrupt("state", &row.state))?;
        if state == causeway_api::IslandState::Frozen {
            transaction.commit().await?;
            return Ok(false);
        }
        let next = IslandLife(state).apply(IslandChange::Freeze)?;
        let family = row.family.parse().map_err(|_| LedgerError::corrupt("family", &row.family))?;
        let client = light_client(family).map_err(|_| LedgerError::corrupt("family", &row.family))?;
        let frozen = client
            .freeze(&ClientState { family, bytes: row.bytes }, &found)
            .map_err(|refusal| LedgerError::corrupt("client state", refusal))?;
        advance_client(&mut transaction, island, &frozen.bytes, now).await?;
        tails.evidence += 1;
        insert_evidence(&mut transaction, tails.evidence, signed, by, now).await?;
        let reason = format!(
            "misbehaviour at height {}: blocks {} and {}",
            found.height, found.blocks[0], found.blocks[1]
        );
        enter(&mut transaction, island, IslandChange::Freeze, next.0, by, &reason, now).await?;
        refresh_holds(&mut transaction, &mut tails, now).await?;
        tails.store(&mut transaction).await?;
        transaction.commit().await?;
        self.signals().raise(Changes { evidence: true, leaves: true, batches: true, deliveries: true });
        Ok(true)
    }

    /// Keeps an envelope that came for a frozen island. It proves nothing, and keeping it twice is keeping it once. Only the first
    /// thousand of an island are kept: the chain has them all, and a relayer must not fill the disk with what nobody verified.
    pub async fn keep_unverified(
        &self,
        signed: &SignedEnvelope,
        now: OffsetDateTime,
    ) -> Result<(), LedgerError> {
        let envelope = &signed.envelope;
        let digest = envelope.evidence_digest();
        sqlx::query!(
            "INSERT INTO unverified_evidence (island, digest, first, last, relayer, signature, bytes, received_at)
             SELECT $1::bytea, $2::bytea, $3::numeric, $4::numeric, $5::bytea, $6::bytea, $7::bytea, $8::timestamptz
             WHERE (SELECT count(*) FROM unverified_evidence WHERE island = $1) < $9 ON CONFLICT (island, digest) DO NOTHING",
            envelope.island.as_ref(),
            digest.as_ref(),
            Uint(envelope.first) as _,
            Uint(envelope.last) as _,
            envelope.relayer.as_ref(),
            signed.signature.as_ref(),
            envelope.evidence,
            now,
            MOST_UNVERIFIED,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// The next client state, with the same head.
async fn advance_client(
    transaction: &mut Transaction<'static, Postgres>,
    island: IslandId,
    bytes: &[u8],
    now: OffsetDateTime,
) -> Result<(), LedgerError> {
    sqlx::query!(
        "INSERT INTO client_states (island, position, height, hash, time, bytes, at)
         SELECT island, client + 1, head_height, head_hash, head_time, $2, $3 FROM island_states WHERE island = $1",
        island.as_ref(),
        bytes,
        now,
    )
    .execute(&mut **transaction)
    .await?;
    sqlx::query!("UPDATE island_states SET client = client + 1 WHERE island = $1", island.as_ref())
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Gives the evidence its place. Its time does not lie before that of the island's newest evidence.
async fn insert_evidence(
    transaction: &mut Transaction<'static, Postgres>,
    sequence: i64,
    signed: &SignedEnvelope,
    by: &Actor,
    now: OffsetDateTime,
) -> Result<(), LedgerError> {
    let (envelope, digest) = (&signed.envelope, signed.envelope.evidence_digest());
    let at = sqlx::query_scalar!(
        r#"UPDATE island_states SET recorded_at = greatest(recorded_at, $2) WHERE island = $1 RETURNING recorded_at"#,
        envelope.island.as_ref(),
        now,
    )
    .fetch_one(&mut **transaction)
    .await?;
    sqlx::query!(
        "INSERT INTO evidence (sequence, island, digest, kind, first, last, events, relayer, signature, token, bytes, recorded_at)
         VALUES ($1, $2, $3, 'misbehaviour', $4, $5, 0, $6, $7, $8, $9, $10)",
        sequence,
        envelope.island.as_ref(),
        digest.as_ref(),
        Uint(envelope.first) as _,
        Uint(envelope.last) as _,
        envelope.relayer.as_ref(),
        signed.signature.as_ref(),
        by.token,
        envelope.evidence,
        at,
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
