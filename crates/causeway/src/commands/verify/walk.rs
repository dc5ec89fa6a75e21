//! Walking a captured chain with a light client: the way a relayer builds evidence, and a hub verifies it.

use std::collections::{BTreeSet, VecDeque};

use causeway_protocol::{Address, Family, Hash};
use causeway_verifier::bft::raw::{RawHeader, SealCollection};
use causeway_verifier::bft::{Anchor, HeaderFields, quorum};
use causeway_verifier::prover::{OwnedSet, RunBuilder, SourceBlock, receipts_root};
use causeway_verifier::{ClientState, LightClient, Refusal, light_client};
use serde::Serialize;

use crate::capture::{Capture, CapturedBlock, FieldError, Genesis, ProofError, ProofNodes, Replacement};

/// What came of a chain.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Headers that had to verify: all but the trusted one.
    pub(crate) headers: usize,
    /// Those that did.
    pub(crate) verified: usize,
    /// Those that did not: the first that was refused, and everything after it.
    pub(crate) refused: usize,
    /// Blocks whose receipts were given and make their header's root.
    pub(crate) receipt_roots: usize,
    /// Headers that carry fewer seals than a quorum, authenticated by a linked descendant.
    pub(crate) through_descendants: usize,
    /// Every change of the validator set.
    pub(crate) validator_changes: Vec<Change>,
    /// Why not everything verified.
    pub(crate) first_refusal: Option<FirstRefusal>,
}

/// A change of the validator set.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    /// The first height that the new set seals.
    pub(crate) height: u64,
    /// Who joined.
    pub(crate) added: Vec<Address>,
    /// Who left.
    pub(crate) removed: Vec<Address>,
    /// The chain's trusted configuration put the set in place, not the set before it.
    pub(crate) by_configuration: bool,
}

/// The first header that was refused, and why.
#[derive(Debug, Serialize)]
pub(crate) struct FirstRefusal {
    pub(crate) height: u64,
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

impl Report {
    /// Keeps the first refusal.
    fn refuse(&mut self, height: u64, fault: &Fault) {
        let (code, detail) = (fault.code(), fault.to_string());
        self.first_refusal.get_or_insert(FirstRefusal { height, code, detail });
    }
}

/// Why a block of a capture is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("{0}")]
    Field(#[from] FieldError),
    #[error("the header's hash is {computed}, the capture says {stated}")]
    Hash { computed: Hash, stated: Hash },
    #[error("the raw header is not the one that the block's fields make")]
    RawHeader,
    #[error("{0}")]
    Proof(#[from] ProofError),
    #[error("the transactions make root {computed}, the header has {stated}")]
    TransactionsRoot { computed: Hash, stated: Hash },
    #[error("{0} of its seals are not seals of distinct validators of this block")]
    Seals(usize),
    #[error("the receipts make root {computed}, the header has {stated}")]
    ReceiptsRoot { computed: Hash, stated: Hash },
    #[error("the configuration puts other validators in place than the header lists")]
    Replacement,
    #[error("{came} seals of the validators put in place by the configuration, expected {expected}")]
    ReplacementSeals { came: usize, expected: usize },
}

impl Fault {
    fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Field(_) => "malformed-capture",
            Self::Hash { .. } => "hash-differs",
            Self::RawHeader => "raw-header-differs",
            Self::Proof(_) => "proof",
            Self::TransactionsRoot { .. } => "transactions-root",
            Self::Seals(_) => "seal-invalid",
            Self::ReceiptsRoot { .. } => "receipts-root",
            Self::Replacement => "other-validators-configured",
            Self::ReplacementSeals { .. } => "quorum-short",
        }
    }
}

/// Verifies `capture` from its first block, or from `anchor`. An error means that there was nothing to start from.
pub(crate) fn walk(family: Family, capture: &Capture, anchor: Option<&[u8]>) -> anyhow::Result<Report> {
    let client = light_client(family)?;
    let (mut walker, blocks) = if let Some(anchor) = anchor {
        let config = Anchor::decode(family, anchor)?.config;
        let anchored = client.anchor(anchor)?.into_inner();
        let height = anchored.header.height;
        let from = capture.blocks.iter().position(|block| block.height().is_ok_and(|at| at > height));
        let from = from.unwrap_or(capture.blocks.len());
        let genesis = Genesis { config, replacements: Vec::new() };
        (Walker::new(client, genesis, anchored.state)?, &capture.blocks[from..])
    } else {
        let genesis = capture.genesis(family)?;
        let (first, rest) = capture.blocks.split_at(1);
        let mut report = Report { headers: rest.len(), ..Report::default() };
        let anchor = anchor_of(&genesis, &first[0], &mut report);
        let anchored = anchor.and_then(|anchor| Ok(client.anchor(&anchor)?.into_inner()));
        let anchored = match anchored {
            Ok(anchored) => anchored,
            Err(fault) => {
                report.refused = rest.len();
                report.refuse(first[0].height().unwrap_or_default(), &fault);
                return Ok(report);
            }
        };
        let mut walker = Walker::new(client, genesis, anchored.state)?;
        walker.report = report;
        (walker, rest)
    };
    walker.report.headers = blocks.len();
    for (place, block) in blocks.iter().enumerate() {
        if let Err(fault) = walker.step(block) {
            let height = walker
                .waiting
                .front()
                .map_or_else(|| block.height().unwrap_or(place as u64), |waiting| waiting.height);
            // A block that waits was not refused: what stopped the walk is the block it waited with.
            let height =
                if matches!(fault, Fault::Refused(_)) { height } else { block.height().unwrap_or(height) };
            walker.report.refuse(height, &fault);
            break;
        }
    }
    walker.end();
    Ok(walker.report)
}

/// A block that is pushed and not yet part of a verified run.
struct Waiting {
    height: u64,
    listed: Vec<Address>,
}

struct Walker {
    client: &'static dyn LightClient,
    genesis: Genesis,
    builder: RunBuilder,
    state: ClientState,
    validators: Vec<Address>,
    waiting: VecDeque<Waiting>,
    report: Report,
}

/// The block as it was sealed: its bytes, checked against everything the capture says of them.
fn sealed(genesis: &Genesis, block: &CapturedBlock) -> Result<(HeaderFields, Vec<u8>, RawHeader), Fault> {
    let fields = block.fields()?;
    let raw = fields.encode();
    if block.raw_header()?.is_some_and(|given| given != raw) {
        return Err(Fault::RawHeader);
    }
    let header = RawHeader::decode(genesis.config.protocol(fields.number), &raw).map_err(Refusal::from)?;
    let stated = block.hash()?;
    if header.hash != stated {
        return Err(Fault::Hash { computed: header.hash, stated });
    }
    Ok((fields, raw, header))
}

/// Checks transactions and receipts, if the capture has them.
fn bodies(
    block: &CapturedBlock,
    fields: &HeaderFields,
    header: &RawHeader,
    report: &mut Report,
) -> Result<(), Fault> {
    if let Some(transactions) = block.raw_transactions()? {
        // Both tries have the same keys: indices.
        let (computed, stated) = (receipts_root(&transactions), fields.transactions_root);
        if computed != stated {
            return Err(Fault::TransactionsRoot { computed, stated });
        }
    }
    if let Some(receipts) = block.receipts()? {
        let (computed, stated) = (receipts_root(&receipts), header.receipts_root);
        if computed != stated {
            return Err(Fault::ReceiptsRoot { computed, stated });
        }
        report.receipt_roots += usize::from(!receipts.is_empty());
    }
    Ok(())
}

/// The same block as other nodes hold it, with other seals.
fn copies(block: &CapturedBlock, fields: &HeaderFields) -> Result<Vec<Vec<u8>>, Fault> {
    let extras = block.other_extra()?.into_iter();
    Ok(extras.map(|extra| HeaderFields { extra, ..fields.clone() }.encode()).collect())
}

/// Checks every seal of a block and of its copies, which have to be copies of it.
fn every_seal_counts(
    genesis: &Genesis,
    header: &RawHeader,
    copies: &[Vec<u8>],
    validators: &[Address],
) -> Result<(), Fault> {
    own_seals_count(header, validators)?;
    for copy in copies {
        let copy = RawHeader::decode(genesis.config.protocol(header.number), copy).map_err(Refusal::from)?;
        if copy.hash != header.hash {
            return Err(Fault::Hash { computed: copy.hash, stated: header.hash });
        }
        own_seals_count(&copy, validators)?;
    }
    Ok(())
}

/// Every seal that a node serves has to be one of a distinct validator, also where fewer would do.
fn own_seals_count(header: &RawHeader, validators: &[Address]) -> Result<(), Fault> {
    let signers: BTreeSet<_> = header.seals().into_iter().map(|seal| seal.signer).collect();
    let good = signers.iter().filter(|signer| validators.contains(signer)).count();
    match header.extra.seals.len() - good {
        0 => Ok(()),
        bad => Err(Fault::Seals(bad)),
    }
}

/// The proof of the validators that seal the block after `header`, where a contract holds them.
fn set_after(
    genesis: &Genesis,
    proof: Option<ProofNodes>,
    header: &RawHeader,
) -> Result<Option<OwnedSet>, Fault> {
    let contract = header.number.checked_add(1).and_then(|next| genesis.config.contract(next));
    let (Some(contract), Some(ProofNodes { account, storage })) = (contract, proof) else { return Ok(None) };
    let set = OwnedSet::from_nodes(header.number, &contract, header.state_root, &account, &storage)?;
    Ok(Some(set))
}

/// The anchor at a trusted block.
fn anchor_of(genesis: &Genesis, block: &CapturedBlock, report: &mut Report) -> Result<Vec<u8>, Fault> {
    let (fields, _, header) = sealed(genesis, block)?;
    bodies(block, &fields, &header, report)?;
    if header.number > 0 && !header.extra.validators.is_empty() {
        every_seal_counts(genesis, &header, &copies(block, &fields)?, &header.extra.validators)?;
    }
    let set = set_after(genesis, block.proof(header.state_root)?, &header)?;
    let form = header.evidence_form(0).map_err(Refusal::from)?;
    let set = set.as_ref().map(OwnedSet::as_proof);
    Ok(Anchor { config: genesis.config.clone(), header: &form, set }.encode())
}

impl Walker {
    fn new(client: &'static dyn LightClient, genesis: Genesis, state: ClientState) -> Result<Self, Refusal> {
        let builder = RunBuilder::new(client.family(), &state)?;
        let validators = validators(client, &state)?;
        Ok(Self {
            client,
            genesis,
            builder,
            state,
            validators,
            waiting: VecDeque::new(),
            report: Report::default(),
        })
    }

    /// Takes the next block, and verifies as far as seals reach.
    fn step(&mut self, block: &CapturedBlock) -> Result<(), Fault> {
        let (fields, raw, header) = sealed(&self.genesis, block)?;
        bodies(block, &fields, &header, &mut self.report)?;
        let proof = block.proof(header.state_root)?;
        let copies = copies(block, &fields)?;
        // Blocks wait only for seals of one set, so without a list in the header the set is the one in force.
        let listed = &header.extra.validators;
        let validators = if listed.is_empty() { &self.validators } else { listed };
        every_seal_counts(&self.genesis, &header, &copies, validators)?;
        let replaced = self.genesis.replacements.iter().position(|one| one.height == header.number);
        if let Some(place) = replaced {
            let replacement = self.genesis.replacements.remove(place);
            return self.replace(&replacement, block, &header, &copies);
        }
        let set = set_after(&self.genesis, proof, &header)?;
        self.builder.push(SourceBlock { raw, copies, set, receipts: None })?;
        let listed = header.extra.validators.clone();
        self.waiting.push_back(Waiting { height: header.number, listed });
        while let Some(run) = self.builder.take_run()? {
            // The moment of its own last header: a capture is judged as of its own time.
            let advance = self.client.advance(&self.state, &[], None, &run.evidence, header.time)?;
            self.state = advance.state.clone();
            self.report.through_descendants += advance.headers.len().saturating_sub(1);
            self.verified(advance.headers.len(), run.last)?;
        }
        Ok(())
    }

    /// Counts a run, and keeps what it changed about the validators.
    fn verified(&mut self, count: usize, last: u64) -> Result<(), Fault> {
        self.report.verified += count;
        for waiting in self.waiting.drain(..count.min(self.waiting.len())).collect::<Vec<_>>() {
            if !waiting.listed.is_empty() {
                self.change(waiting.height, waiting.listed, false);
            }
        }
        let after = validators(self.client, &self.state)?;
        self.change(last + 1, after, false);
        Ok(())
    }

    fn change(&mut self, height: u64, mut validators: Vec<Address>, by_configuration: bool) {
        validators.sort_unstable();
        if validators == self.validators {
            return;
        }
        let added = validators.iter().filter(|one| !self.validators.contains(one)).copied().collect();
        let removed = self.validators.iter().filter(|one| !validators.contains(one)).copied().collect();
        self.report.validator_changes.push(Change { height, added, removed, by_configuration });
        self.validators = validators;
    }

    /// Takes a block at which the trusted configuration, and not the validators before, puts a set in place. The block has to
    /// follow the verified head, list exactly that set, and be sealed by a quorum of it: then the chain is anchored anew there.
    fn replace(
        &mut self,
        replacement: &Replacement,
        block: &CapturedBlock,
        header: &RawHeader,
        copies: &[Vec<u8>],
    ) -> Result<(), Fault> {
        if let Some(obstacle) = self.builder.obstacle() {
            return Err(obstacle.into());
        }
        let head = self.client.summary(&self.state)?;
        if header.parent != head.hash {
            let (height, came) = (header.number, header.parent);
            return Err(Refusal::NotLinkedToHead { height, head: head.hash, came }.into());
        }
        let mut listed = header.extra.validators.clone();
        listed.sort_unstable();
        if listed != replacement.validators {
            return Err(Fault::Replacement);
        }
        let mut seals = SealCollection::default();
        seals.add(header);
        for copy in copies {
            let protocol = self.genesis.config.protocol(header.number);
            seals.add(&RawHeader::decode(protocol, copy).map_err(Refusal::from)?);
        }
        let (came, expected) = (seals.best(&listed).signers.len(), quorum(listed.len()));
        if came < expected {
            return Err(Fault::ReplacementSeals { came, expected });
        }
        let anchor = anchor_of(&self.genesis, block, &mut Report::default())?;
        self.state = self.client.anchor(&anchor)?.into_inner().state;
        self.builder = RunBuilder::new(self.client.family(), &self.state)?;
        self.report.verified += 1;
        self.change(header.number, listed, true);
        Ok(())
    }

    /// Blocks that still wait for seals are refused, with what they wait for.
    fn end(&mut self) {
        if let (Some(waiting), Some(obstacle)) = (self.waiting.front(), self.builder.obstacle()) {
            let height = waiting.height;
            self.report.refuse(height, &obstacle.into());
        }
        self.report.refused = self.report.headers - self.report.verified;
    }
}

fn validators(client: &dyn LightClient, state: &ClientState) -> Result<Vec<Address>, Refusal> {
    let summary = client.summary(state)?;
    Ok(summary.validators.iter().filter_map(|one| Address::try_from(one.as_slice()).ok()).collect())
}
