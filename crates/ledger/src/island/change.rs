//! Changing an island's state, with its history.

use causeway_api::{IslandEvent, IslandState};
use causeway_protocol::{Hash, IslandId};
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;

use super::{IslandChange, IslandLife, IslandRecord, IslandRef, IslandRefusal, parse_state, state_name};
use crate::attestation::refresh_holds;
use crate::column::{count, id, position};
use crate::signals::Changes;
use crate::{Actor, Ledger, LedgerError};

/// Why an island's state was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is no such island.
    #[error("there is no such island")]
    NoSuchIsland,
    /// The approval names another anchor than the registered one.
    #[error("the anchor's digest is {expected}, the approval names {came}")]
    AnchorDiffers {
        /// The digest of the registered anchor.
        expected: Hash,
        /// The one in the approval.
        came: Hash,
    },
    /// The step does not lead on from where the island is.
    #[error(transparent)]
    Refused(#[from] IslandRefusal),
    /// An island with open packets does not end.
    #[error("{0} packets from or to it are still open: it ends by itself when they are home")]
    OpenPackets(u64),
    /// The database failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<sqlx::Error> for ChangeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.into())
    }
}

impl Ledger {
    /// Takes an island a step further in its life. What may be signed about its packets follows at once.
    pub async fn change_island(
        &self,
        island: IslandId,
        change: IslandChange,
        by: &Actor,
        reason: &str,
        now: OffsetDateTime,
    ) -> Result<IslandRecord, ChangeError> {
        let (mut transaction, mut tails) = self.begin().await?;
        let row = sqlx::query!(
            "SELECT now.state, island.anchor_digest FROM island_states AS now JOIN islands AS island ON island.id = now.island
             WHERE now.island = $1",
            island.as_ref(),
        )
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or(ChangeError::NoSuchIsland)?;
        let state = parse_state(&row.state).ok_or_else(|| LedgerError::corrupt("state", &row.state))?;
        let open = match change {
            IslandChange::Retire | IslandChange::End => open_packets(&mut transaction, island).await?,
            _ => 0,
        };
        // Whoever asks for the end does not have to know whether there is anything to wait for.
        let change = match (change, state) {
            (IslandChange::Retire, IslandState::Active | IslandState::Suspended) => IslandChange::Retire,
            (IslandChange::Retire, _) => IslandChange::End,
            (change, _) => change,
        };
        let next = IslandLife(state).apply(change)?;
        if let IslandChange::Approve { anchor_digest: came } = change {
            let expected = id("anchor digest", &row.anchor_digest)?;
            if came != expected {
                return Err(ChangeError::AnchorDiffers { expected, came });
            }
        }
        if change == IslandChange::End && open > 0 {
            return Err(ChangeError::OpenPackets(open));
        }
        enter(&mut transaction, island, change, next.0, by, reason, now).await?;
        if change == IslandChange::Retire && open == 0 {
            let end = next.apply(IslandChange::End)?;
            enter(&mut transaction, island, IslandChange::End, end.0, by, "no packet is open", now).await?;
        }
        refresh_holds(&mut transaction, &mut tails, now).await?;
        tails.store(&mut transaction).await?;
        transaction.commit().await?;
        self.signals().raise(Changes { leaves: true, batches: true, deliveries: true, ..Changes::default() });
        let record = self.island(&IslandRef::Id(island)).await?;
        record.ok_or(ChangeError::NoSuchIsland)
    }

    /// What was done to an island, oldest first: at most `limit` changes, those after the place `after`.
    pub async fn island_history(
        &self,
        island: IslandId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<IslandEvent>, LedgerError> {
        let rows = sqlx::query!(
            "SELECT position, change, state, actor, reason, at FROM island_changes
             WHERE island = $1 AND position > $2 ORDER BY position LIMIT $3",
            island.as_ref(),
            position(after),
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let state =
                    parse_state(&row.state).ok_or_else(|| LedgerError::corrupt("state", &row.state))?;
                Ok(IslandEvent {
                    sequence: count("place", row.position)?,
                    change: row.change,
                    state,
                    by: row.actor,
                    reason: row.reason,
                    at: row.at,
                })
            })
            .collect()
    }
}

/// Writes a change into history and makes it the present.
pub(crate) async fn enter(
    transaction: &mut Transaction<'static, Postgres>,
    island: IslandId,
    change: IslandChange,
    state: IslandState,
    by: &Actor,
    reason: &str,
    now: OffsetDateTime,
) -> Result<(), LedgerError> {
    sqlx::query!(
        "INSERT INTO island_changes (island, change, state, token, actor, reason, at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        island.as_ref(),
        change.done(),
        state_name(state),
        by.token,
        by.name,
        reason,
        now,
    )
    .execute(&mut **transaction)
    .await?;
    sqlx::query!("UPDATE island_states SET state = $2 WHERE island = $1", island.as_ref(), state_name(state))
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

pub(super) async fn open_packets(
    transaction: &mut Transaction<'static, Postgres>,
    island: IslandId,
) -> Result<u64, LedgerError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM packets AS packet JOIN packet_states AS now ON now.packet = packet.id
           LEFT JOIN gateways AS destination ON destination.id = packet.destination
           WHERE now.settlement IS NULL AND (packet.island = $1 OR destination.island = $1)"#,
        island.as_ref(),
    )
    .fetch_one(&mut **transaction)
    .await?;
    crate::column::count("open packets", count)
}
