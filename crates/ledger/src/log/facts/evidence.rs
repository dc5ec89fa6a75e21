//! Evidence, and what it proves.

use causeway_log::fact::{EvidenceRecorded, Form as _, GatewayEvent, MisbehaviourProven};
use causeway_protocol::{GatewayId, Hash, IslandId, keccak256};

use super::{Found, Keys, Tx, micros};
use crate::column::{Uint, address, count, id, signature};
use crate::{FactKey, LedgerError};

impl FactKey {
    /// Recorded evidence.
    pub fn evidence(sequence: u64) -> Self {
        Self::new(EvidenceRecorded::FORM, [], sequence)
    }

    /// An event of a gateway.
    pub fn event(gateway: GatewayId, number: u64) -> Self {
        Self::new(GatewayEvent::FORM, gateway.0, number)
    }

    /// Proven misbehaviour.
    pub fn misbehaviour(island: IslandId, digest: Hash) -> Self {
        Self::new(MisbehaviourProven::FORM, [island.0, digest.0].concat(), 0)
    }
}

pub(super) async fn recorded(tx: &mut Tx, keys: &Keys<'_>) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, sequence, island, digest, kind, first AS "first: Uint", last AS "last: Uint", events, relayer,
                  signature, recorded_at
           FROM UNNEST($1::bigint[]) WITH ORDINALITY AS key (number, place) JOIN evidence ON sequence = key.number"#,
        &keys.positions(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let fact = EvidenceRecorded {
            sequence: count("sequence", row.sequence)?,
            island: id("island", &row.island)?,
            digest: id("digest", &row.digest)?,
            kind: row.kind,
            first: row.first.0,
            last: row.last.0,
            events: count("events", row.events.into())?,
            relayer: address("relayer", &row.relayer)?,
            signature: signature(&row.signature)?,
            at: micros(row.recorded_at)?,
        };
        Ok((row.place, fact.into()))
    });
    read.collect()
}

pub(super) async fn event(tx: &mut Tx, keys: &Keys<'_>) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, gateway, event.number AS "number: Uint", event.kind, event.subject, success, outcome, result,
                  height AS "height: Uint", block, transaction AS "transaction: Uint", log AS "log: Uint",
                  block_time AS "time: Uint", evidence.digest, evidence.recorded_at
           FROM UNNEST($1::bytea[], $2::numeric[]) WITH ORDINALITY AS key (subject, number, place)
           JOIN gateway_events AS event ON gateway = key.subject AND event.number = key.number
           JOIN evidence ON evidence.sequence = event.evidence"#,
        keys.subjects() as _,
        keys.numbers() as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let outcome = row.outcome.map(u8::try_from).transpose();
        let fact = GatewayEvent {
            gateway: id("gateway", &row.gateway)?,
            number: row.number.0,
            event: row.kind,
            subject: row.subject.map(|subject| id("subject", &subject)).transpose()?,
            success: row.success,
            outcome: outcome.map_err(|_| LedgerError::corrupt("outcome", row.outcome))?,
            result: row.result.map(|result| keccak256(&result)),
            height: row.height.0,
            block: row.block,
            transaction: row.transaction.0,
            log: row.log.0,
            time: row.time.0,
            evidence: id("evidence", &row.digest)?,
            at: micros(row.recorded_at)?,
        };
        Ok((row.place, fact.into()))
    });
    read.collect()
}

pub(super) async fn misbehaviour(tx: &mut Tx, keys: &Keys<'_>) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, island, digest, meeting AS "meeting: Uint", height AS "height: Uint", first_block, second_block,
                  recorded_at
           FROM UNNEST($1::bytea[]) WITH ORDINALITY AS key (subject, place)
           JOIN misbehaviours ON island = substring(key.subject FROM 1 FOR 32) AND digest = substring(key.subject FROM 33)"#,
        keys.subjects() as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let fact = MisbehaviourProven {
            island: id("island", &row.island)?,
            digest: id("digest", &row.digest)?,
            meeting: row.meeting.0,
            height: row.height.0,
            blocks: [row.first_block, row.second_block],
            at: micros(row.recorded_at)?,
        };
        Ok((row.place, fact.into()))
    });
    read.collect()
}
