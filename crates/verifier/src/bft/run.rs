//! Walking a run of headers from a head: every rule of advancing, one after another.

use causeway_protocol::Address;

use super::config::Config;
use super::contract::prove_validators;
use super::evidence::Block;
use super::seals::verify_seals;
use super::state::Head;
use super::{
    BFT_DIFFICULTY, BFT_MIX_HASH, EMPTY_OMMERS, ExtraData, Header, HeaderFault, Protocol, SealingFault,
    SetFault, ValidatorSet, more_than_a_third,
};
use crate::{HeaderFact, Refusal};

/// A header that is one of its consensus protocol, in evidence form. Not yet linked to anything.
pub(super) struct ReadHeader<'a> {
    pub(super) header: Header<'a>,
    pub(super) extra: ExtraData,
    pub(super) protocol: Protocol,
    pub(super) fact: HeaderFact,
}

/// Decodes a header and checks what every block of its protocol has in common.
pub(super) fn read_header<'a>(
    config: &Config,
    rlp: &'a [u8],
    sealed: bool,
) -> Result<ReadHeader<'a>, Refusal> {
    let header = Header::decode(rlp)?;
    let height = header.number;
    let refuse = |fault| Refusal::Header { height, fault };
    let protocol = config.protocol(height);
    let extra = ExtraData::decode(protocol, header.extra)
        .map_err(|fault| refuse(HeaderFault::Malformed { protocol, fault }))?;
    if height > 0 {
        check_constants(&header, protocol, &extra).map_err(refuse)?;
    }
    if !extra.seals.is_empty() {
        return Err(refuse(HeaderFault::SealsInside));
    }
    if !sealed && extra.round != 0 && height > 0 {
        return Err(refuse(HeaderFault::UnboundRound(extra.round)));
    }
    let hash = header.block_hash(protocol, &extra);
    let fact = HeaderFact { height, hash, parent: header.parent, time: header.time };
    Ok(ReadHeader { header, extra, protocol, fact })
}

/// Fields that are the same in every block of a BFT chain but its genesis. Source: Besu's header validation rule sets, GoQuorum's
/// `verifyHeader`.
fn check_constants(header: &Header<'_>, protocol: Protocol, extra: &ExtraData) -> Result<(), HeaderFault> {
    if header.ommers != EMPTY_OMMERS {
        return Err(HeaderFault::Constant("ommersHash"));
    }
    if header.difficulty != Some(BFT_DIFFICULTY) {
        return Err(HeaderFault::Constant("difficulty"));
    }
    if header.mix_hash != BFT_MIX_HASH {
        return Err(HeaderFault::Constant("mixHash"));
    }
    if protocol == Protocol::Ibft && extra.proposer_seal.is_empty() {
        return Err(HeaderFault::NoProposerSeal);
    }
    Ok(())
}

/// What a run is for: it decides on the last header's duties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To move a head that others go on from: in contract mode the next validators have to be proven.
    Advance,
    /// To show that a block was sealed: nothing goes on from it, and its state may be invented.
    Accuse,
}

/// A head on its way through a run.
pub(super) struct Walk<'c> {
    config: &'c Config,
    purpose: Purpose,
    /// Latest time a header may have.
    latest: u64,
    head: Head,
    first: bool,
    /// Whether the head carried seals, or needs none because it is trusted already.
    sealed: bool,
    /// Whether the head's seals were called for: it ended a validator set by proof.
    ended_by_proof: bool,
    /// The set before the last change, until a sealed header shows that enough of it went along.
    before: Option<ValidatorSet>,
}

impl<'c> Walk<'c> {
    pub(super) fn new(config: &'c Config, head: Head, purpose: Purpose, latest: u64) -> Self {
        Self { config, purpose, latest, head, first: true, sealed: true, ended_by_proof: true, before: None }
    }

    /// Goes on to the next block. The head is only trustworthy once [`Walk::finish`] agrees.
    pub(super) fn step<'a>(&mut self, block: &Block<'a>, last: bool) -> Result<ReadHeader<'a>, Refusal> {
        let read = read_header(self.config, block.header, !block.seals.is_empty())?;
        self.check_link(&read.fact)?;
        self.check_time(&read.fact)?;
        let set_changes = self.check_listed_validators(&read)?;
        self.check_seals_before(&read.fact, set_changes)?;
        self.advance_head(&read);
        let sealers = self.check_seals(&read, block.seals)?;
        if let Some(sealers) = &sealers {
            self.check_overlap(read.fact.height, sealers)?;
        }
        self.check_set_proof(&read, block, last)?;
        self.first = false;
        Ok(read)
    }

    /// The head after the whole run: its last header has to be sealed.
    pub(super) fn finish(self) -> Result<Head, Refusal> {
        if self.sealed && !self.first {
            return Ok(self.head);
        }
        Err(Refusal::Sealing { height: self.head.height, fault: SealingFault::Unsealed("the run") })
    }

    /// Linked by parent hash, without a gap: chains of these families have no name in their headers, only the link tells two
    /// chains of the same validators apart.
    fn check_link(&self, fact: &HeaderFact) -> Result<(), Refusal> {
        let (height, came) = (fact.height, fact.parent);
        let expected = self.head.height.checked_add(1);
        if expected != Some(height) {
            return Err(Refusal::NotNextHeight { expected: expected.unwrap_or(u64::MAX), came: height });
        }
        if came == self.head.hash {
            return Ok(());
        }
        Err(if self.first {
            Refusal::NotLinkedToHead { height, head: self.head.hash, came }
        } else {
            Refusal::NotLinked { height, expected: self.head.hash, came }
        })
    }

    fn check_time(&self, fact: &HeaderFact) -> Result<(), Refusal> {
        let HeaderFact { height, time: came, .. } = *fact;
        if came < self.head.time {
            return Err(Refusal::TimeBeforeParent { height, parent: self.head.time, came });
        }
        if came > self.latest {
            return Err(Refusal::TimeAhead { height, latest: self.latest, came });
        }
        Ok(())
    }

    /// In header mode the header lists its own sealers: at most one address may differ from the header before. In contract mode it
    /// lists nobody. Answers whether the set in force changed, and puts the new one in force.
    fn check_listed_validators(&mut self, read: &ReadHeader<'_>) -> Result<bool, Refusal> {
        let refuse = |fault| Refusal::Set { height: read.fact.height, fault };
        let listed = &read.extra.validators;
        if self.config.contract(read.fact.height).is_some() {
            let nothing = listed.is_empty() && read.extra.vote.is_none();
            return if nothing { Ok(false) } else { Err(refuse(SetFault::ListedInContractMode)) };
        }
        if self.head.validators.is(listed) {
            return Ok(false);
        }
        let next = ValidatorSet::from_addresses(listed.clone()).map_err(refuse)?;
        let (added, removed) = self.head.validators.changes(&next);
        if added + removed > 1 {
            return Err(refuse(SetFault::Jump { added, removed }));
        }
        let next = next.with_keys_of(&self.head.validators);
        self.before = Some(core::mem::replace(&mut self.head.validators, next));
        Ok(true)
    }

    /// Judges the header before, now that this one shows whether it was the last of its set.
    fn check_seals_before(&self, fact: &HeaderFact, set_changes: bool) -> Result<(), Refusal> {
        if self.first {
            return Ok(());
        }
        let refuse = |fault| Refusal::Sealing { height: fact.height - 1, fault };
        if set_changes && !self.sealed {
            return Err(refuse(SealingFault::Unsealed("its validator set")));
        }
        if self.sealed && !set_changes && !self.ended_by_proof {
            return Err(refuse(SealingFault::Useless));
        }
        Ok(())
    }

    fn advance_head(&mut self, read: &ReadHeader<'_>) {
        self.head.height = read.fact.height;
        self.head.hash = read.fact.hash;
        self.head.time = read.fact.time;
        self.head.state_root = read.header.state_root;
    }

    /// Seals are verified wherever they stand; whether they had to stand there shows with the next header.
    fn check_seals(&mut self, read: &ReadHeader<'_>, seals: &[u8]) -> Result<Option<Vec<Address>>, Refusal> {
        self.sealed = !seals.is_empty();
        self.ended_by_proof = false;
        if seals.is_empty() {
            return Ok(None);
        }
        let digest = read.header.seal_digest(read.protocol, &read.extra);
        verify_seals(seals, digest, &mut self.head.validators)
            .map(Some)
            .map_err(|fault| Refusal::Sealing { height: read.fact.height, fault })
    }

    /// After a change of a listed set, more than a third of the set before has to be among the sealers. A quorum of it would be too
    /// much: real chains fall short of that when a validator is removed.
    fn check_overlap(&mut self, height: u64, sealers: &[Address]) -> Result<(), Refusal> {
        let Some(before) = self.before.take() else { return Ok(()) };
        let old = before.len();
        let came = sealers.iter().filter(|sealer| before.contains(**sealer)).count();
        if more_than_a_third(came, old) {
            return Ok(());
        }
        Err(Refusal::Set { height, fault: SetFault::Overlap { came, old } })
    }

    /// If the next header's validators come from a contract, this header's state proves them: always at the end of a run, so that no
    /// head is ever left with validators that are out of force, and before that only where they change.
    fn check_set_proof(
        &mut self,
        read: &ReadHeader<'_>,
        block: &Block<'_>,
        last: bool,
    ) -> Result<(), Refusal> {
        let height = read.fact.height;
        let refuse = |fault| Refusal::Set { height, fault };
        let next = height.checked_add(1).and_then(|next| self.config.contract(next));
        let required = match (self.purpose, self.config.contract(height)) {
            (Purpose::Accuse, _) if last => return expect_no_proof(height, block),
            // The first height of contract mode: nothing is known of its validators yet.
            (_, current) if current != next => true,
            _ => last,
        };
        let Some(contract) = next else { return expect_no_proof(height, block) };
        let Some(proof) = &block.set else {
            return if required { Err(refuse(SetFault::ProofMissing)) } else { Ok(()) };
        };
        if !self.sealed {
            return Err(Refusal::Sealing { height, fault: SealingFault::Unsealed("its validator set") });
        }
        let proven = prove_validators(height, &contract, read.header.state_root, proof)?;
        if !required && proven.addresses().eq(self.head.validators.addresses()) {
            return Err(refuse(SetFault::ProofUseless));
        }
        self.head.validators = proven.with_keys_of(&self.head.validators);
        self.ended_by_proof = true;
        Ok(())
    }
}

fn expect_no_proof(height: u64, block: &Block<'_>) -> Result<(), Refusal> {
    match block.set {
        None => Ok(()),
        Some(_) => Err(Refusal::Set { height, fault: SetFault::ProofUnexpected }),
    }
}
