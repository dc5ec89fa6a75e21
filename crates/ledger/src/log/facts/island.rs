//! Islands, and who changed them.

use causeway_log::fact::{Form as _, IslandChanged, IslandRegistered};
use causeway_protocol::IslandId;

use super::{Found, Keys, Tx, micros};
use crate::column::{Uint, count, id};
use crate::{FactKey, LedgerError};

impl FactKey {
    /// The registration of an island.
    pub fn island(island: IslandId) -> Self {
        Self::new(IslandRegistered::FORM, island.0, 0)
    }

    /// A change of an island: `position` counts the changes of all islands.
    pub fn island_change(island: IslandId, position: u64) -> Self {
        Self::new(IslandChanged::FORM, island.0, position)
    }
}

pub(super) async fn registered(tx: &mut Tx, keys: &Keys<'_>) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, id, name, family, fingerprint, anchor, anchor_height AS "height: Uint", anchor_digest, registered_at
           FROM UNNEST($1::bytea[]) WITH ORDINALITY AS key (subject, place) JOIN islands ON id = key.subject"#,
        keys.subjects() as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let fact = IslandRegistered {
            island: id("island", &row.id)?,
            name: row.name,
            family: row.family,
            fingerprint: id("fingerprint", &row.fingerprint)?,
            anchor: row.anchor,
            height: row.height.0,
            digest: id("anchor digest", &row.anchor_digest)?,
            at: micros(row.registered_at)?,
        };
        Ok((row.place, fact.into()))
    });
    read.collect()
}

pub(super) async fn changed(tx: &mut Tx, keys: &Keys<'_>) -> Result<Found, LedgerError> {
    let rows = sqlx::query!(
        r#"SELECT key.place, position, island, change, actor, reason, at
           FROM UNNEST($1::bigint[]) WITH ORDINALITY AS key (number, place) JOIN island_changes ON position = key.number"#,
        &keys.positions(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let fact = IslandChanged {
            island: id("island", &row.island)?,
            position: count("position", row.position)?,
            change: row.change,
            actor: row.actor,
            reason: row.reason,
            at: micros(row.at)?,
        };
        Ok((row.place, fact.into()))
    });
    read.collect()
}
