//! Deliveries: statements that enough attestors have signed and no chain has proven done.

use std::collections::HashMap;

use causeway_api::{Deliveries, Delivery};
use causeway_protocol::{Attestation, AttestationKind, Batch, BatchProof, IslandId, Signature};

use super::leaves::read;
use crate::column::{Uint, count, id, position, signature};
use crate::packet::{PacketColumns, packet_of};
use crate::{Ledger, LedgerError};

/// The kind of statement that carries a result.
const RESULT: i16 = AttestationKind::Result as i16;

/// A batch with what proves its members.
struct Signed {
    attestations: Vec<Attestation>,
    signatures: Vec<Signature>,
}

impl Ledger {
    /// At most `limit` deliveries for `island` after the place `after`, in the order they became ready.
    pub async fn deliveries(
        &self,
        island: IslandId,
        after: u64,
        limit: u32,
    ) -> Result<Deliveries, LedgerError> {
        let rows = sqlx::query!(
            // The page is cut before anything is joined to it, whatever the planner thinks.
            r#"WITH page AS MATERIALIZED (
                   SELECT position, packet, kind, success, result, checker, other, batch, ready FROM leaves
                   WHERE island = $1 AND ready > $2 AND NOT held AND NOT done ORDER BY ready LIMIT $3)
               SELECT page.ready AS "ready!", page.kind, page.success, page.result, page.checker, page.other,
                      gateway.address, batch.id AS batch, batch.epoch AS "epoch: Uint", batch.count,
                      batch.root, now.threshold, member.index,
                      packet.id, packet.source, packet.destination, packet.lane, packet.sequence AS "sequence: Uint",
                      packet.sender, packet.receiver, packet.timeout AS "timeout: Uint", packet.budget AS "budget: Uint",
                      packet.payload, packet.lane_name, packet.ordered
               FROM page
               JOIN batches AS batch ON batch.id = page.batch
               JOIN batch_leaves AS member ON member.batch = page.batch AND member.leaf = page.position
               JOIN gateways AS gateway ON gateway.id = page.checker
               JOIN gateway_states AS now ON now.gateway = page.checker
               JOIN packets AS packet ON packet.id = page.packet
               ORDER BY page.ready"#,
            island.as_ref(),
            position(after),
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        let mut batches: Vec<i64> = rows.iter().map(|row| row.batch).collect();
        batches.dedup();
        let batches = self.signed_batches(&batches).await?;
        let delivered: Vec<&[u8]> =
            rows.iter().filter(|row| row.kind == RESULT).map(|row| row.id.as_slice()).collect();
        let mut results = self.results(&delivered).await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let result = if row.kind == RESULT {
                let found = results.remove(&(row.id.clone(), row.other));
                found.ok_or_else(|| LedgerError::corrupt("the result of a delivery", &row.id))?
            } else {
                Vec::new()
            };
            let Some(signed) = batches.get(&row.batch) else { continue };
            let columns = PacketColumns {
                source: row.source,
                destination: row.destination,
                lane: row.lane,
                sequence: row.sequence,
                sender: row.sender,
                receiver: row.receiver,
                timeout: row.timeout,
                budget: row.budget,
                payload: row.payload,
                lane_name: row.lane_name,
                ordered: row.ordered,
            };
            let (packet, lane) = packet_of(columns)?;
            let index = usize::try_from(row.index).unwrap_or(usize::MAX);
            let path = Batch::tree(&signed.attestations).path(index);
            let path = path.ok_or_else(|| LedgerError::corrupt("place in a batch", row.index))?;
            let threshold = usize::try_from(row.threshold).unwrap_or(usize::MAX);
            items.push(Delivery {
                sequence: count("ready", row.ready)?,
                gateway: id("checker", &row.checker)?,
                address: row.address,
                packet,
                lane,
                attestation: read(row.kind, &row.id, row.success, &row.result)?,
                result,
                batch: Batch {
                    epoch: row.epoch.0,
                    count: u32::try_from(row.count).map_err(|_| LedgerError::corrupt("count", row.count))?,
                    root: id("root", &row.root)?,
                },
                proof: BatchProof {
                    index: u32::try_from(row.index)
                        .map_err(|_| LedgerError::corrupt("place in a batch", row.index))?,
                    path,
                },
                signatures: signed.signatures.iter().copied().take(threshold).collect(),
            });
        }
        let after = items.last().map_or(after, |last| last.sequence);
        Ok(Deliveries { items, after })
    }

    /// The results of deliveries: by packet and the gateway that delivered it.
    async fn results(&self, packets: &[&[u8]]) -> Result<HashMap<(Vec<u8>, Vec<u8>), Vec<u8>>, LedgerError> {
        if packets.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = sqlx::query!(
            r#"SELECT subject AS "packet!", gateway, result AS "result!" FROM gateway_events
               WHERE subject = ANY($1::bytea[]) AND kind = 'PacketDelivered'"#,
            packets as _,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| ((row.packet, row.gateway), row.result)).collect())
    }

    /// The members of batches, in their order.
    pub(crate) async fn batch_members(
        &self,
        batches: &[i64],
    ) -> Result<HashMap<i64, Vec<Attestation>>, LedgerError> {
        let rows = sqlx::query!(
            "SELECT member.batch, leaf.kind, leaf.packet, leaf.success, leaf.result
             FROM batch_leaves AS member JOIN leaves AS leaf ON leaf.position = member.leaf
             WHERE member.batch = ANY($1) ORDER BY member.batch, member.index",
            batches,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut members: HashMap<i64, Vec<Attestation>> = HashMap::new();
        for row in rows {
            let statement = read(row.kind, &row.packet, row.success, &row.result)?;
            members.entry(row.batch).or_default().push(statement);
        }
        Ok(members)
    }

    /// The members of batches in their order, and the signatures ascending by signer.
    async fn signed_batches(&self, batches: &[i64]) -> Result<HashMap<i64, Signed>, LedgerError> {
        let members = self.batch_members(batches).await?;
        let signatures = sqlx::query!(
            "SELECT batch, signature FROM attestations WHERE batch = ANY($1) ORDER BY batch, attestor",
            batches,
        )
        .fetch_all(&self.pool)
        .await?;
        let empty = |(batch, attestations)| (batch, Signed { attestations, signatures: Vec::new() });
        let mut signed: HashMap<i64, Signed> = members.into_iter().map(empty).collect();
        for row in signatures {
            if let Some(batch) = signed.get_mut(&row.batch) {
                batch.signatures.push(signature(&row.signature)?);
            }
        }
        Ok(signed)
    }
}
