//! Whether a piece of evidence is recorded: against what is recorded, and what the pieces before it add.

use std::collections::HashMap;

use causeway_protocol::{GatewayId, Hash};
use causeway_verifier::{EventFact, EvidenceKind};
use time::OffsetDateTime;

use super::opening::{self, Opening, Way};
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
    let Sorted { lives, openings, fresh, conflicts } = sort_events(snapshot, piece).map_err(Err)?;

    tails.evidence += 1;
    for (gateway, life) in lives {
        if let Some(now) = snapshot.gateways.get_mut(&gateway) {
            now.life = life;
        }
    }
    for opening in &openings {
        opening.enter(snapshot, piece);
    }
    if let Some(island) = snapshot.islands.get_mut(&piece.island) {
        island.stored.0 += 1;
        island.stored.1 += piece.evidence.len() as u64;
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
    if !piece.way.leads_into(island.state) {
        return Err(RecordRefusal::IslandState(island.state));
    }
    if let Way::Proof(limits) = piece.way {
        limits.leave_room(island.stored, piece.evidence.len() as u64)?;
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
    /// The gateways that open in it.
    openings: Vec<Opening>,
    fresh: Vec<&'a EventFact>,
    conflicts: Vec<&'a EventFact>,
}

/// Sorts events into new ones, ones recorded before, and ones that contradict those.
///
/// An event that no gateway of this hub can have emitted at this point is passed over: one before the `Opened`, a second `Opened`,
/// anything of a gateway that opened for another hub. Refusing the piece for it would let whoever registers a contract of their
/// own keep an island's evidence out. A back-fill moves nothing on, so of one that brings nothing else the reason is told.
fn sort_events<'a>(snapshot: &Snapshot, piece: &Piece<'a>) -> Result<Sorted<'a>, RecordRefusal> {
    let mut sorted =
        Sorted { lives: HashMap::new(), openings: Vec::new(), fresh: Vec::new(), conflicts: Vec::new() };
    let mut passed_over = None;
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
                let life = sorted.lives.get(&gateway).unwrap_or(&known.life).clone();
                let Ok(mut next) = life.apply(number, &fact.event.kind) else {
                    passed_over.get_or_insert(RecordRefusal::GatewayNotOpened { gateway, number });
                    continue;
                };
                if let Some(opening) = Opening::of(fact, known) {
                    if let Err(refusal) = opening.for_hub(piece.hub) {
                        passed_over.get_or_insert(refusal);
                        continue;
                    }
                    next.proven |= opening.claimed;
                    sorted.openings.push(opening);
                }
                sorted.lives.insert(gateway, next);
                here.insert((gateway, number), place);
                sorted.fresh.push(fact);
            }
        }
    }
    let brings_nothing = sorted.fresh.is_empty() && sorted.conflicts.is_empty();
    if let Some(refusal) = passed_over.filter(|_| brings_nothing && piece.advance.kind != EvidenceKind::Run) {
        return Err(refusal);
    }
    if matches!(piece.way, Way::Proof(_)) {
        opening::prove_something(snapshot, piece, &sorted.openings)?;
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
