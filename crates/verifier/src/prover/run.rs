//! Runs out of headers as nodes serve them.

use std::collections::VecDeque;

use causeway_protocol::{Address, DecodeError, Family, Hash};

use super::{OwnedReceipts, OwnedSet};
use crate::bft::raw::{CollectedSeals, RawHeader, SealCollection};
use crate::bft::{
    Block, Config, Evidence, MAX_BLOCKS, Protocol, SealingFault, SetFault, State, ValidatorContract,
    check_quorum, more_than_a_third, prove_validators,
};
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

#[derive(Debug, Clone)]
struct Pending {
    header: RawHeader,
    seals: SealCollection,
    set: Option<OwnedSet>,
    /// What `set` proves.
    proven: Option<Vec<Address>>,
    receipts: Option<OwnedReceipts>,
}

/// A header of a planned run that carries seals.
struct SealedEnd {
    place: usize,
    seals: CollectedSeals,
    with_set: bool,
}

/// The longest run that can be cut, and what stops a longer one.
#[derive(Default)]
struct Plan {
    ends: Vec<SealedEnd>,
    validators: Vec<Address>,
    obstacle: Option<Refusal>,
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

    /// Cuts off the longest run that is ready, if there is one. The builder goes on behind it.
    pub fn take_run(&mut self) -> Result<Option<BuiltRun>, Refusal> {
        let plan = self.plan(MAX_BLOCKS.min(self.pending.len()));
        let Some(mut evidence) = self.encode(&plan)? else { return Ok(None) };
        let mut taken = plan;
        while evidence.len() > MAX_EVIDENCE {
            let shorter = taken.ends.last().map_or(0, |end| end.place / 2 + 1);
            taken = self.plan(shorter);
            evidence = match self.encode(&taken)? {
                Some(evidence) if shorter > 1 || evidence.len() <= MAX_EVIDENCE => evidence,
                Some(evidence) => {
                    return Err(Refusal::TooLarge {
                        what: "evidence",
                        came: evidence.len(),
                        most: MAX_EVIDENCE,
                    });
                }
                None => return Ok(None),
            };
        }
        let Some(end) = taken.ends.last() else { return Ok(None) };
        let first = self.height + 1;
        let cut: Vec<Pending> = self.pending.drain(..=end.place).collect();
        if let Some(last) = cut.last() {
            self.height = last.header.number;
            self.hash = last.header.hash;
        }
        self.validators = taken.validators;
        Ok(Some(BuiltRun { first, last: self.height, evidence }))
    }

    /// Why no run can be cut, or none to the last block pushed: seals that fall short of a quorum (and whether they are 2F+1), a
    /// missing proof of validators, or a change of validators that needs a new anchor.
    pub fn obstacle(&self) -> Option<Refusal> {
        self.plan(self.pending.len()).obstacle
    }

    fn plan(&self, most: usize) -> Plan {
        let mut forced: Vec<SealedEnd> = Vec::new();
        let mut plan = Plan::default();
        let mut validators = self.validators.clone();
        let mut before: Option<Vec<Address>> = None;
        let mut ready: Option<CollectedSeals> = None;
        let mut last_fault = None;
        for (place, pending) in self.pending.iter().take(most).enumerate() {
            let height = pending.header.number;
            let in_contract = self.config.contract(height).is_some();
            if !in_contract && !same_set(&validators, &pending.header.extra.validators) {
                if place > 0 && forced.last().is_none_or(|end| end.place + 1 != place) {
                    let Some(seals) = ready.take() else {
                        plan.obstacle = last_fault;
                        return plan;
                    };
                    forced.push(SealedEnd { place: place - 1, seals, with_set: false });
                }
                let next = sorted(&pending.header.extra.validators);
                if let Some(fault) = jump(&validators, &next) {
                    plan.obstacle = Some(Refusal::Set { height, fault });
                    return plan;
                }
                before = Some(core::mem::replace(&mut validators, next));
            }
            ready = None;
            match sealed(pending, &validators, before.as_deref()) {
                Ok(seals) => ready = Some(seals),
                Err(fault) => last_fault = Some(fault),
            }
            let next = self.contract_after(height);
            let first_of_contract = next.is_some() && next != self.config.contract(height);
            let proven = pending.proven.as_ref();
            if let Some(seals) = &ready {
                let with_set = next.is_some() && !self.accuses;
                if !with_set || proven.is_some() {
                    plan.ends = forced.iter().map(SealedEnd::again).collect();
                    plan.ends.push(SealedEnd { place, seals: seals.clone(), with_set });
                    plan.validators.clone_from(proven.unwrap_or(&validators));
                    last_fault = None;
                } else {
                    last_fault = Some(Refusal::Set { height, fault: SetFault::ProofMissing });
                }
            }
            let changes = proven.is_some_and(|proven| *proven != validators);
            if next.is_some() && (first_of_contract || changes) {
                let (Some(seals), Some(proven)) = (ready.take(), proven) else {
                    plan.obstacle = last_fault;
                    return plan;
                };
                forced.push(SealedEnd { place, seals, with_set: true });
                before = None;
                validators.clone_from(proven);
            }
        }
        plan.obstacle = last_fault;
        plan
    }

    fn encode(&self, plan: &Plan) -> Result<Option<Vec<u8>>, Refusal> {
        if plan.ends.is_empty() {
            return Ok(None);
        }
        let headers = self.headers(plan)?;
        Ok(Some(Evidence::Run(self.blocks(plan, &headers)).encode(self.config.family)))
    }

    /// The headers of a planned run in evidence form.
    fn headers(&self, plan: &Plan) -> Result<Vec<Vec<u8>>, DecodeError> {
        let count = plan.ends.last().map_or(0, |end| end.place + 1);
        let form = |(place, pending): (usize, &Pending)| {
            pending.header.evidence_form(plan.end_at(place).map_or(0, |end| end.seals.round))
        };
        self.pending.iter().take(count).enumerate().map(form).collect()
    }

    fn blocks<'a>(&'a self, plan: &'a Plan, headers: &'a [Vec<u8>]) -> Vec<Block<'a>> {
        let block = |(place, (pending, header)): (usize, (&'a Pending, &'a Vec<u8>))| {
            let end = plan.end_at(place);
            Block {
                header,
                seals: end.map_or(&[], |end| &end.seals.bytes),
                set: pending
                    .set
                    .as_ref()
                    .filter(|_| end.is_some_and(|end| end.with_set))
                    .map(OwnedSet::as_proof),
                receipts: pending.receipts.as_ref().map(OwnedReceipts::as_proof),
            }
        };
        self.pending.iter().zip(headers).enumerate().map(block).collect()
    }
}

impl Plan {
    fn end_at(&self, place: usize) -> Option<&SealedEnd> {
        self.ends.iter().find(|end| end.place == place)
    }
}

impl SealedEnd {
    fn again(&self) -> Self {
        Self { place: self.place, seals: self.seals.clone(), with_set: self.with_set }
    }
}

/// The seals of a header if they are a quorum, and enough of the set before is among them.
fn sealed(
    pending: &Pending,
    validators: &[Address],
    before: Option<&[Address]>,
) -> Result<CollectedSeals, Refusal> {
    let height = pending.header.number;
    let seals = pending.seals.best(validators);
    check_quorum(seals.signers.len(), validators.len())
        .map_err(|fault: SealingFault| Refusal::Sealing { height, fault })?;
    if let Some(before) = before {
        let came = seals.signers.iter().filter(|signer| before.contains(signer)).count();
        if !more_than_a_third(came, before.len()) {
            return Err(Refusal::Set { height, fault: SetFault::Overlap { came, old: before.len() } });
        }
    }
    Ok(seals)
}

fn sorted(addresses: &[Address]) -> Vec<Address> {
    let mut sorted = addresses.to_vec();
    sorted.sort_unstable();
    sorted
}

fn same_set(set: &[Address], listed: &[Address]) -> bool {
    set == listed || set == sorted(listed)
}

fn jump(old: &[Address], new: &[Address]) -> Option<SetFault> {
    let added = new.iter().filter(|address| !old.contains(address)).count();
    let removed = old.iter().filter(|address| !new.contains(address)).count();
    (added + removed > 1).then_some(SetFault::Jump { added, removed })
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
        let plan = builder.plan(builder.pending.len());
        if let Some(obstacle) = plan.obstacle {
            return Err(obstacle);
        }
        let headers = builder.headers(&plan)?;
        let last = builder.pending.back().map(|last| last.header.hash);
        accused.push((last, builder, plan, headers));
    }
    accused.sort_by_key(|(last, ..)| *last);
    let blocks: Vec<Vec<Block<'_>>> =
        accused.iter().map(|(_, builder, plan, headers)| builder.blocks(plan, headers)).collect();
    let sides = blocks.try_into().unwrap_or_default();
    Ok(Evidence::Misbehaviour(sides).encode(family))
}
