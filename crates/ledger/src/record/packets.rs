//! What recorded events mean for packets: their lives, and the statements to be signed about them.

use std::collections::HashMap;

use causeway_api::IslandState;
use causeway_protocol::{Attestation, AttestationKind, GatewayId, IslandId, PacketId};
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;

use super::fold::{About, Fault, Folded, Sent, Suspension};
use super::snapshot::Snapshot;
use crate::LedgerError;
use crate::attestation::{NewLeaf, insert_leaves};
use crate::ledger::Tails;
use crate::packet::{
    Loaded, NewPacket, Orphan, Outcome, PacketEvent, PacketLife, insert_orphans, insert_packets,
    insert_states, keep_conflict, load_packets, load_waiting, take_orphans, update_states, wait_for_opening,
};

/// What changed beside the packets themselves.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct News {
    /// Statements were made.
    pub(super) leaves: bool,
    /// Statements are done.
    pub(super) done: bool,
}

/// A packet while events are applied to it.
struct Now {
    source: GatewayId,
    destination: GatewayId,
    island: IslandId,
    life: PacketLife,
    settled_at: Option<OffsetDateTime>,
    changed_at: OffsetDateTime,
    /// Sent in this transaction.
    fresh: Option<OffsetDateTime>,
    changed: bool,
}

type Tx = Transaction<'static, Postgres>;

/// Records packets sent, applies what is proven about packets, and makes the statements that follow.
pub(super) async fn follow(
    transaction: &mut Tx,
    tails: &mut Tails,
    snapshot: &Snapshot,
    folded: &mut Folded<'_>,
) -> Result<News, LedgerError> {
    let fresh = record_sent(transaction, tails, folded).await?;
    let mut packets = HashMap::new();
    for sent in &fresh {
        packets.insert(sent.id, Now::sent(sent));
    }
    let ids: Vec<PacketId> = fresh.iter().map(|sent| sent.id).collect();
    let orphans = take_orphans(transaction, &ids).await?;
    let mut about: Vec<About> = orphans.into_iter().map(About::from).collect();
    about.append(&mut folded.about);
    load_others(transaction, &mut packets, &about).await?;

    let mut applied = apply(&mut packets, about);
    folded.suspensions.append(&mut applied.suspensions);
    insert_orphans(transaction, &applied.orphans).await?;

    let mut leaves = applied.leaves;
    let mut waiting = Vec::new();
    for sent in &fresh {
        let Some(packet) = packets.get_mut(&sent.id) else { continue };
        if packet.life.outcome.is_some() || packet.life.settlement.is_some() {
            continue;
        }
        match deliver_leaf(snapshot, sent) {
            Some(leaf) => {
                packet.life.held = leaf.held;
                leaves.push(leaf);
            }
            None => waiting.push((sent.packet.destination, sent.id)),
        }
    }
    wait_for_opening(transaction, &waiting).await?;
    leaves.extend(opened(transaction, snapshot).await?);
    write_states(transaction, &packets).await?;
    insert_leaves(transaction, tails, &leaves).await?;
    mark_done(transaction, &applied.done).await?;
    Ok(News { leaves: !leaves.is_empty(), done: !applied.done.is_empty() })
}

/// What follows from events about packets.
#[derive(Default)]
struct Applied {
    /// How packets ended, to be told at home.
    leaves: Vec<NewLeaf>,
    done: Vec<(PacketId, Done)>,
    suspensions: Vec<Suspension>,
    /// Events about packets that are not recorded: packet, gateway, number.
    orphans: Vec<(PacketId, GatewayId, u64)>,
}

/// Applies events to the packets they are about, in the order of recording.
fn apply(packets: &mut HashMap<PacketId, Now>, about: Vec<About>) -> Applied {
    let mut applied = Applied::default();
    for event in about {
        let Some(packet) = packets.get_mut(&event.packet) else {
            applied.orphans.push((event.packet, event.gateway, event.number));
            continue;
        };
        match packet.apply(&event) {
            Ok(done) => {
                applied.done.push((event.packet, done));
                applied.leaves.extend(packet.outcome_leaf(&event));
            }
            Err(fault) => applied.suspensions.push(Suspension {
                gateway: event.gateway,
                fault,
                number: event.number,
                evidence: event.evidence,
                at: event.at,
            }),
        }
    }
    applied
}

/// Which statements about a packet have nothing left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    /// Those for its destination.
    Delivery,
    /// All.
    Everything,
}

impl Now {
    fn sent(sent: &Sent<'_>) -> Self {
        Self {
            source: sent.packet.source,
            destination: sent.packet.destination,
            island: sent.island,
            life: PacketLife::default(),
            settled_at: None,
            changed_at: sent.at,
            fresh: Some(sent.at),
            changed: false,
        }
    }

    fn loaded(loaded: Loaded) -> Self {
        let Loaded { source, destination, island, life, settled_at, changed_at, .. } = loaded;
        Self { source, destination, island, life, settled_at, changed_at, fresh: None, changed: false }
    }

    /// Applies what a gateway says about the packet: its destination says how it ended, its source that it was settled.
    fn apply(&mut self, about: &About) -> Result<Done, Fault> {
        let (speaker, done) = match about.event {
            PacketEvent::Settled(_) => (self.source, Done::Everything),
            _ => (self.destination, Done::Delivery),
        };
        if about.gateway != speaker {
            return Err(Fault::NotItsPacket);
        }
        let (life, verdict) = match self.life.apply(about.event) {
            Ok(life) => (life, Ok(done)),
            Err(_) => (self.life.dispute(), Err(Fault::TwoOutcomes)),
        };
        if matches!(about.event, PacketEvent::Settled(_)) && life.settlement != self.life.settlement {
            self.settled_at = Some(about.at);
        }
        self.life = life;
        self.changed = true;
        self.changed_at = self.changed_at.max(about.at);
        verdict
    }

    /// The statement of how the packet ended, for its source; none when that is settled already.
    fn outcome_leaf(&self, about: &About) -> Option<NewLeaf> {
        let PacketEvent::Ended(outcome) = about.event else { return None };
        if self.life.settlement.is_some() {
            return None;
        }
        let attestation = match outcome {
            Outcome::Expired => Attestation::plain(AttestationKind::Expired, about.packet),
            Outcome::Delivered | Outcome::Failed => Attestation {
                kind: AttestationKind::Result,
                packet: about.packet,
                success: outcome == Outcome::Delivered,
                result: about.result,
            },
        };
        Some(NewLeaf {
            attestation,
            checker: self.source,
            island: self.island,
            other: self.destination,
            timeout: None,
            held: self.life.disputed,
            at: about.at,
        })
    }
}

/// Inserts the packets sent. What has a lane and sequence that are taken is kept apart, and its gateway is at fault.
async fn record_sent<'a>(
    transaction: &mut Tx,
    tails: &mut Tails,
    folded: &mut Folded<'a>,
) -> Result<Vec<Sent<'a>>, LedgerError> {
    let sent = std::mem::take(&mut folded.sent);
    let rows: Vec<NewPacket<'_>> = sent
        .iter()
        .map(|sent| {
            tails.packets += 1;
            NewPacket {
                position: tails.packets,
                id: sent.id,
                packet: sent.packet,
                lane: sent.lane,
                island: sent.island,
                at: sent.at,
            }
        })
        .collect();
    let taken = insert_packets(transaction, &rows).await?;
    let mut fresh = Vec::with_capacity(sent.len());
    for (sent, row) in sent.iter().zip(&rows) {
        if !taken.contains(&row.position) {
            fresh.push(sent.clone());
            continue;
        }
        keep_conflict(transaction, sent.packet.source, sent.number, sent.id, sent.packet, sent.evidence)
            .await?;
        folded.suspensions.push(Suspension {
            gateway: sent.packet.source,
            fault: Fault::TwoPackets,
            number: sent.number,
            evidence: sent.evidence,
            at: sent.at,
        });
    }
    Ok(fresh)
}

/// Loads the packets that events are about and that were sent earlier.
async fn load_others(
    transaction: &mut Tx,
    packets: &mut HashMap<PacketId, Now>,
    about: &[About],
) -> Result<(), LedgerError> {
    let ids: Vec<PacketId> =
        about.iter().map(|event| event.packet).filter(|id| !packets.contains_key(id)).collect();
    for loaded in load_packets(transaction, &ids).await? {
        packets.insert(loaded.id, Now::loaded(loaded));
    }
    Ok(())
}

/// DELIVER, for a destination that is open. Whether it is held follows the rule of the view `leaf_holds`.
fn deliver_leaf(snapshot: &Snapshot, sent: &Sent<'_>) -> Option<NewLeaf> {
    let source = snapshot.gateways.get(&sent.packet.source)?;
    let destination = snapshot.gateways.get(&sent.packet.destination)?;
    if !destination.life.is_open() {
        return None;
    }
    let both_deliver = [source, destination]
        .iter()
        .all(|gateway| gateway.life.delivers() && gateway.island_state == IslandState::Active);
    Some(NewLeaf {
        attestation: Attestation::plain(AttestationKind::Deliver, sent.id),
        checker: sent.packet.destination,
        island: destination.island,
        other: sent.packet.source,
        timeout: Some(sent.packet.timeout),
        held: !both_deliver,
        at: sent.at,
    })
}

/// DELIVER for the packets that waited for a gateway that opened now. They are made held; `refresh_holds`, which follows every
/// opening, releases them if they may be signed.
async fn opened(transaction: &mut Tx, snapshot: &Snapshot) -> Result<Vec<NewLeaf>, LedgerError> {
    let mut leaves = Vec::new();
    for (id, gateway) in &snapshot.gateways {
        if gateway.before.is_open() || !gateway.life.is_open() {
            continue;
        }
        leaves.extend(load_waiting(transaction, *id).await?.into_iter().map(
            |(packet, source, timeout, at)| NewLeaf {
                attestation: Attestation::plain(AttestationKind::Deliver, packet),
                checker: *id,
                island: gateway.island,
                other: source,
                timeout: Some(timeout),
                held: true,
                at,
            },
        ));
    }
    Ok(leaves)
}

async fn write_states(transaction: &mut Tx, packets: &HashMap<PacketId, Now>) -> Result<(), LedgerError> {
    let fresh: Vec<_> = packets
        .iter()
        .filter_map(|(id, now)| Some((*id, now.life, now.fresh?, now.settled_at, now.changed_at)))
        .collect();
    insert_states(transaction, &fresh).await?;
    let changed: Vec<_> = packets
        .iter()
        .filter(|(_, now)| now.fresh.is_none() && now.changed)
        .map(|(id, now)| (*id, now.life, now.settled_at, now.changed_at))
        .collect();
    update_states(transaction, &changed).await
}

async fn mark_done(transaction: &mut Tx, done: &[(PacketId, Done)]) -> Result<(), LedgerError> {
    if done.is_empty() {
        return Ok(());
    }
    let packets: Vec<&[u8]> = done.iter().map(|(packet, _)| packet.as_ref()).collect();
    let everything: Vec<bool> = done.iter().map(|(_, done)| *done == Done::Everything).collect();
    sqlx::query!(
        "UPDATE leaves SET done = TRUE
         FROM UNNEST($1::bytea[], $2::bool[]) AS ended (packet, everything)
         WHERE leaves.packet = ended.packet AND (ended.everything OR leaves.kind <= 2) AND NOT leaves.done",
        packets as _,
        &everything,
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

impl From<Orphan> for About {
    fn from(orphan: Orphan) -> Self {
        let Orphan { packet, gateway, number, event, result, evidence, at } = orphan;
        Self { packet, gateway, number, event, result, evidence, at }
    }
}
