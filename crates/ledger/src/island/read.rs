//! Reading islands and their gateways.

use std::collections::{HashMap, HashSet};

use causeway_api::{ClientHead, Gateway};
use causeway_protocol::{GatewayId, IslandId};

use super::{IslandRecord, IslandRef, parse_state};
use crate::column::{Uint, address, addresses, id};
use crate::gateway::GatewayRow;
use crate::{Ledger, LedgerError};

impl Ledger {
    /// One island.
    pub async fn island(&self, which: &IslandRef) -> Result<Option<IslandRecord>, LedgerError> {
        let (by_id, by_name) = match which {
            IslandRef::Id(id) => (Some(id.as_ref()), None),
            IslandRef::Name(name) => (None, Some(name.as_str())),
        };
        Ok(self.select_islands(by_id, by_name, None, 1).await?.pop())
    }

    /// At most `limit` islands in the order of their names, those after `after`.
    pub async fn islands(&self, after: Option<&str>, limit: u32) -> Result<Vec<IslandRecord>, LedgerError> {
        self.select_islands(None, None, after, limit).await
    }

    async fn select_islands(
        &self,
        by_id: Option<&[u8]>,
        by_name: Option<&str>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<IslandRecord>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT island.id, island.name, island.family, island.fingerprint, island.anchor, island.anchor_digest,
                      island.registered_by,
                      island.registered_at, now.state, now.head_height AS "head_height: Uint", now.head_hash,
                      now.head_time AS "head_time: Uint", client.bytes
               FROM islands AS island
               JOIN island_states AS now ON now.island = island.id
               JOIN client_states AS client ON client.island = island.id AND client.position = now.client
               WHERE ($1::bytea IS NULL OR island.id = $1) AND ($2::text IS NULL OR island.name = $2)
                 AND ($3::text IS NULL OR island.name > $3)
               ORDER BY island.name LIMIT $4"#,
            by_id,
            by_name,
            after,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        let ids: Vec<&[u8]> = rows.iter().map(|row| row.id.as_slice()).collect();
        let mut gateways: HashMap<IslandId, Vec<Gateway>> = HashMap::new();
        for row in self.gateway_rows(&ids).await? {
            let gateway = Gateway {
                id: row.id,
                address: row.address,
                state: row.life.shown(),
                owner: row.owner,
                proven: row.life.proven,
                epoch: row.life.attestors.epoch,
                threshold: row.life.attestors.threshold,
                attestors: row.life.attestors.attestors,
            };
            gateways.entry(row.island).or_default().push(gateway);
        }
        rows.into_iter()
            .map(|row| {
                let island: IslandId = id("island id", &row.id)?;
                let family = row.family.parse().map_err(|_| LedgerError::corrupt("family", &row.family))?;
                Ok(IslandRecord {
                    id: island,
                    name: row.name,
                    family,
                    state: parse_state(&row.state)
                        .ok_or_else(|| LedgerError::corrupt("state", &row.state))?,
                    fingerprint: id("fingerprint", &row.fingerprint)?,
                    anchor: id("anchor", &row.anchor)?,
                    anchor_digest: id("anchor digest", &row.anchor_digest)?,
                    gateways: gateways.remove(&island).unwrap_or_default(),
                    head: ClientHead {
                        height: row.head_height.0,
                        hash: id("head", &row.head_hash)?,
                        time: row.head_time.0,
                    },
                    client_state: row.bytes,
                    registered_by: row.registered_by,
                    registered_at: row.registered_at,
                })
            })
            .collect()
    }

    /// The trust anchor that an island was registered under, canonical bytes.
    pub async fn anchor(&self, island: IslandId) -> Result<Option<Vec<u8>>, LedgerError> {
        let anchor = sqlx::query_scalar!("SELECT anchor_bytes FROM islands WHERE id = $1", island.as_ref())
            .fetch_optional(&self.pool)
            .await?;
        Ok(anchor)
    }

    /// The gateways of an island as its light client wants them, those whose `Opened` is not proven included.
    pub async fn gateways(&self, island: IslandId) -> Result<Vec<causeway_verifier::Gateway>, LedgerError> {
        let rows = self.distinct_gateways(island).await?;
        let gateways = rows.into_iter().map(|row| causeway_verifier::Gateway {
            island: row.island,
            address: row.address,
            id: row.id,
        });
        Ok(gateways.collect())
    }

    /// The gateways of an island, each once: also one that several claim.
    pub(super) async fn distinct_gateways(&self, island: IslandId) -> Result<Vec<GatewayRow>, LedgerError> {
        let mut seen = HashSet::new();
        let mut rows = self.gateway_rows(&[island.as_ref()]).await?;
        rows.retain(|row| seen.insert(row.id));
        Ok(rows)
    }

    /// The gateways of `islands`, in the order of their registration: the open ones, then those that are claimed, once for every
    /// claim.
    pub(crate) async fn gateway_rows(&self, islands: &[&[u8]]) -> Result<Vec<GatewayRow>, LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT gateway.id, gateway.island, gateway.address, now.state, now.state_number AS "state_number: Uint",
                      gateway.owner AS "owner: Vec<u8>", now.suspended, now.proven, now.epoch AS "epoch: Uint", now.threshold, now.attestors,
                      now.cursor_number AS "cursor_number: Uint", now.cursor_height AS "cursor_height: Uint",
                      now.highest AS "highest: Uint"
               FROM gateways AS gateway JOIN gateway_states AS now ON now.gateway = gateway.id
               WHERE gateway.island = ANY($1::bytea[]) ORDER BY gateway.registered_at, gateway.id"#,
            islands as _,
        )
        .fetch_all(&self.pool)
        .await?;
        let open = rows
            .into_iter()
            .map(|row| {
                let gateway: GatewayId = id("gateway id", &row.id)?;
                GatewayRow::read(
                    gateway,
                    id("island id", &row.island)?,
                    (row.address, row.owner.map(|owner| address("owner", &owner)).transpose()?),
                    &row.state,
                    row.state_number,
                    (row.suspended, row.proven),
                    (row.epoch, row.threshold, addresses("attestor", &row.attestors)?),
                    (row.cursor_number, row.cursor_height, row.highest),
                )
            })
            .collect::<Result<Vec<_>, LedgerError>>()?;
        let claimed = self.claim_rows(islands).await?;
        Ok(open.into_iter().chain(claimed).collect())
    }
}
