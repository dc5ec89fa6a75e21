//! Skips: from a trusted state to a higher header, without the headers between.
//!
//! More than a third of the trusted validators sealed the header, so an honest one did, as long as fewer than a third are not
//! honest; and an honest validator seals a block only if its ancestors and its validators are right. A quorum of those
//! validators makes it final. What nothing says is on which of its chains an honest validator sealed it
//! (`docs/decisions/0006-skips.md`).

use causeway_protocol::Address;

use super::config::Config;
use super::contract::prove_validators;
use super::evidence::{Block, Skip};
use super::run::{ReadHeader, read_header};
use super::seals::verify_seals;
use super::state::{Head, State};
use super::{SealingFault, SetFault, SkipFault, ValidatorSet, more_than_a_third};
use crate::evm::ReceiptFault;
use crate::{HeaderFact, Refusal, Skipped};

/// Verifies a skip from `state`.
pub(super) fn skip(state: State, evidence: &Skip<'_>, now: u64) -> Result<Skipped, Refusal> {
    state.check_period(now)?;
    let State { config, head: trusted, frozen } = state;
    let latest = now.saturating_add(config.clock_drift);
    let block = &evidence.block;
    let read = read_header(&config, block.header, !block.seals.is_empty())?;
    check_above(&trusted, &read.fact)?;
    check_time(&trusted, &read.fact, latest)?;
    check_no_receipts(&read.fact, block)?;

    let sealing = match &evidence.parent {
        Some(parent) => proven_validators(&config, &read, parent)?,
        None => listed_validators(&config, &read)?,
    };
    let mut sealing = sealing.with_keys_of(&trusted.validators);
    let digest = read.header.seal_digest(read.protocol, &read.extra);
    let sealers = verify_seals(block.seals, digest, &mut sealing)
        .map_err(|fault| Refusal::Sealing { height: read.fact.height, fault })?;
    check_overlap(&read.fact, &trusted.validators, &sealers)?;

    let validators = next_validators(&config, &read, block, sealing)?;
    let HeaderFact { height, hash, time, .. } = read.fact;
    let head = Head { height, hash, time, state_root: read.header.state_root, validators };
    Ok(Skipped { header: read.fact, state: State { config, head, frozen }.encode() })
}

/// Above the trusted header; right above it, linked to it: where a link can tell twins apart, it has to.
fn check_above(trusted: &Head, fact: &HeaderFact) -> Result<(), Refusal> {
    let HeaderFact { height, parent: came, .. } = *fact;
    if height <= trusted.height {
        return Err(Refusal::Skip { height, fault: SkipFault::NotAbove(trusted.height) });
    }
    if height - trusted.height == 1 && came != trusted.hash {
        return Err(Refusal::NotLinkedToHead { height, head: trusted.hash, came });
    }
    Ok(())
}

fn check_time(trusted: &Head, fact: &HeaderFact, latest: u64) -> Result<(), Refusal> {
    let HeaderFact { height, time: came, .. } = *fact;
    if came < trusted.time {
        let fault = SkipFault::BeforeTrusted { trusted: trusted.time, came };
        return Err(Refusal::Skip { height, fault });
    }
    if came > latest {
        return Err(Refusal::TimeAhead { height, latest, came });
    }
    Ok(())
}

fn check_no_receipts(fact: &HeaderFact, block: &Block<'_>) -> Result<(), Refusal> {
    match block.receipts {
        None => Ok(()),
        Some(_) => Err(Refusal::Receipts { height: fact.height, fault: ReceiptFault::Useless }),
    }
}

/// Header mode: the header lists its sealers, however many of them are new.
fn listed_validators(config: &Config, read: &ReadHeader<'_>) -> Result<ValidatorSet, Refusal> {
    let height = read.fact.height;
    if config.contract(height).is_some() {
        return Err(Refusal::Skip { height, fault: SkipFault::ParentMissing });
    }
    let listed = read.extra.validators.clone();
    ValidatorSet::from_addresses(listed).map_err(|fault| Refusal::Set { height, fault })
}

/// Contract mode: the state of the header before lists the sealers. The sealed header names that one as its parent, so whoever
/// vouches for the one vouches for the other; it needs no seals of its own.
fn proven_validators(
    config: &Config,
    read: &ReadHeader<'_>,
    block: &Block<'_>,
) -> Result<ValidatorSet, Refusal> {
    let parent = read_header(config, block.header, false)?;
    let (height, next) = (parent.fact.height, &read.fact);
    let Some(contract) = config.contract(next.height) else {
        return Err(Refusal::Skip { height: next.height, fault: SkipFault::ParentUnexpected });
    };
    if height.checked_add(1) != Some(next.height) {
        let expected = height.saturating_add(1);
        return Err(Refusal::NotNextHeight { expected, came: next.height });
    }
    if next.parent != parent.fact.hash {
        let (expected, came) = (parent.fact.hash, next.parent);
        return Err(Refusal::NotLinked { height: next.height, expected, came });
    }
    if !block.seals.is_empty() {
        return Err(Refusal::Sealing { height, fault: SealingFault::Useless });
    }
    check_no_receipts(&parent.fact, block)?;
    let refuse = |height, fault| Refusal::Set { height, fault };
    if !read.extra.validators.is_empty() || read.extra.vote.is_some() {
        return Err(refuse(next.height, SetFault::ListedInContractMode));
    }
    let proof = block.set.as_ref().ok_or_else(|| refuse(height, SetFault::ProofMissing))?;
    prove_validators(height, &contract, parent.header.state_root, proof)
}

/// Strictly more than a third of the trusted validators sealed the header. Counted, never rounded: of 4 that is 2, and 1 would
/// let a single bad validator take the client over.
fn check_overlap(fact: &HeaderFact, trusted: &ValidatorSet, sealers: &[Address]) -> Result<(), Refusal> {
    let came = sealers.iter().filter(|sealer| trusted.contains(**sealer)).count();
    if more_than_a_third(came, trusted.len()) {
        return Ok(());
    }
    let fault = SkipFault::OverlapShort { came, trusted: trusted.len() };
    Err(Refusal::Skip { height: fact.height, fault })
}

/// Who seals the next header, as at the end of every run: proven from this one's state if it is in contract mode.
fn next_validators(
    config: &Config,
    read: &ReadHeader<'_>,
    block: &Block<'_>,
    sealing: ValidatorSet,
) -> Result<ValidatorSet, Refusal> {
    let height = read.fact.height;
    let refuse = |fault| Refusal::Set { height, fault };
    let next = height.checked_add(1).and_then(|next| config.contract(next));
    match (next, &block.set) {
        (None, None) => Ok(sealing),
        (None, Some(_)) => Err(refuse(SetFault::ProofUnexpected)),
        (Some(_), None) => Err(refuse(SetFault::ProofMissing)),
        (Some(contract), Some(proof)) => {
            let proven = prove_validators(height, &contract, read.header.state_root, proof)?;
            Ok(proven.with_keys_of(&sealing))
        }
    }
}
