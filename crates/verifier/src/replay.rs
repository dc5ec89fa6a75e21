//! Evidence verified again, piece by piece, from a trust anchor on.

use std::collections::BTreeMap;

use causeway_protocol::{Family, Hash};

use crate::{
    Anchored, ClientState, EventFact, EvidenceKind, Gateway, LightClient, Recorded, Refusal, Span, family_of,
    light_client,
};

/// Most states that are kept. Misbehaviour that starts before the oldest is refused.
const MOST_STATES: usize = 16_384;

/// A light client on its way through what was recorded of one island, in the order of recording.
///
/// It remembers every header it passed, because a back-fill ends in one, and the newest states, because misbehaviour starts from one.
#[derive(Clone)]
pub struct Replay {
    client: &'static dyn LightClient,
    anchored: Anchored,
    state: ClientState,
    headers: BTreeMap<u64, Hash>,
    states: BTreeMap<u64, ClientState>,
    frozen: bool,
}

/// What one piece proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// What it claims to be about.
    pub span: Span,
    /// The events that it proves, in the chain's order.
    pub events: Vec<EventFact>,
}

impl Replay {
    /// Starts at a trust anchor, of the family it names.
    pub fn start(anchor: &[u8]) -> Result<Self, Refusal> {
        let family = family_of(anchor)?;
        let client = light_client(family).map_err(|error| Refusal::UnknownFamily(error.0.as_str().into()))?;
        let anchored = client.anchor(anchor)?.into_inner();
        let height = anchored.header.height;
        Ok(Self {
            client,
            state: anchored.state.clone(),
            headers: BTreeMap::from([(height, anchored.header.hash)]),
            states: BTreeMap::from([(height, anchored.state.clone())]),
            anchored,
            frozen: false,
        })
    }

    /// The anchor it started at.
    pub fn anchored(&self) -> &Anchored {
        &self.anchored
    }

    /// Its family.
    pub fn family(&self) -> Family {
        self.client.family()
    }

    /// The height of the highest header.
    pub fn height(&self) -> u64 {
        self.headers.last_key_value().map_or(self.anchored.header.height, |(height, _)| *height)
    }

    /// The block hash at a height that it passed.
    pub fn header(&self, height: u64) -> Option<Hash> {
        self.headers.get(&height).copied()
    }

    /// Whether misbehaviour was among the evidence.
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// What a piece claims to be about. Nothing of it is verified.
    pub fn inspect(&self, evidence: &[u8]) -> Result<Span, Refusal> {
        self.client.inspect(evidence)
    }

    /// Verifies the next piece as of `now`, Unix seconds. Events are those of `gateways`, which names every one that the island has. A
    /// piece that is refused changes nothing.
    pub fn take(&mut self, gateways: &[Gateway], evidence: &[u8], now: u64) -> Result<Replayed, Refusal> {
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
                return Ok(Replayed { span, events: Vec::new() });
            }
            // `advance` refuses a skip: it leads to a state, maybe of a twin.
            EvidenceKind::Run | EvidenceKind::Skip => None,
        };
        let advance =
            self.client.advance(&self.state, gateways, recorded.as_ref(), evidence, now)?.into_inner();
        self.headers.extend(advance.headers.iter().map(|header| (header.height, header.hash)));
        if span.kind == EvidenceKind::Run {
            self.keep(span.last, advance.state.clone());
        }
        self.state = advance.state;
        Ok(Replayed { span, events: advance.events })
    }

    /// Goes on from where a skip leads. Whoever passes one says which chain it is of.
    pub fn skip(&mut self, evidence: &[u8], now: u64) -> Result<(), Refusal> {
        let skipped = self.client.skip(&self.state, evidence, now)?.into_inner();
        self.headers.insert(skipped.header.height, skipped.header.hash);
        self.keep(skipped.header.height, skipped.state.clone());
        self.state = skipped.state;
        Ok(())
    }

    fn keep(&mut self, height: u64, state: ClientState) {
        self.states.insert(height, state);
        if self.states.len() > MOST_STATES {
            self.states.pop_first();
        }
    }
}
