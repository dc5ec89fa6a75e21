//! Batches: statements that are signed together.

use std::collections::BTreeMap;

use causeway_api::PendingBatch;
use causeway_protocol::{Address, Attestation, AttestationKind, Batch, GatewayId};
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;

use super::leaves::read;
use super::refusals::{offer_refusals, overdue_timeout};
use crate::column::{Uint, id};
use crate::signals::Changes;
use crate::{Ledger, LedgerError};

/// Most statements in a batch: what a gateway checks in one transaction.
const MOST: usize = 100;
/// Most statements taken up at once.
const AT_ONCE: i64 = 20_000;

/// What is signed together: one gateway checks it, one other gateway is concerned, and it is to deliver, to refuse, or about the
/// end. An attestor signs a batch whole or not at all, so what it does not sign keeps back nothing that concerns others.
type Group = (GatewayId, GatewayId, Side);

/// What statements are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Deliver,
    Refuse,
    End,
}

impl Side {
    fn of(kind: AttestationKind) -> Self {
        match kind {
            AttestationKind::Deliver => Self::Deliver,
            AttestationKind::Refuse => Self::Refuse,
            AttestationKind::Result | AttestationKind::Expired | AttestationKind::Void => Self::End,
        }
    }
}

struct Member {
    leaf: i64,
    attestation: Attestation,
}

/// A batch about to be stored.
struct Formed {
    id: i64,
    checker: GatewayId,
    batch: Batch,
    leaves: Vec<i64>,
}

impl Ledger {
    /// Forms batches of all open statements that are in none, for the epoch in force at their gateways. Answers how many.
    pub async fn form_batches(&self, now: OffsetDateTime) -> Result<usize, LedgerError> {
        let (mut transaction, mut tails) = self.begin().await?;
        offer_refusals(&mut transaction, &mut tails, now).await?;
        let rows = sqlx::query!(
            r#"SELECT leaf.position, leaf.packet, leaf.kind, leaf.success, leaf.result, leaf.checker, leaf.other,
                      gateway.epoch AS "epoch: Uint"
               FROM leaves AS leaf JOIN gateway_states AS gateway ON gateway.gateway = leaf.checker
               WHERE leaf.batch IS NULL AND NOT leaf.held AND NOT leaf.done AND gateway.epoch > 0
               ORDER BY leaf.position LIMIT $1"#,
            AT_ONCE,
        )
        .fetch_all(&mut *transaction)
        .await?;
        let more = i64::try_from(rows.len()).is_ok_and(|count| count == AT_ONCE);
        let mut groups: BTreeMap<Group, (u64, Vec<Member>)> = BTreeMap::new();
        for row in rows {
            let attestation = read(row.kind, &row.packet, row.success, &row.result)?;
            let group =
                (id("checker", &row.checker)?, id("other gateway", &row.other)?, Side::of(attestation.kind));
            let member = Member { leaf: row.position, attestation };
            groups.entry(group).or_insert((row.epoch.0, Vec::new())).1.push(member);
        }
        let mut formed = Vec::new();
        for ((checker, _, _), (epoch, members)) in groups {
            for chunk in members.chunks(MOST) {
                let attestations: Vec<Attestation> = chunk.iter().map(|member| member.attestation).collect();
                let Some(batch) = Batch::of(epoch, &attestations) else { continue };
                tails.batches += 1;
                let leaves = chunk.iter().map(|member| member.leaf).collect();
                formed.push(Formed { id: tails.batches, checker, batch, leaves });
            }
        }
        if formed.is_empty() {
            return Ok(0);
        }
        store(&mut transaction, &formed, now).await?;
        tails.store(&mut transaction).await?;
        transaction.commit().await?;
        self.signals().raise(Changes { batches: true, leaves: more, ..Changes::default() });
        Ok(formed.len())
    }

    /// The batches that `attestor` is asked to sign and has not signed, oldest first. Whoever signed DELIVER of a packet is not
    /// asked for its REFUSE before it is overdue at `now`, and whoever signed REFUSE is never asked for DELIVER.
    pub async fn pending_batches(
        &self,
        attestor: Address,
        limit: u32,
        now: OffsetDateTime,
    ) -> Result<Vec<PendingBatch>, LedgerError> {
        let rows = sqlx::query!(
            r#"WITH pending AS (
                   SELECT batch.id, batch.checker, batch.epoch
                   FROM open_batches AS open JOIN batches AS batch ON batch.id = open.batch
                   JOIN gateway_states AS gateway ON gateway.gateway = batch.checker AND gateway.epoch = batch.epoch
                   WHERE $1::bytea = ANY(gateway.attestors)
                     AND NOT EXISTS (SELECT FROM attestations WHERE batch = batch.id AND attestor = $1::bytea)
                     AND EXISTS (SELECT FROM batch_leaves AS member JOIN leaves ON leaves.position = member.leaf
                                 WHERE member.batch = batch.id AND NOT leaves.done)
                     AND NOT EXISTS (SELECT FROM batch_leaves AS member
                                     JOIN leaves AS leaf ON leaf.position = member.leaf AND leaf.kind <= 2
                                     JOIN leaves AS opposite ON opposite.packet = leaf.packet AND opposite.kind = 3 - leaf.kind
                                     JOIN batch_leaves AS elsewhere ON elsewhere.leaf = opposite.position
                                     JOIN attestations AS signed ON signed.batch = elsewhere.batch AND signed.attestor = $1::bytea
                                     WHERE member.batch = batch.id
                                       AND NOT (leaf.kind = 2 AND opposite.timeout < $3::numeric))
                   ORDER BY batch.id LIMIT $2)
               SELECT pending.id, pending.checker, pending.epoch AS "epoch: Uint", leaf.packet, leaf.kind, leaf.success,
                      leaf.result
               FROM pending JOIN batch_leaves AS member ON member.batch = pending.id
               JOIN leaves AS leaf ON leaf.position = member.leaf
               ORDER BY pending.id, member.index"#,
            attestor.as_ref(),
            i64::from(limit),
            overdue_timeout(now) as _,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut batches: Vec<(i64, PendingBatch)> = Vec::new();
        for row in rows {
            let leaf = read(row.kind, &row.packet, row.success, &row.result)?;
            match batches.last_mut() {
                Some((batch, pending)) if *batch == row.id => pending.leaves.push(leaf),
                _ => {
                    let gateway = id("checker", &row.checker)?;
                    batches.push((row.id, PendingBatch { gateway, epoch: row.epoch.0, leaves: vec![leaf] }));
                }
            }
        }
        Ok(batches.into_iter().map(|(_, pending)| pending).collect())
    }
}

async fn store(
    transaction: &mut Transaction<'static, Postgres>,
    formed: &[Formed],
    now: OffsetDateTime,
) -> Result<(), LedgerError> {
    let ids: Vec<i64> = formed.iter().map(|batch| batch.id).collect();
    let checkers: Vec<&[u8]> = formed.iter().map(|batch| batch.checker.as_ref()).collect();
    let epochs: Vec<Uint> = formed.iter().map(|batch| Uint(batch.batch.epoch)).collect();
    let counts: Vec<i32> = formed.iter().map(|batch| i32::try_from(batch.batch.count).unwrap_or(0)).collect();
    let roots: Vec<&[u8]> = formed.iter().map(|batch| batch.batch.root.as_ref()).collect();
    sqlx::query!(
        "INSERT INTO batches (id, checker, epoch, count, root, made_at)
         SELECT id, checker, epoch, count, root, $6
         FROM UNNEST($1::bigint[], $2::bytea[], $3::numeric[], $4::int[], $5::bytea[]) AS new (id, checker, epoch, count, root)",
        &ids,
        checkers as _,
        epochs as _,
        &counts,
        roots as _,
        now,
    )
    .execute(&mut **transaction)
    .await?;
    sqlx::query!("INSERT INTO open_batches (batch) SELECT * FROM UNNEST($1::bigint[])", &ids)
        .execute(&mut **transaction)
        .await?;
    let (mut batches, mut indices, mut leaves) = (Vec::new(), Vec::new(), Vec::new());
    for batch in formed {
        for (index, leaf) in (0i32..).zip(&batch.leaves) {
            batches.push(batch.id);
            indices.push(index);
            leaves.push(*leaf);
        }
    }
    sqlx::query!(
        "WITH member AS (SELECT * FROM UNNEST($1::bigint[], $2::int[], $3::bigint[]) AS new (batch, index, leaf)),
              stored AS (INSERT INTO batch_leaves (batch, index, leaf) SELECT batch, index, leaf FROM member)
         UPDATE leaves SET batch = member.batch FROM member WHERE leaves.position = member.leaf",
        &batches,
        &indices,
        &leaves,
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
