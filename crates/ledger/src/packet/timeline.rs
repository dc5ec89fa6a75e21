//! Everything that happened to one packet.

use causeway_api::{Signed, Timeline, TimelineEvent};
use causeway_protocol::{AttestationKind, PacketId};

use crate::column::{Uint, address, id};
use crate::{Ledger, LedgerError};

impl Ledger {
    /// A packet's proven events and the signatures that cover it, each in the order of recording.
    pub async fn timeline(&self, packet: PacketId) -> Result<Option<Timeline>, LedgerError> {
        let events = sqlx::query!(
            r#"SELECT event.kind, event.gateway, event.number AS "number: Uint", event.height AS "height: Uint", event.block,
                      event.transaction AS "transaction: Uint", event.block_time AS "block_time: Uint",
                      evidence.island, evidence.digest, evidence.recorded_at
               FROM gateway_events AS event JOIN evidence ON evidence.sequence = event.evidence
               WHERE event.subject = $1 AND event.kind LIKE 'Packet%' ORDER BY event.evidence, event.gateway, event.number"#,
            packet.as_ref(),
        )
        .fetch_all(&self.pool)
        .await?;
        if events.is_empty() {
            return Ok(None);
        }
        let events = events.into_iter().map(|row| {
            Ok(TimelineEvent {
                event: row.kind,
                island: id("island", &row.island)?,
                gateway: id("gateway", &row.gateway)?,
                number: row.number.0,
                height: row.height.0,
                block: id("block", &row.block)?,
                transaction: u32::try_from(row.transaction.0).unwrap_or(u32::MAX),
                block_time: row.block_time.0,
                evidence: id("evidence", &row.digest)?,
                recorded_at: row.recorded_at,
            })
        });
        let events = events.collect::<Result<Vec<_>, LedgerError>>()?;
        let signatures = sqlx::query!(
            r#"SELECT leaf.kind, attestation.attestor, batch.epoch AS "epoch: Uint", attestation.recorded_at
               FROM leaves AS leaf JOIN batch_leaves AS member ON member.leaf = leaf.position
               JOIN batches AS batch ON batch.id = member.batch
               JOIN attestations AS attestation ON attestation.batch = batch.id
               WHERE leaf.packet = $1 ORDER BY attestation.recorded_at, batch.id, attestation.attestor"#,
            packet.as_ref(),
        )
        .fetch_all(&self.pool)
        .await?;
        let attestations = signatures.into_iter().map(|row| {
            let kind = u8::try_from(row.kind).ok().and_then(|kind| AttestationKind::try_from(kind).ok());
            Ok(Signed {
                kind: kind.ok_or_else(|| LedgerError::corrupt("kind of statement", row.kind))?,
                attestor: address("attestor", &row.attestor)?,
                epoch: row.epoch.0,
                recorded_at: row.recorded_at,
            })
        });
        let attestations = attestations.collect::<Result<Vec<_>, LedgerError>>()?;
        Ok(Some(Timeline { id: packet, events, attestations }))
    }
}
