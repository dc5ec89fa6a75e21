//! The chain itself: takes transactions, makes blocks, remembers everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alloy_primitives::{Address, B256, U256};
use causeway_verifier::bft::Protocol;
use parking_lot::{Mutex, RwLock};
use revm::context::result::{ExecutionResult, InvalidTransaction};
use tokio::sync::{Notify, watch};

use crate::DevnetError;
use crate::block::{self, Block, Draft, Outcome};
use crate::clock::Clock;
use crate::config::{Alloc, DevnetConfig};
use crate::evm::{BlockContext, ExecutionError, Executor};
use crate::history::History;
use crate::pool::{Pool, PoolError};
use crate::rules::Rules;
use crate::seal::{self, SealedHeader};
use crate::state::{Account, State};
use crate::transaction::{Transaction, TransactionError};
use crate::validators::Validators;

/// Wei of every funded account: a billion coins.
const FUNDS: u128 = 1_000_000_000_000_000_000_000_000_000;

/// Why `eth_sendRawTransaction` refuses.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubmitError {
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    #[error(transparent)]
    Pool(#[from] PoolError),
}

/// One chain, shared by its RPC endpoints and its block production.
pub(crate) struct Chain {
    pub(crate) rules: Rules,
    config: DevnetConfig,
    pub(crate) clock: Clock,
    /// Held while a block is made, so that one is made at a time.
    pub(crate) validators: Mutex<Validators>,
    history: RwLock<History>,
    pool: Mutex<Pool>,
    paused: AtomicBool,
    /// Something happened that block production may be waiting for.
    pub(crate) work: Notify,
    head: watch::Sender<u64>,
}

impl Chain {
    /// A chain that has its genesis block.
    pub(crate) fn genesis(config: &DevnetConfig) -> Result<Self, DevnetError> {
        let rules = Rules {
            chain_id: config.chain_id,
            hardfork: config.hardfork,
            gas_limit: config.gas_limit,
            base_fee: config.base_fee,
        };
        let clock = Clock::default();
        let mut state = State::default();
        for key in &config.accounts {
            let funded = Account { balance: U256::from(FUNDS), ..Account::default() };
            state.set_account(&Address(key.address().0.into()), funded);
        }
        for alloc in &config.alloc {
            state.set_account(&Address(alloc.address.0.into()), account(alloc));
        }
        let validators = Validators::new(config.validators.clone(), config.validator_contract, &state)?;
        let draft = Draft::genesis(&rules, config.genesis_time.unwrap_or_else(|| clock.now()), state);
        let sealed = seal::genesis(config.protocol_at(0), draft.header.clone(), validators.listed())?;
        let history = History::new(block(draft, sealed, &validators));
        Ok(Self::with_history(config.clone(), rules, clock, validators, history))
    }

    fn with_history(
        config: DevnetConfig,
        rules: Rules,
        clock: Clock,
        validators: Validators,
        history: History,
    ) -> Self {
        let head = watch::Sender::new(history.head().header.number);
        Self {
            config,
            rules,
            clock,
            validators: Mutex::new(validators),
            history: RwLock::new(history),
            pool: Mutex::default(),
            paused: AtomicBool::new(false),
            work: Notify::new(),
            head,
        }
    }

    /// A chain of the same validators that shares this one's blocks up to `height`, and from there goes its own way.
    pub(crate) fn fork(&self, height: u64) -> Result<Self, DevnetError> {
        let history = self.history.read();
        let head = history.head().header.number;
        if height > head {
            return Err(DevnetError::UnknownBlock { height, head });
        }
        let mut validators = self.validators.lock().clone();
        if let Some(next) = history.block(height + 1) {
            validators.go_back_to(&next.validators);
        }
        let clock = self.clock.copy();
        Ok(Self::with_history(self.config.clone(), self.rules, clock, validators, history.until(height)))
    }

    /// Reads the blocks. What `read` returns should not borrow for long: new blocks wait for it.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&History) -> T) -> T {
        read(&self.history.read())
    }

    /// The newest block.
    pub(crate) fn head(&self) -> Arc<Block> {
        self.read(|history| history.head().clone())
    }

    /// The height of the newest block, as it changes.
    pub(crate) fn heights(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    /// Takes a signed transaction; it waits in the pool for a block.
    pub(crate) fn submit(&self, raw: &[u8]) -> Result<B256, SubmitError> {
        let transaction = Transaction::decode(raw, &self.rules)?;
        let hash = transaction.hash;
        // One lock at a time: the pool judges by the newest state, which may move on meanwhile; mining judges again.
        let head = self.head();
        self.pool.lock().add(transaction, &self.rules, &head.state)?;
        self.work.notify_one();
        Ok(hash)
    }

    /// A transaction that waits.
    pub(crate) fn waiting(&self, hash: &B256) -> Option<Arc<Transaction>> {
        self.pool.lock().get(hash)
    }

    /// How many transactions wait.
    pub(crate) fn waiting_count(&self) -> usize {
        self.pool.lock().len()
    }

    /// The nonce after an account's last transaction that waits.
    pub(crate) fn pending_nonce(&self, sender: &Address) -> u64 {
        let head = self.head();
        self.pool.lock().next_nonce(sender, &head.state)
    }

    /// Whether a block made now would hold a transaction.
    pub(crate) fn has_ready(&self) -> bool {
        let head = self.head();
        self.pool.lock().has_ready(&head.state)
    }

    pub(crate) fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Release);
        self.work.notify_one();
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
    }

    /// Makes the next block of whatever waits.
    pub(crate) fn mine(&self) -> Result<Arc<Block>, DevnetError> {
        let mut validators = self.validators.lock();
        let draft = self.draft(&mut validators)?;
        let number = draft.header.number;
        let plan = validators.plan(self.config.protocol_at(number), number);
        let sealed = seal::seal(draft.header.clone(), &plan)?;
        validators.settle();
        Ok(self.append(block(draft, sealed, &validators)))
    }

    /// Makes the next block, and a second header of the same height that the same validators sealed: their crime.
    pub(crate) fn equivocate(&self) -> Result<(Arc<Block>, SealedHeader), DevnetError> {
        let mut validators = self.validators.lock();
        let draft = self.draft(&mut validators)?;
        let number = draft.header.number;
        let plan = validators.plan(self.config.protocol_at(number), number);
        let sealed = seal::seal(draft.header.clone(), &plan)?;
        let mut other = draft.header.clone();
        other.timestamp += 1;
        let other = seal::seal(other, &plan)?;
        validators.settle();
        Ok((self.append(block(draft, sealed, &validators)), other))
    }

    fn append(&self, block: Arc<Block>) -> Arc<Block> {
        self.history.write().push(block.clone());
        self.pool.lock().prune(&block.state);
        self.head.send_replace(block.header.number);
        block
    }

    /// Executes what waits into the content of the next block.
    fn draft(&self, validators: &mut Validators) -> Result<Draft, DevnetError> {
        let (parent, view) = self.read(|history| {
            let head = history.head();
            (head.clone(), history.view_after(head))
        });
        let number = parent.header.number + 1;
        // A clock that was set back must not make time on the chain go backwards.
        let timestamp = self.clock.now().max(parent.header.timestamp);
        validators.enter(&parent.state)?;
        let proposer = Address(validators.proposer(number).address().0.into());
        let mut header = block::header(&self.rules, number, parent.hash, timestamp);
        // In IBFT the field is for votes, and the proposer is known by its seal.
        let ibft = self.config.protocol_at(number) == Protocol::Ibft;
        header.beneficiary = if ibft { Address::ZERO } else { proposer };

        let ready = self.pool.lock().ready(&view.state, self.rules.gas_limit);
        let context = BlockContext { number, timestamp, beneficiary: proposer };
        let mut executor = Executor::new(&self.rules, context, view);
        let (mut transactions, mut outcomes) =
            (Vec::with_capacity(ready.len()), Vec::with_capacity(ready.len()));
        let (mut gas, mut logs) = (0, 0);
        for transaction in ready {
            match executor.execute(transaction.environment()) {
                Ok(result) => {
                    let outcome = self.outcome(&transaction, result, gas, logs);
                    gas = outcome.receipt.cumulative_gas_used();
                    logs += outcome.logs().len();
                    transactions.push(transaction);
                    outcomes.push(outcome);
                }
                // One before it fell out: it waits for another to fill the gap.
                Err(ExecutionError::Invalid(InvalidTransaction::NonceTooHigh { .. })) => {}
                Err(error) => {
                    tracing::warn!(transaction = %transaction.hash, %error, "dropped from the pool");
                    self.pool.lock().remove(&transaction);
                }
            }
        }
        let state = executor.state().clone();
        Ok(Draft::new(header, transactions, outcomes, state))
    }

    fn outcome(
        &self,
        transaction: &Transaction,
        result: ExecutionResult,
        gas: u64,
        first_log: usize,
    ) -> Outcome {
        let (success, gas_used) = (result.is_success(), result.tx_gas_used());
        let logs = if success { result.into_logs() } else { Vec::new() };
        let kind = transaction.environment().tx_type;
        Outcome {
            receipt: block::receipt(kind, success, gas + gas_used, logs),
            gas_used,
            gas_price: transaction.price(self.rules.header_base_fee()),
            created: transaction.creates(),
            first_log,
        }
    }
}

fn block(draft: Draft, sealed: SealedHeader, validators: &Validators) -> Arc<Block> {
    let Draft { transactions, outcomes, state, header: _ } = draft;
    let SealedHeader { header, raw, hash } = sealed;
    let validators = validators.current().to_vec();
    Arc::new(Block { header, raw_header: raw, hash, transactions, outcomes, state, validators })
}

fn account(alloc: &Alloc) -> Account {
    let mut account = Account::with_code(U256::from(alloc.balance), alloc.code.clone().into());
    for (slot, value) in &alloc.storage {
        account.set_slot(U256::from_be_bytes(*slot), U256::from_be_bytes(*value));
    }
    account
}
