//! Bulk writes: one statement a table, whatever the number of pieces.

use causeway_protocol::GatewayEventKind;
use causeway_verifier::{EventFact, EvidenceKind};
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;
use uuid::Uuid;

use super::fold::{Folded, subject};
use super::snapshot::{GatewayNow, Snapshot};
use crate::LedgerError;
use crate::column::Uint;
use crate::gateway::state_name;

type Tx = Transaction<'static, Postgres>;

/// The facts themselves: evidence, headers, client states, events.
pub(super) async fn facts(transaction: &mut Tx, folded: &Folded<'_>) -> Result<(), LedgerError> {
    evidence(transaction, folded).await?;
    headers(transaction, folded).await?;
    client_states(transaction, folded).await?;
    events(transaction, folded).await?;
    event_conflicts(transaction, folded).await
}

async fn evidence(transaction: &mut Tx, folded: &Folded<'_>) -> Result<(), LedgerError> {
    let pieces = || folded.accepted.iter().map(|accepted| &accepted.piece);
    let sequences: Vec<i64> = folded.accepted.iter().map(|accepted| accepted.news.sequence).collect();
    let times: Vec<OffsetDateTime> =
        folded.accepted.iter().map(|accepted| accepted.news.recorded_at).collect();
    let islands: Vec<&[u8]> = pieces().map(|piece| piece.island.as_ref()).collect();
    let digests: Vec<&[u8]> = pieces().map(|piece| piece.digest.as_ref()).collect();
    let kinds: Vec<&str> = pieces()
        .map(|piece| if piece.advance.kind == EvidenceKind::Run { "run" } else { "back-fill" })
        .collect();
    let firsts: Vec<Uint> = pieces().map(|piece| Uint(piece.advance.first)).collect();
    let lasts: Vec<Uint> = pieces().map(|piece| Uint(piece.advance.last)).collect();
    let counts: Vec<i32> =
        pieces().map(|piece| i32::try_from(piece.advance.events.len()).unwrap_or(i32::MAX)).collect();
    let relayers: Vec<&[u8]> = pieces().map(|piece| piece.relayer.as_ref()).collect();
    let signatures: Vec<&[u8]> = pieces().map(|piece| piece.signature.as_ref()).collect();
    let tokens: Vec<Option<Uuid>> = pieces().map(|piece| piece.token).collect();
    let bytes: Vec<&[u8]> = pieces().map(|piece| piece.evidence).collect();
    sqlx::query!(
        "INSERT INTO evidence (sequence, island, digest, kind, first, last, events, relayer, signature, token, bytes, recorded_at)
         SELECT * FROM UNNEST($1::bigint[], $2::bytea[], $3::bytea[], $4::text[], $5::numeric[], $6::numeric[], $7::int[],
                              $8::bytea[], $9::bytea[], $10::uuid[], $11::bytea[], $12::timestamptz[])",
        &sequences,
        islands as _,
        digests as _,
        kinds as _,
        firsts as _,
        lasts as _,
        &counts,
        relayers as _,
        signatures as _,
        tokens as _,
        bytes as _,
        &times,
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// A back-fill comes with headers that are recorded already: hash-linked, so they are the same.
async fn headers(transaction: &mut Tx, folded: &Folded<'_>) -> Result<(), LedgerError> {
    let rows: Vec<_> = folded.headers().collect();
    let islands: Vec<&[u8]> = rows.iter().map(|(island, _)| island.as_ref()).collect();
    let heights: Vec<Uint> = rows.iter().map(|(_, header)| Uint(header.height)).collect();
    let hashes: Vec<&[u8]> = rows.iter().map(|(_, header)| header.hash.as_ref()).collect();
    let parents: Vec<&[u8]> = rows.iter().map(|(_, header)| header.parent.as_ref()).collect();
    let times: Vec<Uint> = rows.iter().map(|(_, header)| Uint(header.time)).collect();
    sqlx::query!(
        "INSERT INTO headers (island, height, hash, parent, time)
         SELECT * FROM UNNEST($1::bytea[], $2::numeric[], $3::bytea[], $4::bytea[], $5::numeric[])
         ON CONFLICT (island, height) DO NOTHING",
        islands as _,
        heights as _,
        hashes as _,
        parents as _,
        times as _,
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn client_states(transaction: &mut Tx, folded: &Folded<'_>) -> Result<(), LedgerError> {
    for accepted in &folded.accepted {
        let (Some(position), Some(head)) = (accepted.news.client, accepted.piece.advance.headers.last())
        else {
            continue;
        };
        sqlx::query!(
            "INSERT INTO client_states (island, position, height, hash, time, bytes, evidence, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            accepted.piece.island.as_ref(),
            position,
            Uint(head.height) as _,
            head.hash.as_ref(),
            Uint(head.time) as _,
            accepted.piece.advance.state.bytes,
            accepted.news.sequence,
            accepted.news.recorded_at,
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

/// What an event says, in columns: success, outcome, result.
type Saying<'a> = (Option<bool>, Option<i16>, Option<&'a [u8]>);

fn saying(fact: &EventFact) -> Saying<'_> {
    match &fact.event.kind {
        GatewayEventKind::PacketDelivered { success, result, .. } => (Some(*success), None, Some(result)),
        GatewayEventKind::PacketSettled { outcome, success, .. } => {
            (Some(*success), Some(i16::from(*outcome as u8)), None)
        }
        _ => (None, None, None),
    }
}

async fn events(transaction: &mut Tx, folded: &Folded<'_>) -> Result<(), LedgerError> {
    let (facts, evidence): (Vec<&EventFact>, Vec<i64>) = folded.events().unzip();
    if facts.is_empty() {
        return Ok(());
    }
    let gateways: Vec<&[u8]> = facts.iter().map(|fact| fact.event.gateway.as_ref()).collect();
    let numbers: Vec<Uint> = facts.iter().map(|fact| Uint(fact.event.number)).collect();
    let kinds: Vec<&str> = facts.iter().map(|fact| fact.event.kind.name()).collect();
    let subjects: Vec<Option<&[u8]>> =
        folded.subjects.iter().map(|subject| subject.as_ref().map(AsRef::as_ref)).collect();
    let (mut successes, mut outcomes, mut results) = (vec![], vec![], vec![]);
    for fact in &facts {
        let (success, outcome, result) = saying(fact);
        successes.push(success);
        outcomes.push(outcome);
        results.push(result);
    }
    let heights: Vec<Uint> = facts.iter().map(|fact| Uint(fact.height)).collect();
    let blocks: Vec<&[u8]> = facts.iter().map(|fact| fact.block.as_ref()).collect();
    let transactions: Vec<Uint> = facts.iter().map(|fact| Uint(fact.transaction)).collect();
    let logs: Vec<Uint> = facts.iter().map(|fact| Uint(fact.log)).collect();
    let times: Vec<Uint> = facts.iter().map(|fact| Uint(fact.time)).collect();
    sqlx::query!(
        "INSERT INTO gateway_events (gateway, number, kind, subject, success, outcome, result, height, block, transaction, log,
                                     block_time, evidence)
         SELECT * FROM UNNEST($1::bytea[], $2::numeric[], $3::text[], $4::bytea[], $5::bool[], $6::smallint[], $7::bytea[],
                              $8::numeric[], $9::bytea[], $10::numeric[], $11::numeric[], $12::numeric[], $13::bigint[])",
        gateways as _,
        numbers as _,
        kinds as _,
        subjects as _,
        successes as _,
        outcomes as _,
        results as _,
        heights as _,
        blocks as _,
        transactions as _,
        logs as _,
        times as _,
        &evidence,
    )
    .execute(&mut **transaction)
    .await?;
    attestor_sets(transaction, &facts).await
}

/// The sets that events bring, for the history of epochs.
async fn attestor_sets(transaction: &mut Tx, facts: &[&EventFact]) -> Result<(), LedgerError> {
    for fact in facts {
        let (GatewayEventKind::Opened { attestors: set, .. } | GatewayEventKind::AttestorsRotated(set)) =
            &fact.event.kind
        else {
            continue;
        };
        let attestors: Vec<&[u8]> = set.attestors.iter().map(AsRef::as_ref).collect();
        sqlx::query!(
            "INSERT INTO attestor_sets (gateway, epoch, number, threshold, attestors) VALUES ($1, $2, $3, $4, $5)",
            fact.event.gateway.as_ref(),
            Uint(set.epoch) as _,
            Uint(fact.event.number) as _,
            i16::from(set.threshold),
            attestors as _,
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

async fn event_conflicts(transaction: &mut Tx, folded: &Folded<'_>) -> Result<(), LedgerError> {
    for (fact, evidence) in folded.conflicts() {
        let subject = subject(&fact.event.kind);
        sqlx::query!(
            "INSERT INTO event_conflicts (gateway, number, kind, subject, height, block, transaction, log, evidence)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            fact.event.gateway.as_ref(),
            Uint(fact.event.number) as _,
            fact.event.kind.name(),
            subject.as_ref().map(AsRef::as_ref) as Option<&[u8]>,
            Uint(fact.height) as _,
            fact.block.as_ref(),
            Uint(fact.transaction) as _,
            Uint(fact.log) as _,
            evidence,
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

/// Suspensions, cursors and lives of the gateways touched.
pub(super) async fn gateways(
    transaction: &mut Tx,
    snapshot: &mut Snapshot,
    folded: &Folded<'_>,
) -> Result<(), LedgerError> {
    for fault in &folded.suspensions {
        sqlx::query!(
            "INSERT INTO gateway_suspensions (gateway, reason, number, evidence, at) VALUES ($1, $2, $3, $4, $5)",
            fault.gateway.as_ref(),
            fault.fault.as_str(),
            Uint(fault.number) as _,
            fault.evidence,
            fault.at,
        )
        .execute(&mut **transaction)
        .await?;
        if let Some(gateway) = snapshot.gateways.get_mut(&fault.gateway) {
            gateway.life.suspended = true;
        }
    }
    for (id, gateway) in &mut snapshot.gateways {
        if move_cursor(gateway) {
            leap(transaction, id.as_ref(), gateway).await?;
        }
        if gateway.life == gateway.before && gateway.cursor == gateway.cursor_before {
            continue;
        }
        let attestors: Vec<&[u8]> = gateway.life.attestors.attestors.iter().map(AsRef::as_ref).collect();
        sqlx::query!(
            "UPDATE gateway_states SET state = $2, state_number = $3, suspended = $4, epoch = $5, threshold = $6,
                    attestors = $7, cursor_number = $8, cursor_height = $9, highest = $10, proven = $11
             WHERE gateway = $1",
            id.as_ref(),
            state_name(gateway.life.state),
            Uint(gateway.life.state_number) as _,
            gateway.life.suspended,
            Uint(gateway.life.attestors.epoch) as _,
            i16::from(gateway.life.attestors.threshold),
            attestors as _,
            Uint(gateway.cursor.number) as _,
            Uint(gateway.cursor.height) as _,
            Uint(gateway.cursor.highest) as _,
            gateway.life.proven,
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

/// Moves the cursor over the events of this transaction that follow it without a gap. Answers whether events recorded earlier,
/// above a gap that is closed now, may follow.
fn move_cursor(gateway: &mut GatewayNow) -> bool {
    let before = gateway.cursor_before;
    for (number, height) in gateway.heights.range(before.number.saturating_add(1)..) {
        if Some(*number) != gateway.cursor.number.checked_add(1) {
            break;
        }
        (gateway.cursor.number, gateway.cursor.height) = (*number, *height);
    }
    before.highest > before.number && gateway.cursor.number > before.number
}

/// Moves the cursor over recorded events that follow it without a gap.
async fn leap(transaction: &mut Tx, id: &[u8], gateway: &mut GatewayNow) -> Result<(), LedgerError> {
    let row = sqlx::query!(
        r#"SELECT number AS "number: Uint", height AS "height: Uint" FROM gateway_events AS event
           WHERE gateway = $1 AND number >= $2::numeric
             AND NOT EXISTS (SELECT FROM gateway_events AS next
                             WHERE next.gateway = event.gateway AND next.number = event.number + 1)
           ORDER BY number LIMIT 1"#,
        id,
        Uint(gateway.cursor.number) as _,
    )
    .fetch_optional(&mut **transaction)
    .await?;
    if let Some(row) = row {
        (gateway.cursor.number, gateway.cursor.height) = (row.number.0, row.height.0);
    }
    Ok(())
}

/// Heads, and the time of the newest evidence.
pub(super) async fn islands(transaction: &mut Tx, snapshot: &Snapshot) -> Result<(), LedgerError> {
    for (id, island) in snapshot.islands.iter().filter(|(_, island)| island.moved) {
        sqlx::query!(
            "UPDATE island_states SET client = $2, head_height = $3, head_hash = $4, head_time = $5, recorded_at = $6
             WHERE island = $1",
            id.as_ref(),
            island.client,
            Uint(island.height) as _,
            island.hash.as_ref(),
            Uint(island.time) as _,
            island.recorded_at,
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}
