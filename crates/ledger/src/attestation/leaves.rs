//! Statements: made when events are recorded, and read back.

use causeway_protocol::{Attestation, AttestationKind, GatewayId, IslandId};
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;

use crate::LedgerError;
use crate::column::{Uint, id};
use crate::ledger::Tails;

/// A statement to make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewLeaf {
    pub(crate) attestation: Attestation,
    /// The gateway that checks it, and its island.
    pub(crate) checker: GatewayId,
    pub(crate) island: IslandId,
    /// The packet's other gateway.
    pub(crate) other: GatewayId,
    /// DELIVER: when its packet times out, Unix seconds.
    pub(crate) timeout: Option<u64>,
    pub(crate) held: bool,
    pub(crate) at: OffsetDateTime,
}

/// Makes statements. A second one of the same kind about the same packet is not made.
pub(crate) async fn insert_leaves(
    transaction: &mut Transaction<'static, Postgres>,
    tails: &mut Tails,
    leaves: &[NewLeaf],
) -> Result<(), LedgerError> {
    if leaves.is_empty() {
        return Ok(());
    }
    let positions: Vec<i64> = leaves
        .iter()
        .map(|_| {
            tails.leaves += 1;
            tails.leaves
        })
        .collect();
    let packets: Vec<&[u8]> = leaves.iter().map(|leaf| leaf.attestation.packet.as_ref()).collect();
    let kinds: Vec<i16> = leaves.iter().map(|leaf| i16::from(leaf.attestation.kind as u8)).collect();
    let successes: Vec<bool> = leaves.iter().map(|leaf| leaf.attestation.success).collect();
    let results: Vec<&[u8]> = leaves.iter().map(|leaf| leaf.attestation.result.as_ref()).collect();
    let checkers: Vec<&[u8]> = leaves.iter().map(|leaf| leaf.checker.as_ref()).collect();
    let islands: Vec<&[u8]> = leaves.iter().map(|leaf| leaf.island.as_ref()).collect();
    let others: Vec<&[u8]> = leaves.iter().map(|leaf| leaf.other.as_ref()).collect();
    let held: Vec<bool> = leaves.iter().map(|leaf| leaf.held).collect();
    let timeouts: Vec<Option<Uint>> = leaves.iter().map(|leaf| leaf.timeout.map(Uint)).collect();
    let times: Vec<OffsetDateTime> = leaves.iter().map(|leaf| leaf.at).collect();
    sqlx::query!(
        "INSERT INTO leaves (position, packet, kind, success, result, checker, island, other, held, made_at, timeout)
         SELECT * FROM UNNEST($1::bigint[], $2::bytea[], $3::smallint[], $4::bool[], $5::bytea[], $6::bytea[], $7::bytea[],
                              $8::bytea[], $9::bool[], $10::timestamptz[], $11::numeric[])
         ON CONFLICT (packet, kind) DO NOTHING",
        &positions,
        packets as _,
        &kinds,
        &successes,
        results as _,
        checkers as _,
        islands as _,
        others as _,
        &held,
        &times,
        timeouts as _,
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// A statement from its columns.
pub(crate) fn read(
    kind: i16,
    packet: &[u8],
    success: bool,
    result: &[u8],
) -> Result<Attestation, LedgerError> {
    let kind = u8::try_from(kind).ok().and_then(|kind| AttestationKind::try_from(kind).ok());
    let kind = kind.ok_or_else(|| LedgerError::corrupt("kind of statement", packet))?;
    Ok(Attestation { kind, packet: id("packet", packet)?, success, result: id("result", result)? })
}
