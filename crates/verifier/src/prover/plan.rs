//! Which of the headers that wait can be cut off as a run, and which of those have to carry seals.

use causeway_protocol::{Address, DecodeError};

use super::{OwnedReceipts, OwnedSet};
use crate::Refusal;
use crate::bft::raw::{CollectedSeals, RawHeader, SealCollection};
use crate::bft::{Block, Config, SetFault, check_quorum, more_than_a_third};

/// A header that waits for a run.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) header: RawHeader,
    pub(super) seals: SealCollection,
    pub(super) set: Option<OwnedSet>,
    /// What `set` proves.
    pub(super) proven: Option<Vec<Address>>,
    pub(super) receipts: Option<OwnedReceipts>,
}

/// A header of a planned run that carries seals.
#[derive(Clone)]
pub(super) struct SealedEnd {
    pub(super) place: usize,
    seals: CollectedSeals,
    with_set: bool,
}

/// The longest run that can be cut, and what stops a longer one.
#[derive(Default)]
pub(super) struct Plan {
    /// Headers with seals; the last one ends the run. Empty if nothing can be cut.
    pub(super) ends: Vec<SealedEnd>,
    /// The validators after it.
    pub(super) validators: Vec<Address>,
    /// Why the run does not reach the last header that waits.
    pub(super) obstacle: Option<Refusal>,
}

/// What is known half-way through the headers that wait.
struct Planner<'a> {
    config: &'a Config,
    /// Whether the run only has to show that its last block was sealed.
    accuses: bool,
    validators: Vec<Address>,
    /// The set before the last change of a listed set.
    before: Option<Vec<Address>>,
    /// Seals that would do for the header looked at last.
    ready: Option<CollectedSeals>,
    /// Ends of validator sets passed so far.
    passed: Vec<SealedEnd>,
    plan: Plan,
}

/// Nothing can be cut behind this point.
struct Stop;

impl Plan {
    /// Plans the longest run from a head with these `validators`.
    pub(super) fn longest<'p>(
        config: &Config,
        validators: &[Address],
        pending: impl Iterator<Item = &'p Pending>,
        accuses: bool,
    ) -> Self {
        let (validators, plan) = (validators.to_vec(), Self::default());
        let mut planner =
            Planner { config, accuses, validators, before: None, ready: None, passed: Vec::new(), plan };
        for (place, pending) in pending.enumerate() {
            if planner.listed(place, pending).and_then(|()| planner.sealed(place, pending)).is_err() {
                break;
            }
        }
        planner.plan
    }

    fn end_at(&self, place: usize) -> Option<&SealedEnd> {
        self.ends.iter().find(|end| end.place == place)
    }

    /// The headers of the run in evidence form.
    pub(super) fn headers<'p>(
        &self,
        pending: impl Iterator<Item = &'p Pending>,
    ) -> Result<Vec<Vec<u8>>, DecodeError> {
        let count = self.ends.last().map_or(0, |end| end.place + 1);
        let round = |place| self.end_at(place).map_or(0, |end| end.seals.round);
        pending
            .take(count)
            .enumerate()
            .map(|(place, pending)| pending.header.evidence_form(round(place)))
            .collect()
    }

    /// The blocks of the run.
    pub(super) fn blocks<'a>(
        &'a self,
        pending: impl Iterator<Item = &'a Pending>,
        headers: &'a [Vec<u8>],
    ) -> Vec<Block<'a>> {
        let block = |(place, (pending, header)): (usize, (&'a Pending, &'a Vec<u8>))| {
            let end = self.end_at(place);
            let set = pending.set.as_ref().filter(|_| end.is_some_and(|end| end.with_set));
            Block {
                header,
                seals: end.map_or(&[], |end| &end.seals.bytes),
                set: set.map(OwnedSet::as_proof),
                receipts: pending.receipts.as_ref().map(OwnedReceipts::as_proof),
            }
        };
        pending.zip(headers).enumerate().map(block).collect()
    }
}

impl Planner<'_> {
    /// In header mode: follows the list in the header. Where it changes, the header before ends its set and has to be sealed.
    fn listed(&mut self, place: usize, pending: &Pending) -> Result<(), Stop> {
        let height = pending.header.number;
        let listed = sorted(&pending.header.extra.validators);
        if self.config.contract(height).is_some() || listed == self.validators {
            return Ok(());
        }
        let ended_by_proof = self.passed.last().is_some_and(|end| end.place + 1 == place);
        if place > 0 && !ended_by_proof {
            let seals = self.ready.take().ok_or(Stop)?;
            self.passed.push(SealedEnd { place: place - 1, seals, with_set: false });
        }
        if let Some(fault) = jump(&self.validators, &listed) {
            self.plan.obstacle = Some(Refusal::Set { height, fault });
            return Err(Stop);
        }
        self.before = Some(core::mem::replace(&mut self.validators, listed));
        Ok(())
    }

    /// Ends the run here if the header has a quorum and, where it needs one, a proof of the next validators. Where the proven
    /// ones differ, they are in force from here on.
    fn sealed(&mut self, place: usize, pending: &Pending) -> Result<(), Stop> {
        let height = pending.header.number;
        let next = self.config.contract(height.saturating_add(1));
        let needs_proof = next.is_some() && !self.accuses;
        self.ready = None;
        match self.enough_seals(pending) {
            Err(fault) => self.plan.obstacle = Some(fault),
            Ok(seals) if needs_proof && pending.proven.is_none() => {
                self.plan.obstacle = Some(Refusal::Set { height, fault: SetFault::ProofMissing });
                self.ready = Some(seals);
            }
            Ok(seals) => {
                self.plan.obstacle = None;
                self.plan.ends.clone_from(&self.passed);
                self.plan.ends.push(SealedEnd { place, seals: seals.clone(), with_set: needs_proof });
                self.plan.validators.clone_from(pending.proven.as_ref().unwrap_or(&self.validators));
                self.ready = Some(seals);
            }
        }
        let begins = next.is_some() && next != self.config.contract(height);
        let changes = pending.proven.as_ref().is_some_and(|proven| *proven != self.validators);
        if begins || changes {
            let (Some(seals), Some(proven)) = (self.ready.take(), &pending.proven) else { return Err(Stop) };
            self.passed.push(SealedEnd { place, seals, with_set: true });
            self.before = None;
            self.validators.clone_from(proven);
        }
        Ok(())
    }

    /// The seals of a header if they are a quorum, and enough of the set before is among them.
    fn enough_seals(&self, pending: &Pending) -> Result<CollectedSeals, Refusal> {
        let height = pending.header.number;
        let seals = pending.seals.best(&self.validators);
        check_quorum(seals.signers.len(), self.validators.len())
            .map_err(|fault| Refusal::Sealing { height, fault })?;
        if let Some(before) = &self.before {
            let (came, old) =
                (seals.signers.iter().filter(|signer| before.contains(signer)).count(), before.len());
            if !more_than_a_third(came, old) {
                return Err(Refusal::Set { height, fault: SetFault::Overlap { came, old } });
            }
        }
        Ok(seals)
    }
}

fn sorted(addresses: &[Address]) -> Vec<Address> {
    let mut sorted = addresses.to_vec();
    sorted.sort_unstable();
    sorted
}

fn jump(old: &[Address], new: &[Address]) -> Option<SetFault> {
    let added = new.iter().filter(|address| !old.contains(address)).count();
    let removed = old.iter().filter(|address| !new.contains(address)).count();
    (added + removed > 1).then_some(SetFault::Jump { added, removed })
}
