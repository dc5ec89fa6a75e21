//! Facts as they stand in the tables, read back into their canonical form.
//!
//! Every table read here is append-only, so a fact reads the same for ever and only its salt has to be kept.

use causeway_log::{EventFact, Fact};
use causeway_protocol::keccak256;
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;
use uuid::Uuid;

use super::keys::FactKey;
use crate::LedgerError;
use crate::column::{Uint, address, count, id, signature};

type Tx = Transaction<'static, Postgres>;
type Found = Vec<(Option<i64>, Fact)>;

/// Microseconds since the Unix epoch: what a TIMESTAMPTZ holds.
fn micros(at: OffsetDateTime) -> Result<u64, LedgerError> {
    u64::try_from(at.unix_timestamp_nanos() / 1000).map_err(|_| LedgerError::corrupt("time", at))
}

/// The facts of these keys, in their order.
pub(super) async fn load(tx: &mut Tx, keys: &[FactKey]) -> Result<Vec<Fact>, LedgerError> {
    let mut facts: Vec<Option<Fact>> = vec![None; keys.len()];
    for form in 1..=10 {
        let wanted: Vec<usize> =
            keys.iter().enumerate().filter(|(_, key)| key.form == form).map(|(at, _)| at).collect();
        if wanted.is_empty() {
            continue;
        }
        let of_form: Vec<&FactKey> = wanted.iter().filter_map(|at| keys.get(*at)).collect();
        for (place, fact) in load_form(tx, form, &of_form).await? {
            let place = place.and_then(|place| usize::try_from(place - 1).ok());
            let at = place.and_then(|place| wanted.get(place)).copied();
            if let Some(slot) = at.and_then(|at| facts.get_mut(at)) {
                *slot = Some(fact);
            }
        }
    }
    let read = facts
        .into_iter()
        .zip(keys)
        .map(|(fact, key)| fact.ok_or_else(|| LedgerError::corrupt("log fact", key)));
    read.collect()
}

async fn load_form(tx: &mut Tx, form: i16, keys: &[&FactKey]) -> Result<Found, LedgerError> {
    let subjects: Vec<&[u8]> = keys.iter().map(|key| key.subject.as_slice()).collect();
    let numbers: Vec<Uint> = keys.iter().map(|key| key.number).collect();
    let positions: Vec<i64> = keys.iter().map(|key| key.position()).collect();
    match form {
        1 => islands(tx, &subjects).await,
        2 => gateways(tx, &subjects).await,
        3 => island_changes(tx, &positions).await,
        4 => suspensions(tx, &positions).await,
        5 => evidence(tx, &positions).await,
        6 => events(tx, &subjects, &numbers).await,
        7 => misbehaviours(tx, &subjects).await,
        8 | 9 => {
            let tokens = keys.iter().map(|key| key.uuid()).collect::<Result<Vec<_>, _>>()?;
            if form == 8 { tokens_admitted(tx, &tokens).await } else { tokens_revoked(tx, &tokens).await }
        }
        _ => attestations(tx, &subjects, &positions).await,
    }
}

async fn islands(tx: &mut Tx, ids: &[&[u8]]) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, id, name, family, fingerprint, anchor, anchor_height AS "height: Uint", anchor_digest, registered_at
           FROM UNNEST($1::bytea[]) WITH ORDINALITY AS key (subject, place) JOIN islands ON id = key.subject"#,
        ids as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let fact = Fact::IslandRegistered {
            island: id("island", &row.id)?,
            name: row.name,
            family: row.family,
            fingerprint: id("fingerprint", &row.fingerprint)?,
            anchor: row.anchor,
            height: row.height.0,
            digest: id("anchor digest", &row.anchor_digest)?,
            at: micros(row.registered_at)?,
        };
        Ok((row.place, fact))
    });
    read.collect()
}

async fn gateways(tx: &mut Tx, ids: &[&[u8]]) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, id, island, address, registered_at
           FROM UNNEST($1::bytea[]) WITH ORDINALITY AS key (subject, place) JOIN gateways ON id = key.subject"#,
        ids as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let (gateway, island) = (id("gateway", &row.id)?, id("island", &row.island)?);
        let at = micros(row.registered_at)?;
        Ok((row.place, Fact::GatewayRegistered { gateway, island, address: row.address, at }))
    });
    read.collect()
}

async fn island_changes(tx: &mut Tx, positions: &[i64]) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, position, island, change, actor, reason, at
           FROM UNNEST($1::bigint[]) WITH ORDINALITY AS key (number, place) JOIN island_changes ON position = key.number"#,
        positions,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let fact = Fact::IslandChanged {
            island: id("island", &row.island)?,
            position: count("position", row.position)?,
            change: row.change,
            actor: row.actor,
            reason: row.reason,
            at: micros(row.at)?,
        };
        Ok((row.place, fact))
    });
    read.collect()
}

async fn suspensions(tx: &mut Tx, positions: &[i64]) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, position, gateway, reason, suspension.number AS "number: Uint", evidence.digest, at
           FROM UNNEST($1::bigint[]) WITH ORDINALITY AS key (number, place)
           JOIN gateway_suspensions AS suspension ON position = key.number
           JOIN evidence ON evidence.sequence = suspension.evidence"#,
        positions,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let fact = Fact::GatewaySuspended {
            gateway: id("gateway", &row.gateway)?,
            position: count("position", row.position)?,
            reason: row.reason,
            number: row.number.0,
            evidence: id("evidence", &row.digest)?,
            at: micros(row.at)?,
        };
        Ok((row.place, fact))
    });
    read.collect()
}

async fn evidence(tx: &mut Tx, sequences: &[i64]) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, sequence, island, digest, kind, first AS "first: Uint", last AS "last: Uint", events, relayer,
                  signature, recorded_at
           FROM UNNEST($1::bigint[]) WITH ORDINALITY AS key (number, place) JOIN evidence ON sequence = key.number"#,
        sequences,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let fact = Fact::EvidenceRecorded {
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
        Ok((row.place, fact))
    });
    read.collect()
}

async fn events(tx: &mut Tx, gateways: &[&[u8]], numbers: &[Uint]) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, gateway, event.number AS "number: Uint", event.kind, event.subject, success, outcome, result,
                  height AS "height: Uint", block, transaction AS "transaction: Uint", log AS "log: Uint",
                  block_time AS "time: Uint", evidence.digest, evidence.recorded_at
           FROM UNNEST($1::bytea[], $2::numeric[]) WITH ORDINALITY AS key (subject, number, place)
           JOIN gateway_events AS event ON gateway = key.subject AND event.number = key.number
           JOIN evidence ON evidence.sequence = event.evidence"#,
        gateways as _,
        numbers as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let outcome = row.outcome.map(u8::try_from).transpose();
        let fact = Fact::GatewayEvent(EventFact {
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
        });
        Ok((row.place, fact))
    });
    read.collect()
}

async fn misbehaviours(tx: &mut Tx, keys: &[&[u8]]) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, island, digest, meeting AS "meeting: Uint", height AS "height: Uint", first_block, second_block,
                  recorded_at
           FROM UNNEST($1::bytea[]) WITH ORDINALITY AS key (subject, place)
           JOIN misbehaviours ON island = substring(key.subject FROM 1 FOR 32) AND digest = substring(key.subject FROM 33)"#,
        keys as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let fact = Fact::MisbehaviourProven {
            island: id("island", &row.island)?,
            digest: id("digest", &row.digest)?,
            meeting: row.meeting.0,
            height: row.height.0,
            blocks: [row.first_block, row.second_block],
            at: micros(row.recorded_at)?,
        };
        Ok((row.place, fact))
    });
    read.collect()
}

async fn tokens_admitted(tx: &mut Tx, tokens: &[Uuid]) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, id, name, role, address, island, held_by_hub, created_at
           FROM UNNEST($1::uuid[]) WITH ORDINALITY AS key (token, place) JOIN tokens ON id = key.token"#,
        tokens,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let fact = Fact::TokenAdmitted {
            token: row.id.into_bytes(),
            name: row.name,
            role: row.role,
            address: row.address.map(|bytes| address("token address", &bytes)).transpose()?,
            island: row.island.map(|bytes| id("token island", &bytes)).transpose()?,
            held_by_hub: row.held_by_hub,
            at: micros(row.created_at)?,
        };
        Ok((row.place, fact))
    });
    read.collect()
}

async fn tokens_revoked(tx: &mut Tx, tokens: &[Uuid]) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, revocation.token, actor, at FROM UNNEST($1::uuid[]) WITH ORDINALITY AS key (token, place)
           JOIN token_revocations AS revocation ON revocation.token = key.token"#,
        tokens,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let at = micros(row.at)?;
        Ok((row.place, Fact::TokenRevoked { token: row.token.into_bytes(), actor: row.actor, at }))
    });
    read.collect()
}

async fn attestations(tx: &mut Tx, attestors: &[&[u8]], batches: &[i64]) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, checker, epoch AS "epoch: Uint", batches.count, root, attestation.attestor, signature, recorded_at
           FROM UNNEST($1::bytea[], $2::bigint[]) WITH ORDINALITY AS key (attestor, batch, place)
           JOIN attestations AS attestation ON attestation.batch = key.batch AND attestation.attestor = key.attestor
           JOIN batches ON batches.id = attestation.batch"#,
        attestors as _,
        batches,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let fact = Fact::BatchAttested {
            gateway: id("gateway", &row.checker)?,
            epoch: row.epoch.0,
            count: count("count", row.count.into())?,
            root: id("root", &row.root)?,
            attestor: address("attestor", &row.attestor)?,
            signature: signature(&row.signature)?,
            at: micros(row.recorded_at)?,
        };
        Ok((row.place, fact))
    });
    read.collect()
}
