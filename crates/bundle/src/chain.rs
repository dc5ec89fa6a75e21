//! An island's evidence, verified again from its trust anchor on.

use causeway_protocol::{
    AttestorSet, Family, GatewayEventKind, GatewayId, Hash, Island, IslandId, anchor_digest, keccak256,
};
use causeway_verifier::{EventFact, Gateway, Replay};

use crate::fault::Fault;
use crate::format::IslandPart;

/// A proven event, and the piece of evidence that proves it.
#[derive(Debug, Clone)]
pub(crate) struct Proven {
    pub(crate) piece: usize,
    /// The digest of that piece.
    pub(crate) digest: Hash,
    /// When that was recorded, Unix seconds.
    pub(crate) at: u64,
    pub(crate) fact: EventFact,
}

/// What the evidence of one island proves.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) island: IslandId,
    pub(crate) family: Family,
    /// SHA-256 of the trust anchor.
    pub(crate) anchor: Hash,
    /// How far the headers go.
    pub(crate) height: u64,
    /// The digests of the pieces, and when each was recorded.
    pub(crate) pieces: Vec<(Hash, u64)>,
    pub(crate) events: Vec<Proven>,
    /// Whether misbehaviour of its validators is among the evidence.
    pub(crate) frozen: bool,
}

impl Chain {
    /// Verifies the part at place `island` of a bundle.
    pub(crate) fn verify(island: usize, part: &IslandPart) -> Result<Self, Fault> {
        let mut replay = Replay::start(&part.anchor).map_err(|fault| Fault::Anchor { island, fault })?;
        let (family, anchored) = (replay.family(), replay.anchored());
        if let Some(expected) = anchored.fingerprint.filter(|own| *own != part.fingerprint) {
            return Err(Fault::Fingerprint { island, expected, came: part.fingerprint });
        }
        let id = Island { family, fingerprint: part.fingerprint, anchor: anchored.header.hash }.id();
        let gateways: Vec<Gateway> = part
            .gateways
            .iter()
            .map(|(gateway, address)| Gateway { island: id, address: address.clone(), id: *gateway })
            .collect();
        let (mut events, mut pieces) = (Vec::new(), Vec::new());
        let mut before = 0;
        for (piece, part) in part.pieces.iter().enumerate() {
            if part.at < before {
                return Err(Fault::Clock { island, piece, before, came: part.at });
            }
            before = part.at;
            let digest = keccak256(&part.evidence);
            pieces.push((digest, part.at));
            let proven = replay.take(&gateways, &part.evidence, part.at);
            let proven = proven.map_err(|fault| Fault::Piece { island, piece, fault })?;
            events.extend(proven.events.into_iter().map(|fact| Proven { piece, digest, at: part.at, fact }));
        }
        let (anchor, height, frozen) = (anchor_digest(&part.anchor), replay.height(), replay.is_frozen());
        Ok(Self { island: id, family, anchor, height, pieces, events, frozen })
    }

    /// The events of one gateway, by number.
    pub(crate) fn of(&self, gateway: GatewayId) -> impl Iterator<Item = &Proven> {
        self.events.iter().filter(move |proven| proven.fact.event.gateway == gateway)
    }

    /// Whether `gateway` opened here.
    pub(crate) fn has(&self, gateway: GatewayId) -> bool {
        self.of(gateway).any(|proven| matches!(proven.fact.event.kind, GatewayEventKind::Opened { .. }))
    }

    /// The attestor set that `gateway` had in `epoch`.
    pub(crate) fn set(&self, gateway: GatewayId, epoch: u64) -> Option<&AttestorSet> {
        self.of(gateway).filter_map(|proven| set_of(&proven.fact.event.kind)).find(|set| set.epoch == epoch)
    }
}

/// The attestor set that is in force from an event on.
pub(crate) fn set_of(kind: &GatewayEventKind) -> Option<&AttestorSet> {
    match kind {
        GatewayEventKind::Opened { attestors, .. } | GatewayEventKind::AttestorsRotated(attestors) => {
            Some(attestors)
        }
        _ => None,
    }
}
