//! The light client of the family: what each kind of evidence proves.

use causeway_protocol::{Family, Hash};

use super::anchor::Anchor;
use super::evidence::{Block, Evidence};
use super::run::{Purpose, ReadHeader, Walk, read_header};
use super::skip::skip;
use super::state::State;
use super::{SealingFault, SetFault};
use crate::evm::prove_events;
use crate::{
    Advance, Anchored, ClientState, EventFact, EvidenceKind, Gateway, HeaderFact, LightClient, Misbehaviour,
    Recorded, Refusal, Skipped, Span, Summary, Verified,
};

/// Light client of one of the families `qbft`, `ibft2` and `ibft`. They share every rule; a family only names the protocol its
/// chains begin with.
#[derive(Debug, Clone, Copy)]
pub struct Bft {
    family: Family,
}

impl Bft {
    pub(crate) const fn new(family: Family) -> Self {
        Self { family }
    }

    /// A run: linked to the head, sealed at its end and at every change of validators.
    fn run(state: State, gateways: &[Gateway], blocks: &[Block<'_>], now: u64) -> Result<Advance, Refusal> {
        state.check_period(now)?;
        let State { config, head, frozen } = state;
        let latest = now.saturating_add(config.clock_drift);
        let mut walk = Walk::new(&config, head, Purpose::Advance, latest);
        let mut read = Vec::with_capacity(blocks.len());
        for (block, last) in with_last(blocks) {
            read.push(walk.step(block, last)?);
        }
        let head = walk.finish()?;
        // Receipts are judged only now that every header they hang on is authenticated.
        let events = events(&read, gateways, blocks)?;
        let state = State { config, head, frozen }.encode();
        Ok(advance(EvidenceKind::Run, state, &read, events))
    }

    /// A back-fill: the recorded hash of the last header authenticates those before it, so nothing else is asked of them.
    fn back_fill(
        state: &State,
        gateways: &[Gateway],
        recorded: Option<&Recorded>,
        blocks: &[Block<'_>],
    ) -> Result<Advance, Refusal> {
        let mut read: Vec<ReadHeader<'_>> = Vec::with_capacity(blocks.len());
        for block in blocks {
            let next = read_header(&state.config, block.header, false)?;
            let height = next.fact.height;
            if !block.seals.is_empty() {
                return Err(Refusal::Sealing { height, fault: SealingFault::Useless });
            }
            if block.set.is_some() {
                return Err(Refusal::Set { height, fault: SetFault::ProofUnexpected });
            }
            if let Some(before) = read.last() {
                check_link(&before.fact, &next.fact)?;
            }
            read.push(next);
        }
        let last = read.last().map(|read| read.fact);
        let height = last.map_or(0, |last| last.height);
        let recorded =
            recorded.filter(|recorded| recorded.height == height).ok_or(Refusal::NotRecorded(height))?;
        match last {
            Some(last) if last.hash == recorded.hash => {}
            _ => {
                let came = last.map(|last| last.hash).unwrap_or_default();
                return Err(Refusal::RecordedDiffers { height, expected: recorded.hash, came });
            }
        }
        let events = events(&read, gateways, blocks)?;
        Ok(advance(EvidenceKind::BackFill, state.encode(), &read, events))
    }

    /// One side of an alleged misbehaviour: a run from the meeting point, of which only the last block matters.
    fn side(state: &State, blocks: &[Block<'_>]) -> Result<(u64, Hash), Refusal> {
        let mut walk = Walk::new(&state.config, state.head.clone(), Purpose::Accuse, u64::MAX);
        for (block, last) in with_last(blocks) {
            let read = walk.step(block, last)?;
            if block.receipts.is_some() {
                let fault = crate::evm::ReceiptFault::Useless;
                return Err(Refusal::Receipts { height: read.fact.height, fault });
            }
        }
        let head = walk.finish()?;
        Ok((head.height, head.hash))
    }
}

impl LightClient for Bft {
    fn family(&self) -> Family {
        self.family
    }

    fn anchor(&self, anchor: &[u8]) -> Result<Verified<Anchored>, Refusal> {
        Anchor::decode(self.family, anchor)?.start().map(Verified::new)
    }

    fn inspect(&self, evidence: &[u8]) -> Result<Span, Refusal> {
        Evidence::decode(self.family, evidence)?.span(self.family)
    }

    fn summary(&self, state: &ClientState) -> Result<Summary, Refusal> {
        State::decode(self.family, state).map(|state| state.summary())
    }

    fn advance(
        &self,
        state: &ClientState,
        gateways: &[Gateway],
        recorded: Option<&Recorded>,
        evidence: &[u8],
        now: u64,
    ) -> Result<Verified<Advance>, Refusal> {
        let state = State::decode(self.family, state)?;
        if state.frozen {
            return Err(Refusal::Frozen);
        }
        let advance = match Evidence::decode(self.family, evidence)? {
            Evidence::Run(blocks) => Self::run(state, gateways, &blocks, now)?,
            Evidence::BackFill(blocks) => Self::back_fill(&state, gateways, recorded, &blocks)?,
            Evidence::Skip(_) => return Err(Refusal::SkipNeverAdvances),
            other @ Evidence::Misbehaviour(_) => {
                return Err(Refusal::Kind { expected: "1 run or 2 back-fill", came: other.kind() });
            }
        };
        Ok(Verified::new(advance))
    }

    fn misbehaviour(
        &self,
        meeting: &ClientState,
        evidence: &[u8],
        now: u64,
    ) -> Result<Verified<Misbehaviour>, Refusal> {
        let state = State::decode(self.family, meeting)?;
        let sides = match Evidence::decode(self.family, evidence)? {
            Evidence::Misbehaviour(sides) => sides,
            other => return Err(Refusal::Kind { expected: "3 misbehaviour", came: other.kind() }),
        };
        // Two chains of one genesis file share no more than that file: their validators did nothing wrong.
        if state.head.height == 0 {
            return Err(Refusal::MeetsAtGenesis);
        }
        state.check_period(now)?;
        let [(height, one), (second, other)] =
            [Self::side(&state, &sides[0])?, Self::side(&state, &sides[1])?];
        if height != second {
            return Err(Refusal::DifferentHeights(height, second));
        }
        match one.cmp(&other) {
            core::cmp::Ordering::Equal => return Err(Refusal::SameBlock(one)),
            core::cmp::Ordering::Greater => return Err(Refusal::SideOrder),
            core::cmp::Ordering::Less => {}
        }
        let meeting = state.head.height;
        Ok(Verified::new(Misbehaviour { meeting, height, blocks: [one, other] }))
    }

    fn skip(&self, trusted: &ClientState, evidence: &[u8], now: u64) -> Result<Verified<Skipped>, Refusal> {
        let state = State::decode(self.family, trusted)?;
        if state.frozen {
            return Err(Refusal::Frozen);
        }
        match Evidence::decode(self.family, evidence)? {
            Evidence::Skip(evidence) => skip(state, &evidence, now).map(Verified::new),
            other => Err(Refusal::Kind { expected: "4 skip", came: other.kind() }),
        }
    }

    fn freeze(&self, state: &ClientState, _because: &Verified<Misbehaviour>) -> Result<ClientState, Refusal> {
        let state = State::decode(self.family, state)?;
        Ok(State { frozen: true, ..state }.encode())
    }
}

fn with_last<'b, 'a>(blocks: &'b [Block<'a>]) -> impl Iterator<Item = (&'b Block<'a>, bool)> {
    let count = blocks.len();
    blocks.iter().enumerate().map(move |(place, block)| (block, place + 1 == count))
}

fn check_link(before: &HeaderFact, next: &HeaderFact) -> Result<(), Refusal> {
    let expected = before.height.saturating_add(1);
    if next.height != expected {
        return Err(Refusal::NotNextHeight { expected, came: next.height });
    }
    if next.parent != before.hash {
        let (height, expected, came) = (next.height, before.hash, next.parent);
        return Err(Refusal::NotLinked { height, expected, came });
    }
    Ok(())
}

fn events(
    read: &[ReadHeader<'_>],
    gateways: &[Gateway],
    blocks: &[Block<'_>],
) -> Result<Vec<EventFact>, Refusal> {
    let mut events = Vec::new();
    for (read, block) in read.iter().zip(blocks) {
        let Some(receipts) = &block.receipts else { continue };
        let root = read.header.receipts_root;
        let mut found = prove_events(&read.fact, root, gateways, &receipts.indices, &receipts.nodes)
            .map_err(|fault| Refusal::Receipts { height: read.fact.height, fault })?;
        events.append(&mut found);
    }
    Ok(events)
}

fn advance(
    kind: EvidenceKind,
    state: ClientState,
    read: &[ReadHeader<'_>],
    events: Vec<EventFact>,
) -> Advance {
    let headers: Vec<HeaderFact> = read.iter().map(|read| read.fact).collect();
    let [first, last] = [headers.first(), headers.last()].map(|fact| fact.map_or(0, |fact| fact.height));
    Advance { kind, first, last, state, headers, events }
}
