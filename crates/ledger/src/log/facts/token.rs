//! Tokens: admitted, rotated, revoked.

use causeway_log::fact::{Form as _, TokenAdmitted, TokenRevoked, TokenRotated};
use uuid::Uuid;

use super::{Found, Keys, Tx, micros};
use crate::column::{address, id};
use crate::{FactKey, LedgerError};

impl FactKey {
    /// The admission of a token.
    pub fn token(token: Uuid) -> Self {
        Self::new(TokenAdmitted::FORM, token.into_bytes(), 0)
    }

    /// The revocation of a token.
    pub fn revocation(token: Uuid) -> Self {
        Self::new(TokenRevoked::FORM, token.into_bytes(), 0)
    }

    /// That a token was replaced by another.
    pub fn rotation(token: Uuid) -> Self {
        Self::new(TokenRotated::FORM, token.into_bytes(), 0)
    }
}

pub(super) async fn admitted(tx: &mut Tx, keys: &Keys<'_>) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, id, name, role, address, island, held_by_hub, created_at
           FROM UNNEST($1::uuid[]) WITH ORDINALITY AS key (token, place) JOIN tokens ON id = key.token"#,
        &keys.uuids()?,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let fact = TokenAdmitted {
            token: row.id.into_bytes(),
            name: row.name,
            role: row.role,
            address: row.address.map(|bytes| address("token address", &bytes)).transpose()?,
            island: row.island.map(|bytes| id("token island", &bytes)).transpose()?,
            held_by_hub: row.held_by_hub,
            at: micros(row.created_at)?,
        };
        Ok((row.place, fact.into()))
    });
    read.collect()
}

pub(super) async fn revoked(tx: &mut Tx, keys: &Keys<'_>) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, revocation.token, actor, at FROM UNNEST($1::uuid[]) WITH ORDINALITY AS key (token, place)
           JOIN token_revocations AS revocation ON revocation.token = key.token"#,
        &keys.uuids()?,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let at = micros(row.at)?;
        Ok((row.place, TokenRevoked { token: row.token.into_bytes(), actor: row.actor, at }.into()))
    });
    read.collect()
}

pub(super) async fn rotated(tx: &mut Tx, keys: &Keys<'_>) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, rotation.token, successor, actor, at, ends_at
           FROM UNNEST($1::uuid[]) WITH ORDINALITY AS key (token, place)
           JOIN token_rotations AS rotation ON rotation.token = key.token"#,
        &keys.uuids()?,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let fact = TokenRotated {
            token: row.token.into_bytes(),
            successor: row.successor.into_bytes(),
            actor: row.actor,
            at: micros(row.at)?,
            ends_at: micros(row.ends_at)?,
        };
        Ok((row.place, fact.into()))
    });
    read.collect()
}
