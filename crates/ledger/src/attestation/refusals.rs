//! REFUSE: when attestors are asked for it.

use causeway_protocol::{Attestation, AttestationKind, Family, OVERDUE_AFTER};
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;

use super::leaves::{NewLeaf, insert_leaves};
use crate::LedgerError;
use crate::column::{Uint, id};
use crate::ledger::Tails;

/// DELIVER that is not signed after this long may be refused by the policy of some: they are then asked to sign REFUSE.
const REFUSABLE_AFTER: time::Duration = time::Duration::minutes(1);
/// Most packets taken up at once.
const AT_ONCE: i64 = 20_000;

type Tx = Transaction<'static, Postgres>;

/// Packets with a smaller timeout are overdue at `now`.
pub(super) fn overdue_timeout(now: OffsetDateTime) -> Uint {
    Uint(u64::try_from(now.unix_timestamp()).unwrap_or(0).saturating_sub(OVERDUE_AFTER))
}

/// Makes REFUSE of what waits for signatures of DELIVER too long, and of what is overdue.
pub(super) async fn offer_refusals(
    transaction: &mut Tx,
    tails: &mut Tails,
    now: OffsetDateTime,
) -> Result<(), LedgerError> {
    let undecided = undecided(transaction, now).await?;
    insert_leaves(transaction, tails, &undecided).await?;
    let overdue = overdue(transaction, now).await?;
    reopen(transaction, &overdue).await?;
    insert_leaves(transaction, tails, &overdue).await
}

macro_rules! refusals {
    ($rows:expr, $now:expr) => {
        $rows
            .into_iter()
            .map(|row| {
                Ok(NewLeaf {
                    attestation: Attestation::plain(AttestationKind::Refuse, id("packet", &row.packet)?),
                    checker: id("checker", &row.checker)?,
                    island: id("island", &row.island)?,
                    other: id("other gateway", &row.other)?,
                    timeout: None,
                    held: false,
                    at: $now,
                })
            })
            .collect()
    };
}

/// DELIVER that not enough have signed in time. Each attestor signs one of the two; the gateway needs more than half.
async fn undecided(transaction: &mut Tx, now: OffsetDateTime) -> Result<Vec<NewLeaf>, LedgerError> {
    let rows = sqlx::query!(
        "SELECT leaf.packet, leaf.checker, leaf.island, leaf.other
         FROM open_batches AS open JOIN batches AS batch ON batch.id = open.batch
         JOIN batch_leaves AS member ON member.batch = batch.id
         JOIN leaves AS leaf ON leaf.position = member.leaf
         WHERE batch.made_at < $1 AND leaf.kind = 1 AND NOT leaf.done
           AND NOT EXISTS (SELECT FROM leaves AS refusal WHERE refusal.packet = leaf.packet AND refusal.kind = 2)
         ORDER BY leaf.position",
        now - REFUSABLE_AFTER,
    )
    .fetch_all(&mut **transaction)
    .await?;
    refusals!(rows, now)
}

/// What nobody can deliver any more, and nobody can expire without REFUSE: DELIVER was never signed by enough, or its gateway
/// knows no time.
async fn overdue(transaction: &mut Tx, now: OffsetDateTime) -> Result<Vec<NewLeaf>, LedgerError> {
    let timeless: Vec<String> =
        Family::ALL.iter().filter(|family| !family.has_block_time()).map(ToString::to_string).collect();
    let rows = sqlx::query!(
        "SELECT leaf.packet, leaf.checker, leaf.island, leaf.other
         FROM leaves AS leaf JOIN islands AS island ON island.id = leaf.island
         JOIN packet_states AS state ON state.packet = leaf.packet
         WHERE leaf.kind = 1 AND NOT leaf.done AND leaf.timeout < $1::numeric AND NOT state.disputed
           AND (leaf.ready IS NULL OR island.family = ANY($2))
           AND NOT EXISTS (SELECT FROM leaves AS refusal
                           WHERE refusal.packet = leaf.packet AND refusal.kind = 2 AND NOT refusal.done)
         ORDER BY leaf.position LIMIT $3",
        overdue_timeout(now) as _,
        &timeless,
        AT_ONCE,
    )
    .fetch_all(&mut **transaction)
    .await?;
    refusals!(rows, now)
}

/// REFUSE that was given up when DELIVER had its signatures is asked for again.
async fn reopen(transaction: &mut Tx, overdue: &[NewLeaf]) -> Result<(), LedgerError> {
    let packets: Vec<&[u8]> = overdue.iter().map(|leaf| leaf.attestation.packet.as_ref()).collect();
    sqlx::query!(
        "UPDATE leaves SET done = FALSE, batch = NULL, ready = NULL
         WHERE packet = ANY($1::bytea[]) AND kind = 2 AND done",
        packets as _,
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
