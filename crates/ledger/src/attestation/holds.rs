//! What must not be signed or handed out now, and what has to be signed again.

use causeway_protocol::GatewayId;
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;

use crate::LedgerError;
use crate::ledger::Tails;

type Tx = Transaction<'static, Postgres>;

/// Brings every open statement to what the view `leaf_holds` says, after a state changed. A held statement leaves its batch, if
/// that is not complete; a released one that is ready gets a new place in the order of deliveries, because followers are past
/// the old one.
pub(crate) async fn refresh_holds(
    transaction: &mut Tx,
    tails: &mut Tails,
    now: OffsetDateTime,
) -> Result<(), LedgerError> {
    let changed = sqlx::query!(
        r#"UPDATE leaves SET held = rule.holds
           FROM (SELECT position, holds FROM leaf_holds WHERE holds <> held) AS rule
           WHERE leaves.position = rule.position
           RETURNING leaves.position, leaves.packet, leaves.kind, leaves.held, leaves.batch, leaves.ready"#,
    )
    .fetch_all(&mut **transaction)
    .await?;
    if changed.is_empty() {
        return Ok(());
    }
    let delivers: Vec<&_> = changed.iter().filter(|leaf| leaf.kind == 1).collect();
    let packets: Vec<&[u8]> = delivers.iter().map(|leaf| leaf.packet.as_slice()).collect();
    let held: Vec<bool> = delivers.iter().map(|leaf| leaf.held).collect();
    sqlx::query!(
        "UPDATE packet_states AS now SET held = new.held, changed_at = greatest(changed_at, $3)
         FROM UNNEST($1::bytea[], $2::bool[]) AS new (packet, held) WHERE now.packet = new.packet",
        packets as _,
        &held,
        now,
    )
    .execute(&mut **transaction)
    .await?;
    let void: Vec<i64> = changed
        .iter()
        .filter(|leaf| leaf.held && leaf.ready.is_none())
        .filter_map(|leaf| leaf.batch)
        .collect();
    void_batches(transaction, &void).await?;
    let again: Vec<i64> =
        changed.iter().filter(|leaf| !leaf.held && leaf.ready.is_some()).map(|leaf| leaf.position).collect();
    if !again.is_empty() {
        let places = sqlx::query!(
            "UPDATE leaves SET ready = $2 + place.index
             FROM UNNEST($1::bigint[]) WITH ORDINALITY AS place (position, index)
             WHERE leaves.position = place.position",
            &again,
            tails.ready,
        )
        .execute(&mut **transaction)
        .await?;
        tails.ready += i64::try_from(places.rows_affected()).unwrap_or(i64::MAX);
    }
    Ok(())
}

/// Batches that are not to be signed any more: their statements are batched again.
async fn void_batches(transaction: &mut Tx, batches: &[i64]) -> Result<(), LedgerError> {
    if batches.is_empty() {
        return Ok(());
    }
    sqlx::query!("DELETE FROM open_batches WHERE batch = ANY($1)", batches)
        .execute(&mut **transaction)
        .await?;
    sqlx::query!(
        "UPDATE leaves SET batch = NULL FROM batch_leaves AS member
         WHERE member.batch = ANY($1) AND leaves.position = member.leaf AND leaves.batch = member.batch
           AND leaves.ready IS NULL AND NOT leaves.done",
        batches,
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Another attestor set is in force at these gateways: only its signatures count, so every open statement is signed again.
pub(crate) async fn rotate(transaction: &mut Tx, gateways: &[GatewayId]) -> Result<(), LedgerError> {
    let gateways: Vec<&[u8]> = gateways.iter().map(AsRef::as_ref).collect();
    sqlx::query!(
        "DELETE FROM open_batches USING batches WHERE batches.id = open_batches.batch AND batches.checker = ANY($1::bytea[])",
        gateways as _,
    )
    .execute(&mut **transaction)
    .await?;
    sqlx::query!(
        "UPDATE leaves SET batch = NULL, ready = NULL
         WHERE checker = ANY($1::bytea[]) AND NOT done AND batch IS NOT NULL",
        gateways as _,
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
