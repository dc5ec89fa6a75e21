//! Gateways, who claims them, and which were suspended.

use causeway_log::fact::{Form as _, GatewayClaimed, GatewayRegistered, GatewaySuspended};
use causeway_protocol::{Address, GatewayId};

use super::{Found, Keys, Tx, micros};
use crate::column::{Uint, address, count, id};
use crate::{FactKey, LedgerError};

impl FactKey {
    /// The registration of a gateway.
    pub fn gateway(gateway: GatewayId) -> Self {
        Self::new(GatewayRegistered::FORM, gateway.0, 0)
    }

    /// That somebody claims a gateway for this owner.
    pub fn claim(gateway: GatewayId, owner: Address) -> Self {
        Self::new(GatewayClaimed::FORM, [&gateway.0[..], &owner.0].concat(), 0)
    }
}

pub(super) async fn registered(tx: &mut Tx, keys: &Keys<'_>) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, id, island, address, registered_at
           FROM UNNEST($1::bytea[]) WITH ORDINALITY AS key (subject, place) JOIN gateways ON id = key.subject"#,
        keys.subjects() as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let (gateway, island) = (id("gateway", &row.id)?, id("island", &row.island)?);
        let at = micros(row.registered_at)?;
        Ok((row.place, GatewayRegistered { gateway, island, address: row.address, at }.into()))
    });
    read.collect()
}

pub(super) async fn suspended(tx: &mut Tx, keys: &Keys<'_>) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, position, gateway, reason, suspension.number AS "number: Uint", evidence.digest, at
           FROM UNNEST($1::bigint[]) WITH ORDINALITY AS key (number, place)
           JOIN gateway_suspensions AS suspension ON position = key.number
           JOIN evidence ON evidence.sequence = suspension.evidence"#,
        &keys.positions(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let fact = GatewaySuspended {
            gateway: id("gateway", &row.gateway)?,
            position: count("position", row.position)?,
            reason: row.reason,
            number: row.number.0,
            evidence: id("evidence", &row.digest)?,
            at: micros(row.at)?,
        };
        Ok((row.place, fact.into()))
    });
    read.collect()
}

pub(super) async fn claimed(tx: &mut Tx, keys: &Keys<'_>) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, gateway, island, address, birth, owner, actor, claimed_at
           FROM UNNEST($1::bytea[]) WITH ORDINALITY AS key (subject, place)
           JOIN gateway_claims ON gateway = substring(key.subject FROM 1 FOR 32) AND owner = substring(key.subject FROM 33)"#,
        keys.subjects() as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let fact = GatewayClaimed {
            gateway: id("gateway", &row.gateway)?,
            island: id("island", &row.island)?,
            address: row.address,
            birth: id("birth", &row.birth)?,
            owner: address("owner", &row.owner)?,
            actor: row.actor,
            at: micros(row.claimed_at)?,
        };
        Ok((row.place, fact.into()))
    });
    read.collect()
}
