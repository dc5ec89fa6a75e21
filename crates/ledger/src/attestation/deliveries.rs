//! Deliveries: statements that enough attestors have signed and no chain has proven done.

use std::collections::HashMap;

use causeway_api::{Deliveries, Delivery};
use causeway_protocol::{Attestation, Batch, BatchProof, IslandId, Signature};

use super::leaves::read;
use crate::column::{Uint, count, id, position, signature};
use crate::packet::{PacketColumns, packet_of};
use crate::{Ledger, LedgerError};

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
            r#"SELECT leaf.ready AS "ready!", leaf.kind, leaf.success AS leaf_success, leaf.result AS leaf_result,
                      leaf.checker, gateway.address, batch.id AS batch, batch.epoch AS "epoch: Uint", batch.count,
                      batch.root, now.threshold, member.index, delivered.result AS "result_bytes?",
                      packet.id, packet.source, packet.destination, packet.lane, packet.sequence AS "sequence: Uint",
                      packet.sender, packet.receiver, packet.timeout AS "timeout: Uint", packet.budget AS "budget: Uint",
                      packet.payload, packet.lane_name, packet.ordered
               FROM leaves AS leaf
               JOIN batches AS batch ON batch.id = leaf.batch
               JOIN batch_leaves AS member ON member.batch = leaf.batch AND member.leaf = leaf.position
               JOIN gateways AS gateway ON gateway.id = leaf.checker
               JOIN gateway_states AS now ON now.gateway = leaf.checker
               JOIN packets AS packet ON packet.id = leaf.packet
               LEFT JOIN gateway_events AS delivered
                 ON leaf.kind = 3 AND delivered.subject = leaf.packet AND delivered.gateway = leaf.other
                    AND delivered.kind = 'PacketDelivered'
               WHERE leaf.island = $1 AND leaf.ready > $2 AND NOT leaf.held AND NOT leaf.done
               ORDER BY leaf.ready LIMIT $3"#,
            island.as_ref(),
            position(after),
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        let mut batches: Vec<i64> = rows.iter().map(|row| row.batch).collect();
        batches.dedup();
        let batches = self.signed_batches(&batches).await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
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
                attestation: read(row.kind, &row.id, row.leaf_success, &row.leaf_result)?,
                result: row.result_bytes.unwrap_or_default(),
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

    /// The members of batches in their order, and the signatures ascending by signer.
    async fn signed_batches(&self, batches: &[i64]) -> Result<HashMap<i64, Signed>, LedgerError> {
        let members = sqlx::query!(
            "SELECT member.batch, leaf.kind, leaf.packet, leaf.success, leaf.result
             FROM batch_leaves AS member JOIN leaves AS leaf ON leaf.position = member.leaf
             WHERE member.batch = ANY($1) ORDER BY member.batch, member.index",
            batches,
        )
        .fetch_all(&self.pool)
        .await?;
        let signatures = sqlx::query!(
            "SELECT batch, signature FROM attestations WHERE batch = ANY($1) ORDER BY batch, attestor",
            batches,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut signed: HashMap<i64, Signed> = HashMap::new();
        for row in members {
            let attestation = read(row.kind, &row.packet, row.success, &row.result)?;
            let entry = signed.entry(row.batch);
            let batch = entry.or_insert_with(|| Signed { attestations: Vec::new(), signatures: Vec::new() });
            batch.attestations.push(attestation);
        }
        for row in signatures {
            if let Some(batch) = signed.get_mut(&row.batch) {
                batch.signatures.push(signature(&row.signature)?);
            }
        }
        Ok(signed)
    }
}
