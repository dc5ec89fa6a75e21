//! An island's evidence, verified again from its trust anchor on.

use std::collections::BTreeMap;

use causeway_protocol::{
    AttestorSet, Family, GatewayEventKind, GatewayId, Hash, Island, IslandId, anchor_digest, keccak256,
};
use causeway_verifier::{
    ClientState, EventFact, EvidenceKind, Gateway, LightClient, Recorded, Refusal, family_of, light_client,
};

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

/// A light client on its way.
struct Walk<'a> {
    client: &'static dyn LightClient,
    state: ClientState,
    headers: BTreeMap<u64, Hash>,
    /// States after each run, for misbehaviour that starts there.
    states: BTreeMap<u64, ClientState>,
    gateways: &'a [Gateway],
    frozen: bool,
}

impl Chain {
    /// Verifies the part at place `island` of a bundle.
    pub(crate) fn verify(island: usize, part: &IslandPart) -> Result<Self, Fault> {
        let family = family_of(&part.anchor).map_err(|fault| Fault::Anchor { island, fault })?;
        let client = light_client(family).map_err(|fault| Fault::Family { island, fault })?;
        let anchored =
            client.anchor(&part.anchor).map_err(|fault| Fault::Anchor { island, fault })?.into_inner();
        if let Some(expected) = anchored.fingerprint.filter(|own| *own != part.fingerprint) {
            return Err(Fault::Fingerprint { island, expected, came: part.fingerprint });
        }
        let id = Island { family, fingerprint: part.fingerprint, anchor: anchored.header.hash }.id();
        let gateways: Vec<Gateway> = part
            .gateways
            .iter()
            .map(|(gateway, address)| Gateway { island: id, address: address.clone(), id: *gateway })
            .collect();
        let height = anchored.header.height;
        let mut walk = Walk {
            client,
            headers: BTreeMap::from([(height, anchored.header.hash)]),
            states: BTreeMap::from([(height, anchored.state.clone())]),
            state: anchored.state,
            gateways: &gateways,
            frozen: false,
        };
        let (mut events, mut pieces) = (Vec::new(), Vec::new());
        let mut before = 0;
        for (piece, part) in part.pieces.iter().enumerate() {
            if part.at < before {
                return Err(Fault::Clock { island, piece, before, came: part.at });
            }
            before = part.at;
            let digest = keccak256(&part.evidence);
            pieces.push((digest, part.at));
            let proven = walk.take(&part.evidence, part.at);
            let proven = proven.map_err(|fault| Fault::Piece { island, piece, fault })?;
            events.extend(proven.into_iter().map(|fact| Proven { piece, digest, at: part.at, fact }));
        }
        let height = walk.headers.last_key_value().map_or(height, |(height, _)| *height);
        let (anchor, frozen) = (anchor_digest(&part.anchor), walk.frozen);
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

impl Walk<'_> {
    fn take(&mut self, evidence: &[u8], now: u64) -> Result<Vec<EventFact>, Refusal> {
        let span = self.client.inspect(evidence)?;
        let recorded = match span.kind {
            EvidenceKind::BackFill => {
                self.headers.get(&span.last).map(|hash| Recorded { height: span.last, hash: *hash })
            }
            EvidenceKind::Misbehaviour => {
                let meeting = self.states.range(..span.first).next_back().map(|(_, state)| state);
                let proven = self.client.misbehaviour(meeting.unwrap_or(&self.state), evidence, now)?;
                self.state = self.client.freeze(&self.state, &proven)?;
                self.frozen = true;
                return Ok(Vec::new());
            }
            // A skip is refused by `advance`: it leads to a state, maybe of a twin.
            EvidenceKind::Run | EvidenceKind::Skip => None,
        };
        let advance =
            self.client.advance(&self.state, self.gateways, recorded.as_ref(), evidence, now)?.into_inner();
        self.headers.extend(advance.headers.iter().map(|header| (header.height, header.hash)));
        if span.kind == EvidenceKind::Run {
            self.states.insert(span.last, advance.state.clone());
        }
        self.state = advance.state;
        Ok(advance.events)
    }
}
