//! Accepted pieces taken apart into the rows they become.

use std::collections::HashMap;

use causeway_protocol::{GatewayEventKind, GatewayId, Hash, IslandId, LaneTerms, Packet, PacketId};
use causeway_verifier::{EventFact, HeaderFact};
use time::OffsetDateTime;

use super::judge::News;
use super::{Piece, Recorded};
use crate::packet::{Outcome, PacketEvent, Settlement};

/// A packet that was sent, from its event.
#[derive(Debug, Clone)]
pub(super) struct Sent<'a> {
    pub(super) id: PacketId,
    pub(super) packet: &'a Packet,
    pub(super) lane: LaneTerms,
    pub(super) island: IslandId,
    pub(super) number: u64,
    pub(super) evidence: i64,
    pub(super) at: OffsetDateTime,
}

/// An event about a packet that was sent before.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    pub(super) packet: PacketId,
    /// The gateway that emitted it.
    pub(super) gateway: GatewayId,
    pub(super) number: u64,
    pub(super) event: PacketEvent,
    /// Of a delivery: `H(result)`.
    pub(super) result: Hash,
    pub(super) evidence: i64,
    pub(super) at: OffsetDateTime,
}

/// Why the hub suspends a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Two events under one number.
    TwoEvents,
    /// Two packets with one lane and sequence.
    TwoPackets,
    /// Two outcomes of one packet, or a settlement that contradicts its outcome.
    TwoOutcomes,
    /// An outcome of another gateway's packet.
    NotItsPacket,
}

impl Fault {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::TwoEvents => "two-events",
            Self::TwoPackets => "two-packets",
            Self::TwoOutcomes => "two-outcomes",
            Self::NotItsPacket => "not-its-packet",
        }
    }
}

/// A gateway's fault, proven.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suspension {
    pub(super) gateway: GatewayId,
    pub(super) fault: Fault,
    pub(super) number: u64,
    pub(super) evidence: i64,
    pub(super) at: OffsetDateTime,
}

/// One accepted piece.
#[derive(Debug)]
pub(super) struct Accepted<'a> {
    pub(super) piece: Piece<'a>,
    pub(super) news: News<'a>,
}

/// What an event is about: its packet, or the source gateway that it blocks or unblocks.
pub(super) fn subject(kind: &GatewayEventKind) -> Option<Hash> {
    match kind {
        GatewayEventKind::Blocked { source } | GatewayEventKind::Unblocked { source } => {
            Some((*source).into())
        }
        other => other.packet().map(Hash::from),
    }
}

/// Everything that the accepted pieces become.
#[derive(Debug, Default)]
pub(super) struct Folded<'a> {
    pub(super) accepted: Vec<Accepted<'a>>,
    /// What each new event is about, in the order of [`Folded::events`]: computed once, an id costs several hashes.
    pub(super) subjects: Vec<Option<Hash>>,
    pub(super) sent: Vec<Sent<'a>>,
    pub(super) about: Vec<About>,
    pub(super) suspensions: Vec<Suspension>,
}

impl<'a> Folded<'a> {
    /// Takes one accepted piece apart, and answers what its submitter is told.
    pub(super) fn add(&mut self, piece: &Piece<'a>, news: News<'a>) -> Recorded {
        for &fact in &news.events {
            self.event(piece.island, fact, &news);
        }
        self.suspensions.extend(news.conflicts.iter().map(|fact| Suspension {
            gateway: fact.event.gateway,
            fault: Fault::TwoEvents,
            number: fact.event.number,
            evidence: news.sequence,
            at: news.recorded_at,
        }));
        let recorded = Recorded {
            sequence: news.sequence.unsigned_abs(),
            digest: piece.digest,
            events: u32::try_from(piece.advance.events.len()).unwrap_or(u32::MAX),
            known: false,
        };
        self.accepted.push(Accepted { piece: *piece, news });
        recorded
    }

    fn event(&mut self, island: IslandId, fact: &'a EventFact, news: &News<'a>) {
        let (evidence, at) = (news.sequence, news.recorded_at);
        let (gateway, number) = (fact.event.gateway, fact.event.number);
        let about = |packet, event, result| About { packet, gateway, number, event, result, evidence, at };
        let subject = subject(&fact.event.kind);
        self.subjects.push(subject);
        match &fact.event.kind {
            GatewayEventKind::PacketSent { packet, lane } => self.sent.push(Sent {
                id: subject.map_or_else(|| packet.id(), PacketId::from),
                packet: packet.as_ref(),
                lane: *lane,
                island,
                number,
                evidence,
                at,
            }),
            GatewayEventKind::PacketDelivered { packet, success, result } => {
                let outcome = if *success { Outcome::Delivered } else { Outcome::Failed };
                let result = GatewayEventKind::result_hash(result);
                self.about.push(about(*packet, PacketEvent::Ended(outcome), result));
            }
            GatewayEventKind::PacketExpired { packet } => {
                self.about.push(about(*packet, PacketEvent::Ended(Outcome::Expired), Hash::ZERO));
            }
            GatewayEventKind::PacketSettled { packet, outcome, .. } => {
                if let Some(settlement) = Settlement::of(*outcome) {
                    self.about.push(about(*packet, PacketEvent::Settled(settlement), Hash::ZERO));
                }
            }
            _ => {}
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.accepted.is_empty()
    }

    /// The newest time among the accepted pieces.
    pub(super) fn newest(&self) -> OffsetDateTime {
        let times = self.accepted.iter().map(|accepted| accepted.news.recorded_at);
        times.max().unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// Every new event with its evidence.
    pub(super) fn events(&self) -> impl Iterator<Item = (&'a EventFact, i64)> {
        self.accepted
            .iter()
            .flat_map(|accepted| accepted.news.events.iter().map(|fact| (*fact, accepted.news.sequence)))
    }

    /// Every event that contradicts another, with its evidence.
    pub(super) fn conflicts(&self) -> impl Iterator<Item = (&'a EventFact, i64)> {
        self.accepted
            .iter()
            .flat_map(|accepted| accepted.news.conflicts.iter().map(|fact| (*fact, accepted.news.sequence)))
    }

    /// Every header once, with its island.
    pub(super) fn headers(&self) -> impl Iterator<Item = (IslandId, &'a HeaderFact)> {
        let mut once: HashMap<(IslandId, u64), &'a HeaderFact> = HashMap::new();
        for accepted in &self.accepted {
            let advance: &'a causeway_verifier::Advance = accepted.piece.advance;
            for header in &advance.headers {
                once.entry((accepted.piece.island, header.height)).or_insert(header);
            }
        }
        once.into_iter().map(|((island, _), header)| (island, header))
    }
}
