//! What is recorded that the pieces of one transaction touch, kept up to date while they are judged.

use std::collections::{BTreeMap, HashMap, HashSet};

use causeway_api::IslandState;
use causeway_protocol::{Address, GatewayEventKind, GatewayId, Hash, IslandId};
use causeway_verifier::EvidenceKind;
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;
use uuid::Uuid;

use super::opening::{Claim, Proof};
use super::{Piece, Way};
use crate::LedgerError;
use crate::column::{Uint, address, addresses, count, id};
use crate::gateway::{Cursor, GatewayLife, GatewayRow};
use crate::island::parse_state;

/// Where an island stands.
#[derive(Debug, Clone)]
pub(super) struct IslandNow {
    pub(super) state: IslandState,
    /// Position of the newest client state.
    pub(super) client: i64,
    pub(super) height: u64,
    pub(super) hash: Hash,
    pub(super) time: u64,
    pub(super) recorded_at: OffsetDateTime,
    pub(super) moved: bool,
    /// Pieces of evidence recorded and their bytes: counted while it is pending.
    pub(super) stored: (u64, u64),
    /// What proved it, in this transaction.
    pub(super) proof: Option<Proof>,
}

/// Where a gateway stands, and stood when the transaction began.
#[derive(Debug, Clone)]
pub(super) struct GatewayNow {
    pub(super) island: IslandId,
    pub(super) island_state: IslandState,
    pub(super) before: GatewayLife,
    pub(super) life: GatewayLife,
    pub(super) cursor_before: Cursor,
    pub(super) cursor: Cursor,
    /// Events of this transaction by number, with their heights.
    pub(super) heights: BTreeMap<u64, u64>,
    /// The owners that somebody claims it under.
    pub(super) owners: Vec<Address>,
    /// Not entered as a gateway yet: it is claimed, and becomes one when it opens.
    pub(super) claim: Option<Claim>,
    /// As its `Opened` says, if that was recorded in this transaction.
    pub(super) opened_by: Option<Address>,
}

/// Where in its chain an event stands: the same place is the same event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) block: Hash,
    pub(super) transaction: u64,
    pub(super) log: u64,
}

/// Evidence recorded before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) sequence: u64,
    pub(super) events: u32,
}

#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) islands: HashMap<IslandId, IslandNow>,
    pub(super) gateways: HashMap<GatewayId, GatewayNow>,
    pub(super) known: HashMap<(IslandId, Hash), Known>,
    pub(super) revoked: HashSet<Uuid>,
    pub(super) headers: HashMap<(IslandId, u64), Hash>,
    pub(super) events: HashMap<(GatewayId, u64), Place>,
}

type Tx = Transaction<'static, Postgres>;

impl Snapshot {
    pub(super) async fn load(transaction: &mut Tx, pieces: &[Piece<'_>]) -> Result<Self, LedgerError> {
        let mut snapshot = Self::default();
        let islands: HashSet<IslandId> = pieces.iter().map(|piece| piece.island).collect();
        let islands: Vec<&[u8]> = islands.iter().map(AsRef::as_ref).collect();
        snapshot.load_islands(transaction, &islands).await?;
        snapshot.load_known(transaction, pieces).await?;
        snapshot.load_gateways(transaction, pieces, &islands).await?;
        snapshot.load_claims(transaction, &islands).await?;
        snapshot.load_stored(transaction, pieces).await?;
        snapshot.load_revoked(transaction, pieces).await?;
        snapshot.load_headers(transaction, pieces).await?;
        snapshot.load_events(transaction, pieces).await?;
        Ok(snapshot)
    }

    async fn load_islands(&mut self, transaction: &mut Tx, islands: &[&[u8]]) -> Result<(), LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT island, state, client, head_height AS "height: Uint", head_hash, head_time AS "time: Uint", recorded_at
               FROM island_states WHERE island = ANY($1::bytea[])"#,
            islands as _,
        )
        .fetch_all(&mut **transaction)
        .await?;
        for row in rows {
            let now = IslandNow {
                state: parse_state(&row.state).ok_or_else(|| LedgerError::corrupt("state", &row.state))?,
                client: row.client,
                height: row.height.0,
                hash: id("head", &row.head_hash)?,
                time: row.time.0,
                recorded_at: row.recorded_at,
                moved: false,
                stored: (0, 0),
                proof: None,
            };
            self.islands.insert(id("island", &row.island)?, now);
        }
        Ok(())
    }

    async fn load_known(&mut self, transaction: &mut Tx, pieces: &[Piece<'_>]) -> Result<(), LedgerError> {
        let islands: Vec<&[u8]> = pieces.iter().map(|piece| piece.island.as_ref()).collect();
        let digests: Vec<&[u8]> = pieces.iter().map(|piece| piece.digest.as_ref()).collect();
        let rows = sqlx::query!(
            "SELECT island, digest, sequence, events FROM evidence
             WHERE (island, digest) IN (SELECT * FROM UNNEST($1::bytea[], $2::bytea[]))",
            islands as _,
            digests as _,
        )
        .fetch_all(&mut **transaction)
        .await?;
        for row in rows {
            let events = u32::try_from(row.events).map_err(|_| LedgerError::corrupt("events", row.events))?;
            let known = Known { sequence: count("sequence", row.sequence)?, events };
            self.known.insert((id("island", &row.island)?, id("digest", &row.digest)?), known);
        }
        Ok(())
    }

    /// Every gateway of the islands, and the destinations of the packets sent.
    async fn load_gateways(
        &mut self,
        transaction: &mut Tx,
        pieces: &[Piece<'_>],
        islands: &[&[u8]],
    ) -> Result<(), LedgerError> {
        let destinations: HashSet<GatewayId> = events(pieces)
            .filter_map(|(_, event)| match &event.event.kind {
                GatewayEventKind::PacketSent { packet, .. } => Some(packet.destination),
                _ => None,
            })
            .collect();
        let destinations: Vec<&[u8]> = destinations.iter().map(AsRef::as_ref).collect();
        let rows = sqlx::query!(
            r#"SELECT gateway.id, gateway.island, island.state AS island_state, now.state,
                      now.state_number AS "state_number: Uint", now.suspended, now.proven, now.epoch AS "epoch: Uint", now.threshold,
                      now.attestors, now.cursor_number AS "cursor_number: Uint",
                      now.cursor_height AS "cursor_height: Uint", now.highest AS "highest: Uint"
               FROM gateways AS gateway JOIN gateway_states AS now ON now.gateway = gateway.id
               JOIN island_states AS island ON island.island = gateway.island
               WHERE gateway.island = ANY($1::bytea[]) OR gateway.id = ANY($2::bytea[])"#,
            islands as _,
            destinations as _,
        )
        .fetch_all(&mut **transaction)
        .await?;
        for row in rows {
            let gateway = GatewayRow::read(
                id("gateway", &row.id)?,
                id("island", &row.island)?,
                (Vec::new(), None),
                &row.state,
                row.state_number,
                (row.suspended, row.proven),
                (row.epoch, row.threshold, addresses("attestor", &row.attestors)?),
                (row.cursor_number, row.cursor_height, row.highest),
            )?;
            let island_state = parse_state(&row.island_state)
                .ok_or_else(|| LedgerError::corrupt("state", &row.island_state))?;
            let now = GatewayNow {
                island: gateway.island,
                island_state,
                before: gateway.life.clone(),
                life: gateway.life,
                cursor_before: gateway.cursor,
                cursor: gateway.cursor,
                heights: BTreeMap::new(),
                owners: Vec::new(),
                claim: None,
                opened_by: None,
            };
            self.gateways.insert(gateway.id, now);
        }
        Ok(())
    }

    /// Who claims which gateways of the islands. Those that are not open stand beside the ones that are.
    async fn load_claims(&mut self, transaction: &mut Tx, islands: &[&[u8]]) -> Result<(), LedgerError> {
        let rows = sqlx::query!(
            r#"SELECT claim.gateway, claim.island, claim.address, claim.owner, island.anchor_height AS "height: Uint"
               FROM gateway_claims AS claim JOIN islands AS island ON island.id = claim.island
               WHERE claim.island = ANY($1::bytea[]) ORDER BY claim.position"#,
            islands as _,
        )
        .fetch_all(&mut **transaction)
        .await?;
        for row in rows {
            let (gateway, island) = (id("gateway", &row.gateway)?, id("island", &row.island)?);
            let Some(now) = self.islands.get(&island) else { continue };
            let state = now.state;
            let cursor = Cursor { number: 0, height: row.height.0, highest: 0 };
            let known = self.gateways.entry(gateway).or_insert_with(|| GatewayNow {
                island,
                island_state: state,
                before: GatewayLife::default(),
                life: GatewayLife::default(),
                cursor_before: cursor,
                cursor,
                heights: BTreeMap::new(),
                owners: Vec::new(),
                claim: Some(Claim { address: row.address, height: row.height.0 }),
                opened_by: None,
            });
            known.owners.push(address("owner", &row.owner)?);
        }
        Ok(())
    }

    /// How much the islands that are being proven store.
    async fn load_stored(&mut self, transaction: &mut Tx, pieces: &[Piece<'_>]) -> Result<(), LedgerError> {
        let proving = pieces.iter().filter(|piece| matches!(piece.way, Way::Proof(_)));
        let islands: HashSet<IslandId> = proving.map(|piece| piece.island).collect();
        if islands.is_empty() {
            return Ok(());
        }
        let islands: Vec<&[u8]> = islands.iter().map(AsRef::as_ref).collect();
        let rows = sqlx::query!(
            r#"SELECT evidence.island, count(*) AS "pieces!", sum(octet_length(bytes))::bigint AS "bytes!" FROM evidence
               JOIN island_states AS now ON now.island = evidence.island
               WHERE evidence.island = ANY($1::bytea[]) AND now.state = 'pending' GROUP BY evidence.island"#,
            islands as _,
        )
        .fetch_all(&mut **transaction)
        .await?;
        for row in rows {
            if let Some(now) = self.islands.get_mut(&id("island", &row.island)?) {
                now.stored = (count("pieces", row.pieces)?, count("bytes", row.bytes)?);
            }
        }
        Ok(())
    }

    async fn load_revoked(&mut self, transaction: &mut Tx, pieces: &[Piece<'_>]) -> Result<(), LedgerError> {
        let tokens: HashSet<Uuid> = pieces.iter().filter_map(|piece| piece.token).collect();
        let tokens: Vec<Uuid> = tokens.into_iter().collect();
        let rows = sqlx::query_scalar!("SELECT token FROM token_revocations WHERE token = ANY($1)", &tokens)
            .fetch_all(&mut **transaction)
            .await?;
        self.revoked.extend(rows);
        Ok(())
    }

    /// The headers that back-fills end in.
    async fn load_headers(&mut self, transaction: &mut Tx, pieces: &[Piece<'_>]) -> Result<(), LedgerError> {
        let ends: Vec<&Piece<'_>> =
            pieces.iter().filter(|piece| piece.advance.kind != EvidenceKind::Run).collect();
        if ends.is_empty() {
            return Ok(());
        }
        let islands: Vec<&[u8]> = ends.iter().map(|piece| piece.island.as_ref()).collect();
        let heights: Vec<Uint> = ends.iter().map(|piece| Uint(piece.advance.last)).collect();
        let rows = sqlx::query!(
            r#"SELECT island, height AS "height: Uint", hash FROM headers
               WHERE (island, height) IN (SELECT * FROM UNNEST($1::bytea[], $2::numeric[]))"#,
            islands as _,
            heights as _,
        )
        .fetch_all(&mut **transaction)
        .await?;
        for row in rows {
            self.headers.insert((id("island", &row.island)?, row.height.0), id("header", &row.hash)?);
        }
        Ok(())
    }

    /// Where events stand that are recorded under numbers that come again.
    async fn load_events(&mut self, transaction: &mut Tx, pieces: &[Piece<'_>]) -> Result<(), LedgerError> {
        let again: Vec<(GatewayId, u64)> = events(pieces)
            .map(|(_, event)| (event.event.gateway, event.event.number))
            .filter(|(gateway, number)| {
                self.gateways.get(gateway).is_some_and(|gateway| *number <= gateway.cursor.highest)
            })
            .collect();
        if again.is_empty() {
            return Ok(());
        }
        let gateways: Vec<&[u8]> = again.iter().map(|(gateway, _)| gateway.as_ref()).collect();
        let numbers: Vec<Uint> = again.iter().map(|(_, number)| Uint(*number)).collect();
        let rows = sqlx::query!(
            r#"SELECT gateway, number AS "number: Uint", block, transaction AS "transaction: Uint", log AS "log: Uint"
               FROM gateway_events
               WHERE (gateway, number) IN (SELECT * FROM UNNEST($1::bytea[], $2::numeric[]))"#,
            gateways as _,
            numbers as _,
        )
        .fetch_all(&mut **transaction)
        .await?;
        for row in rows {
            let place =
                Place { block: id("block", &row.block)?, transaction: row.transaction.0, log: row.log.0 };
            self.events.insert((id("gateway", &row.gateway)?, row.number.0), place);
        }
        Ok(())
    }

    /// Gateways of which another attestor set came into force.
    pub(super) fn rotated(&self) -> Vec<GatewayId> {
        let changed = self.gateways.iter().filter(|(_, gateway)| {
            gateway.before.is_open() && gateway.before.attestors.epoch != gateway.life.attestors.epoch
        });
        changed.map(|(id, _)| *id).collect()
    }

    /// Whether something changed that decides what may be signed about packets recorded earlier.
    pub(super) fn holds_changed(&self) -> bool {
        self.gateways.values().any(|gateway| gateway.before.delivers() != gateway.life.delivers())
    }
}

fn events<'a>(
    pieces: &'a [Piece<'a>],
) -> impl Iterator<Item = (&'a Piece<'a>, &'a causeway_verifier::EventFact)> {
    pieces.iter().flat_map(|piece| piece.advance.events.iter().map(move |event| (piece, event)))
}
