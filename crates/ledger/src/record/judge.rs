//! Whether a piece of evidence is recorded: against what is recorded, and what the pieces before it add.

use std::collections::HashMap;

use causeway_api::IslandState;
use causeway_protocol::{GatewayId, Hash};
use causeway_verifier::{EventFact, EvidenceKind};
use time::OffsetDateTime;

use super::snapshot::{Known, Place, Snapshot};
use super::{Piece, RecordRefusal, Recorded, Verdict};
use crate::gateway::GatewayLife;
use crate::ledger::Tails;

/// A piece that is recorded, with its place and its events.
#[derive(Debug)]
pub(super) struct News<'a> {
    pub(super) sequence: i64,
    pub(super) recorded_at: OffsetDateTime,
    /// The island's next client state; none when the head does not move.
    pub(super) client: Option<i64>,
    /// Events recorded for the first time.
    pub(super) events: Vec<&'a EventFact>,
    /// Events under numbers that other events have.
    pub(super) conflicts: Vec<&'a EventFact>,
}

/// The news of `piece`, or why there are none: it is known already, or it is refused. `snapshot` then stands after it.
pub(super) fn judge<'a>(
    snapshot: &mut Snapshot,
    tails: &mut Tails,
    piece: &Piece<'a>,
) -> Result<News<'a>, Verdict> {
    if let Some(known) = snapshot.known.get(&(piece.island, piece.digest)) {
        let Known { sequence, events } = *known;
        return Err(Ok(Recorded { sequence, digest: piece.digest, events, known: true }));
    }
    takes_evidence(snapshot, piece).map_err(Err)?;
    links(snapshot, piece).map_err(Err)?;
    let Sorted { lives, fresh, conflicts } = sort_events(snapshot, piece).map_err(Err)?;

    tails.evidence += 1;
    for (gateway, life) in lives {
        if let Some(now) = snapshot.gateways.get_mut(&gateway) {
            now.life = life;
        }
    }
    for event in &fresh {
        remember(snapshot, event);
    }
    let sequence = tails.evidence;
    let events = u32::try_from(piece.advance.events.len()).unwrap_or(u32::MAX);
    let known = Known { sequence: sequence.unsigned_abs(), events };
    snapshot.known.insert((piece.island, piece.digest), known);
    for header in &piece.advance.headers {
        snapshot.headers.insert((piece.island, header.height), header.hash);
    }
    let (recorded_at, client) = move_head(snapshot, piece);
    Ok(News { sequence, recorded_at, client, events: fresh, conflicts })
}

/// The island is known and takes evidence, and the token still counts.
fn takes_evidence(snapshot: &Snapshot, piece: &Piece<'_>) -> Result<(), RecordRefusal> {
    let island = snapshot.islands.get(&piece.island).ok_or(RecordRefusal::NoSuchIsland)?;
    if !matches!(island.state, IslandState::Active | IslandState::Suspended) {
        return Err(RecordRefusal::IslandState(island.state));
    }
    if piece.token.is_some_and(|token| snapshot.revoked.contains(&token)) {
        return Err(RecordRefusal::TokenRevoked);
    }
    Ok(())
}

/// A run links to the head: the compare-and-set of the client state. Anything else ends in a recorded header.
fn links(snapshot: &Snapshot, piece: &Piece<'_>) -> Result<(), RecordRefusal> {
    let advance = piece.advance;
    let island = snapshot.islands.get(&piece.island).ok_or(RecordRefusal::NoSuchIsland)?;
    if advance.kind == EvidenceKind::Run {
        let came = advance.headers.first().map_or(Hash::ZERO, |header| header.parent);
        if came != island.hash || Some(advance.first) != island.height.checked_add(1) {
            return Err(RecordRefusal::HeadMoved { height: island.height, hash: island.hash, came });
        }
        return Ok(());
    }
    let hash = advance.headers.last().map_or(Hash::ZERO, |header| header.hash);
    match snapshot.headers.get(&(piece.island, advance.last)) {
        Some(recorded) if *recorded == hash => Ok(()),
        _ => Err(RecordRefusal::UnknownHeader { height: advance.last, hash }),
    }
}

struct Sorted<'a> {
    /// Where the gateways concerned stand after the piece.
    lives: HashMap<GatewayId, GatewayLife>,
    fresh: Vec<&'a EventFact>,
    conflicts: Vec<&'a EventFact>,
}

/// Sorts events into new ones, ones recorded before, and ones that contradict those.
fn sort_events<'a>(snapshot: &Snapshot, piece: &Piece<'a>) -> Result<Sorted<'a>, RecordRefusal> {
    let mut sorted = Sorted { lives: HashMap::new(), fresh: Vec::new(), conflicts: Vec::new() };
    let mut here: HashMap<(GatewayId, u64), Place> = HashMap::new();
    for fact in &piece.advance.events {
        let (gateway, number) = (fact.event.gateway, fact.event.number);
        let known = snapshot.gateways.get(&gateway).filter(|known| known.island == piece.island);
        let Some(known) = known else {
            return Err(RecordRefusal::UnknownGateway { gateway });
        };
        let place = place(fact);
        match here.get(&(gateway, number)).or_else(|| snapshot.events.get(&(gateway, number))) {
            Some(recorded) if *recorded == place => {}
            Some(_) => sorted.conflicts.push(fact),
            None => {
                let life = sorted.lives.remove(&gateway).unwrap_or_else(|| known.life.clone());
                let next = life
                    .apply(number, &fact.event.kind)
                    .map_err(|_| RecordRefusal::GatewayNotOpened { gateway, number })?;
                sorted.lives.insert(gateway, next);
                here.insert((gateway, number), place);
                sorted.fresh.push(fact);
            }
        }
    }
    Ok(sorted)
}

fn place(fact: &EventFact) -> Place {
    Place { block: fact.block, transaction: fact.transaction, log: fact.log }
}

fn remember(snapshot: &mut Snapshot, fact: &EventFact) {
    let (gateway, number) = (fact.event.gateway, fact.event.number);
    snapshot.events.insert((gateway, number), place(fact));
    if let Some(now) = snapshot.gateways.get_mut(&gateway) {
        now.heights.insert(number, fact.height);
        now.cursor.highest = now.cursor.highest.max(number);
    }
}

/// The island's time and, after a run, its head.
fn move_head(snapshot: &mut Snapshot, piece: &Piece<'_>) -> (OffsetDateTime, Option<i64>) {
    let Some(island) = snapshot.islands.get_mut(&piece.island) else { return (piece.recorded_at, None) };
    island.recorded_at = island.recorded_at.max(piece.recorded_at);
    island.moved = true;
    let run = piece.advance.kind == EvidenceKind::Run;
    let client = piece.advance.headers.last().filter(|_| run).map(|head| {
        island.client += 1;
        (island.height, island.hash, island.time) = (head.height, head.hash, head.time);
        island.client
    });
    (island.recorded_at, client)
}
