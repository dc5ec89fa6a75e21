//! Runs out of headers as nodes serve them.

use std::collections::VecDeque;

use causeway_protocol::{Address, Family, Hash};

use super::plan::{Pending, Plan};
use super::{OwnedReceipts, OwnedSet};
use crate::bft::raw::{RawHeader, SealCollection};
use crate::bft::{Block, Config, Evidence, MAX_BLOCKS, Protocol, State, ValidatorContract, prove_validators};
use crate::{ClientState, MAX_EVIDENCE, Refusal};

/// One block of a chain, as a watcher found it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceBlock {
    /// The header's RLP with its seals.
    pub raw: Vec<u8>,
    /// The same header from other nodes, with other seals; may be empty.
    pub copies: Vec<Vec<u8>>,
    /// Proof of the next header's validators, where they come from a contract.
    pub set: Option<OwnedSet>,
    /// The receipts with events; none if there are no events.
    pub receipts: Option<OwnedReceipts>,
}

/// A run, ready to be submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltRun {
    /// Height of its first header.
    pub first: u64,
    /// Height of its last header.
    pub last: u64,
    /// The evidence.
    pub evidence: Vec<u8>,
}

/// Collects headers in order and cuts them into runs that a light client accepts.
///
/// A header that falls short of a quorum waits for a descendant sealed by a full quorum of the same validators, or for another
/// node's copy with more seals.
#[derive(Debug, Clone)]
pub struct RunBuilder {
    config: Config,
    height: u64,
    hash: Hash,
    validators: Vec<Address>,
    pending: VecDeque<Pending>,
    /// Whether the run only has to show that its last block was sealed: then nothing goes on from it.
    accuses: bool,
}

impl RunBuilder {
    /// Starts at the head of a client.
    pub fn new(family: Family, state: &ClientState) -> Result<Self, Refusal> {
        let State { config, head, .. } = State::decode(family, state)?;
        let validators = head.validators.addresses().collect();
        Ok(Self {
            config,
            height: head.height,
            hash: head.hash,
            validators,
            pending: VecDeque::new(),
            accuses: false,
        })
    }

    /// The height that has to be pushed next.
    pub fn next_height(&self) -> u64 {
        self.pending.back().map_or(self.height, |last| last.header.number) + 1
    }

    /// The island's parameters.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// How many blocks wait for a run.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// The protocol of a height.
    pub fn protocol(&self, height: u64) -> Protocol {
        self.config.protocol(height)
    }

    /// The contract whose validators the block at `height` has to prove, because the next one is sealed by them. The proof is
    /// needed where the set changes, and at the last block of every run.
    pub fn contract_after(&self, height: u64) -> Option<ValidatorContract> {
        self.config.contract(height.saturating_add(1))
    }

    /// Adds the next block.
    pub fn push(&mut self, block: SourceBlock) -> Result<(), Refusal> {
        let header = RawHeader::decode(self.config.protocol(self.next_height()), &block.raw)?;
        let height = header.number;
        let (expected, parent) =
            (self.next_height(), self.pending.back().map_or(self.hash, |last| last.header.hash));
        if height != expected {
            return Err(Refusal::NotNextHeight { expected, came: height });
        }
        if header.parent != parent {
            return Err(if self.pending.is_empty() {
                Refusal::NotLinkedToHead { height, head: parent, came: header.parent }
            } else {
                Refusal::NotLinked { height, expected: parent, came: header.parent }
            });
        }
        let proven = match (self.contract_after(height), &block.set) {
            (Some(contract), Some(set)) => {
                let proven = prove_validators(height, &contract, header.state_root, &set.as_proof())?;
                Some(proven.addresses().collect())
            }
            _ => None,
        };
        let mut seals = SealCollection::default();
        seals.add(&header);
        let set = block.set.filter(|_| proven.is_some());
        self.pending.push_back(Pending { header, seals, set, proven, receipts: block.receipts });
        for copy in block.copies {
            self.add_copy(&copy)?;
        }
        Ok(())
    }

    /// Adds another node's copy of a block that waits. One of another block is ignored.
    pub fn add_copy(&mut self, raw: &[u8]) -> Result<(), Refusal> {
        let number = crate::bft::Header::decode(raw)?.number;
        let copy = RawHeader::decode(self.config.protocol(number), raw)?;
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.header.hash == copy.hash) {
            pending.seals.add(&copy);
        }
        Ok(())
    }

    /// Cuts off the longest run that is ready and within bounds, if there is one. The builder goes on behind it.
    pub fn take_run(&mut self) -> Result<Option<BuiltRun>, Refusal> {
        let mut most = MAX_BLOCKS;
        loop {
            let plan = self.plan(most);
            let Some(end) = plan.ends.last().map(|end| end.place) else { return Ok(None) };
            let headers = plan.headers(self.pending.iter())?;
            let evidence =
                Evidence::Run(plan.blocks(self.pending.iter(), &headers)).encode(self.config.family);
            if evidence.len() <= MAX_EVIDENCE {
                return Ok(Some(self.cut(end, plan.validators, evidence)));
            }
            if end == 0 {
                return Err(Refusal::TooLarge { what: "evidence", came: evidence.len(), most: MAX_EVIDENCE });
            }
            most = end.div_ceil(2);
        }
    }

    /// Cuts everything up to the place `end` off.
    fn cut(&mut self, end: usize, validators: Vec<Address>, evidence: Vec<u8>) -> BuiltRun {
        let first = self.height + 1;
        if let Some(last) = self.pending.drain(..=end).next_back() {
            self.height = last.header.number;
            self.hash = last.header.hash;
        }
        self.validators = validators;
        BuiltRun { first, last: self.height, evidence }
    }

    /// Why no run can be cut, or none to the last block pushed: seals that fall short of a quorum (and whether they are 2F+1), a
    /// missing proof of validators, or a change of validators that needs a new anchor.
    pub fn obstacle(&self) -> Option<Refusal> {
        self.plan(self.pending.len()).obstacle
    }

    fn plan(&self, most: usize) -> Plan {
        Plan::longest(&self.config, &self.validators, self.pending.iter().take(most), self.accuses)
    }
}

/// Evidence of blocks in the past: headers in height order that end in one recorded before, and receipts with events.
pub fn back_fill(family: Family, config: &Config, blocks: &[SourceBlock]) -> Result<Vec<u8>, Refusal> {
    let mut headers = Vec::with_capacity(blocks.len());
    for block in blocks {
        let number = crate::bft::Header::decode(&block.raw)?.number;
        headers.push(RawHeader::decode(config.protocol(number), &block.raw)?.evidence_form(0)?);
    }
    let blocks = blocks.iter().zip(&headers).map(|(block, header)| Block {
        header,
        receipts: block.receipts.as_ref().map(OwnedReceipts::as_proof),
        ..Block::default()
    });
    Ok(Evidence::BackFill(blocks.collect()).encode(family))
}

/// Evidence of misbehaviour: two runs of blocks from the header of `meeting` on, to two different blocks of one height. Receipts
/// are left out.
pub fn misbehaviour(
    family: Family,
    meeting: &ClientState,
    sides: [Vec<SourceBlock>; 2],
) -> Result<Vec<u8>, Refusal> {
    let mut accused = Vec::with_capacity(2);
    for side in sides {
        let mut builder = RunBuilder { accuses: true, ..RunBuilder::new(family, meeting)? };
        for block in side {
            builder.push(SourceBlock { receipts: None, ..block })?;
        }
        let mut plan = builder.plan(MAX_BLOCKS);
        if let Some(obstacle) = plan.obstacle.take() {
            return Err(obstacle);
        }
        let headers = plan.headers(builder.pending.iter())?;
        let last = builder.pending.back().map(|last| last.header.hash);
        accused.push((last, builder, plan, headers));
    }
    accused.sort_by_key(|(last, ..)| *last);
    let blocks: Vec<Vec<Block<'_>>> = accused
        .iter()
        .map(|(_, builder, plan, headers)| plan.blocks(builder.pending.iter(), headers))
        .collect();
    let sides = blocks.try_into().unwrap_or_default();
    Ok(Evidence::Misbehaviour(sides).encode(family))
}
