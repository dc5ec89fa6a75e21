//! Transactions that wait for a block.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

use alloy_primitives::{Address, B256, U256};

use crate::evm;
use crate::rules::Rules;
use crate::state::State;
use crate::transaction::Transaction;

/// How many transactions wait at most.
const CAPACITY: usize = 50_000;

/// Why a transaction does not enter the pool. The texts are geth's, since clients look for them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PoolError {
    #[error("already known")]
    AlreadyKnown,
    #[error("nonce too low: next nonce {next}, tx nonce {came}")]
    NonceTooLow { next: u64, came: u64 },
    #[error("replacement transaction underpriced")]
    Underpriced,
    #[error("insufficient funds for gas * price + value: balance {balance}, tx cost {cost}")]
    InsufficientFunds { balance: U256, cost: U256 },
    #[error("exceeds block gas limit: {came} of {limit}")]
    GasLimit { came: u64, limit: u64 },
    #[error("intrinsic gas too low: {0}")]
    IntrinsicGas(String),
    #[error("max fee per gas less than block base fee: maxFeePerGas: {came}, baseFee: {base_fee}")]
    FeeTooLow { came: u128, base_fee: u64 },
    #[error("txpool is full: {CAPACITY} transactions wait")]
    Full,
}

struct Waiting {
    arrival: u64,
    transaction: Arc<Transaction>,
}

/// The pool: per sender by nonce, and by hash.
#[derive(Default)]
pub(crate) struct Pool {
    senders: HashMap<Address, BTreeMap<u64, Waiting>>,
    by_hash: HashMap<B256, Arc<Transaction>>,
    arrivals: u64,
}

impl Pool {
    /// Adds a transaction that `state` does not rule out.
    pub(crate) fn add(
        &mut self,
        transaction: Transaction,
        rules: &Rules,
        state: &State,
    ) -> Result<(), PoolError> {
        if self.by_hash.contains_key(&transaction.hash) {
            return Err(PoolError::AlreadyKnown);
        }
        let (came, next) = (transaction.nonce(), state.nonce(&transaction.sender));
        if came < next {
            return Err(PoolError::NonceTooLow { next, came });
        }
        if transaction.gas_limit() > rules.gas_limit {
            return Err(PoolError::GasLimit { came: transaction.gas_limit(), limit: rules.gas_limit });
        }
        let environment = transaction.environment();
        evm::intrinsic_gas(rules, &environment)
            .map_err(|error| PoolError::IntrinsicGas(error.to_string()))?;
        let base_fee = rules.price_floor();
        if environment.gas_price < u128::from(base_fee) {
            return Err(PoolError::FeeTooLow { came: environment.gas_price, base_fee });
        }
        let balance = state.account(&transaction.sender).map_or(U256::ZERO, |account| account.balance);
        let cost = transaction.cost();
        if balance < cost {
            return Err(PoolError::InsufficientFunds { balance, cost });
        }
        let same_nonce = self.senders.get(&transaction.sender).and_then(|waiting| waiting.get(&came));
        if let Some(old) = same_nonce {
            // geth asks for 10 % more; where gas is free nothing can be more, and the first one stays.
            let old_price = old.transaction.environment().gas_price;
            if environment.gas_price <= old_price.saturating_add(old_price / 10) {
                return Err(PoolError::Underpriced);
            }
        } else if self.by_hash.len() >= CAPACITY {
            return Err(PoolError::Full);
        }
        let transaction = Arc::new(transaction);
        self.arrivals += 1;
        let waiting = Waiting { arrival: self.arrivals, transaction: transaction.clone() };
        let replaced = self.senders.entry(transaction.sender).or_default().insert(came, waiting);
        if let Some(replaced) = replaced {
            self.by_hash.remove(&replaced.transaction.hash);
        }
        self.by_hash.insert(transaction.hash, transaction);
        Ok(())
    }

    /// A waiting transaction.
    pub(crate) fn get(&self, hash: &B256) -> Option<Arc<Transaction>> {
        self.by_hash.get(hash).cloned()
    }

    /// The nonce after the last transaction that waits without a gap.
    pub(crate) fn next_nonce(&self, sender: &Address, state: &State) -> u64 {
        let mut next = state.nonce(sender);
        if let Some(waiting) = self.senders.get(sender) {
            while waiting.contains_key(&next) {
                next += 1;
            }
        }
        next
    }

    /// The transactions that can go into a block on `state`: by arrival, each sender's by nonce, until their gas
    /// limits add up to `gas_limit`.
    pub(crate) fn ready(&self, state: &State, gas_limit: u64) -> Vec<Arc<Transaction>> {
        // The heap holds each sender's next transaction; the earliest arrival comes first.
        let mut heads: BinaryHeap<Reverse<(u64, Address, u64)>> = self
            .senders
            .iter()
            .filter_map(|(sender, waiting)| {
                let nonce = state.nonce(sender);
                waiting.get(&nonce).map(|first| Reverse((first.arrival, *sender, nonce)))
            })
            .collect();
        let (mut ready, mut left) = (Vec::new(), gas_limit);
        while let Some(Reverse((_, sender, nonce))) = heads.pop() {
            let Some(waiting) = self.senders.get(&sender) else { continue };
            let Some(first) = waiting.get(&nonce) else { continue };
            let gas = first.transaction.gas_limit();
            if gas > left {
                continue;
            }
            left -= gas;
            ready.push(first.transaction.clone());
            if let Some(next) = waiting.get(&(nonce + 1)) {
                heads.push(Reverse((next.arrival, sender, nonce + 1)));
            }
        }
        ready
    }

    /// Whether any transaction could go into the next block.
    pub(crate) fn has_ready(&self, state: &State) -> bool {
        self.senders.iter().any(|(sender, waiting)| waiting.contains_key(&state.nonce(sender)))
    }

    /// How many transactions wait.
    pub(crate) fn len(&self) -> usize {
        self.by_hash.len()
    }

    /// Drops one transaction.
    pub(crate) fn remove(&mut self, transaction: &Transaction) {
        self.by_hash.remove(&transaction.hash);
        if let Some(waiting) = self.senders.get_mut(&transaction.sender) {
            waiting.remove(&transaction.nonce());
            if waiting.is_empty() {
                self.senders.remove(&transaction.sender);
            }
        }
    }

    /// Drops what a new block has made impossible, or done.
    pub(crate) fn prune(&mut self, state: &State) {
        let by_hash = &mut self.by_hash;
        self.senders.retain(|sender, waiting| {
            let keep = waiting.split_off(&state.nonce(sender));
            for stale in std::mem::replace(waiting, keep).into_values() {
                by_hash.remove(&stale.transaction.hash);
            }
            !waiting.is_empty()
        });
    }
}
