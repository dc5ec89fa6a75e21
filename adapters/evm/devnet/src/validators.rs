//! The validators of a chain: the set that seals the next block, and how it is to seal it.

use alloy_primitives::{B256, U256, keccak256};
use causeway_protocol::Address;
use causeway_verifier::bft::{MAX_VALIDATORS, Protocol};

use crate::DevnetError;
use crate::key::Key;
use crate::seal::SealPlan;
use crate::state::State;

/// The set that seals, and what has been asked of the next block.
#[derive(Debug, Clone)]
pub(crate) struct Validators {
    /// Ascending by address, as headers list them.
    current: Vec<Key>,
    /// Round of the next block only.
    round: u32,
    /// Number of commit seals on the next block only; otherwise a quorum.
    seals: Option<usize>,
    /// Where a contract decides who seals: its address, and every key that it may name.
    contract: Option<(Address, Vec<Key>)>,
}

impl Validators {
    /// The set of a genesis block: `keys`, or those of them that `contract` names in `state`.
    pub(crate) fn new(keys: Vec<Key>, contract: Option<Address>, state: &State) -> Result<Self, DevnetError> {
        let mut set = Self { current: Vec::new(), round: 0, seals: None, contract: None };
        set.replace(keys.clone())?;
        set.contract = contract.map(|contract| (contract, keys));
        set.enter(state)?;
        Ok(set)
    }

    /// Takes up the set that the contract names in the state before the block to be made, where there is a contract.
    pub(crate) fn enter(&mut self, state: &State) -> Result<(), DevnetError> {
        let Some((contract, keys)) = &self.contract else { return Ok(()) };
        let named = named_in(state, *contract)?.into_iter().map(|address| {
            let key = keys.iter().find(|key| key.address() == address);
            key.cloned().ok_or(DevnetError::NoKey(address))
        });
        self.current = checked(named.collect::<Result<_, _>>()?)?;
        Ok(())
    }

    /// The addresses that headers list: none where a contract holds them.
    pub(crate) fn listed(&self) -> &[Key] {
        if self.contract.is_some() { &[] } else { &self.current }
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
    pub(crate) fn replace(&mut self, keys: Vec<Key>) -> Result<(), DevnetError> {
        if let Some((contract, _)) = &self.contract {
            return Err(DevnetError::ContractDecides(*contract));
        }
        self.current = checked(keys)?;
        Ok(())
    }

    /// The set as it was: for a chain that forks off before the set changed.
    pub(crate) fn go_back_to(&mut self, keys: &[Key]) {
        self.current = keys.to_vec();
        self.settle();
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
            listed: self.listed(),
            proposer: self.proposer(number),
            sealers,
            round: self.round,
        }
    }

    fn turn(&self, number: u64) -> usize {
        usize::try_from(number % self.current.len() as u64).unwrap_or_default()
    }
}

/// `keys` as a set: ascending, of 1 to 128, no two of one address.
fn checked(mut keys: Vec<Key>) -> Result<Vec<Key>, DevnetError> {
    if keys.is_empty() || keys.len() > MAX_VALIDATORS {
        return Err(DevnetError::Validators { most: MAX_VALIDATORS, came: keys.len() });
    }
    keys.sort_by_key(Key::address);
    match keys.windows(2).find(|pair| pair[0].address() == pair[1].address()) {
        Some(twice) => Err(DevnetError::DuplicateValidator(twice[0].address())),
        None => Ok(keys),
    }
}

/// The `address[]` that a validator contract keeps at slot 0: the length there, element i at keccak(0) + i.
fn named_in(state: &State, contract: Address) -> Result<Vec<Address>, DevnetError> {
    let contract = state.account(&contract.0.into()).cloned().unwrap_or_default();
    let length = contract.slot(U256::ZERO);
    let count = usize::try_from(length).ok().filter(|count| *count <= MAX_VALIDATORS);
    let count = count.ok_or(DevnetError::Validators { most: MAX_VALIDATORS, came: usize::MAX })?;
    let first = U256::from_be_bytes(keccak256(B256::ZERO).0);
    let element = |index| contract.slot(first.wrapping_add(U256::from(index)));
    Ok((0..count)
        .map(|index| Address(alloy_primitives::Address::from_word(element(index).into()).into_array()))
        .collect())
}
