//! The validators of a chain: the set in force, the one to come, and how the next block is to be sealed.

use causeway_protocol::Address;
use causeway_verifier::bft::{MAX_VALIDATORS, Protocol};

use crate::DevnetError;
use crate::key::Key;
use crate::seal::SealPlan;

/// The set that seals, and what has been asked of the next block.
#[derive(Debug, Clone)]
pub(crate) struct Validators {
    /// Ascending by address, as headers list them.
    current: Vec<Key>,
    /// Round of the next block only.
    round: u32,
    /// Number of commit seals on the next block only; otherwise a quorum.
    seals: Option<usize>,
}

impl Validators {
    pub(crate) fn new(keys: Vec<Key>) -> Result<Self, DevnetError> {
        let mut set = Self { current: Vec::new(), round: 0, seals: None };
        set.replace(keys)?;
        Ok(set)
    }

    pub(crate) fn current(&self) -> &[Key] {
        &self.current
    }

    /// Adds one, from the next block on.
    pub(crate) fn add(&mut self, key: Key) -> Result<(), DevnetError> {
        let mut keys = self.current.clone();
        keys.push(key);
        self.replace(keys)
    }

    /// Removes one, from the next block on.
    pub(crate) fn remove(&mut self, address: Address) -> Result<(), DevnetError> {
        let keys: Vec<_> = self.current.iter().filter(|key| key.address() != address).cloned().collect();
        if keys.len() == self.current.len() {
            return Err(DevnetError::UnknownValidator(address));
        }
        self.replace(keys)
    }

    /// Replaces the whole set, from the next block on.
    pub(crate) fn replace(&mut self, mut keys: Vec<Key>) -> Result<(), DevnetError> {
        if keys.is_empty() || keys.len() > MAX_VALIDATORS {
            return Err(DevnetError::Validators { most: MAX_VALIDATORS, came: keys.len() });
        }
        keys.sort_by_key(Key::address);
        if let Some(twice) = keys.windows(2).find(|pair| pair[0].address() == pair[1].address()) {
            return Err(DevnetError::DuplicateValidator(twice[0].address()));
        }
        self.current = keys;
        Ok(())
    }

    /// Seals the next block in `round`.
    pub(crate) fn seal_in_round(&mut self, round: u32) {
        self.round = round;
    }

    /// Puts `seals` commit seals on the next block, at most one of each validator.
    pub(crate) fn seal_with(&mut self, seals: usize) {
        self.seals = Some(seals);
    }

    /// The next block is sealed as asked; the ones after it in round 0 by a quorum.
    pub(crate) fn settle(&mut self) {
        self.round = 0;
        self.seals = None;
    }

    /// The proposer of block `number`: each in turn, the next one when a round fails.
    pub(crate) fn proposer(&self, number: u64) -> &Key {
        &self.current[self.turn(number.wrapping_add(u64::from(self.round)))]
    }

    /// How block `number` is sealed. A real header holds the first quorum of seals that arrived, so other validators
    /// are missing each time, and they are not in the order of the list.
    pub(crate) fn plan(&self, protocol: Protocol, number: u64) -> SealPlan<'_> {
        let size = self.current.len();
        let seals = self.seals.unwrap_or((2 * size).div_ceil(3)).min(size);
        let first = self.turn(number);
        let sealers = (0..seals).map(|at| &self.current[(first + at) % size]).collect();
        SealPlan {
            protocol,
            validators: &self.current,
            proposer: self.proposer(number),
            sealers,
            round: self.round,
        }
    }

    fn turn(&self, number: u64) -> usize {
        usize::try_from(number % self.current.len() as u64).unwrap_or_default()
    }
}
