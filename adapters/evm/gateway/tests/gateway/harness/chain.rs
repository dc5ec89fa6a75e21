//! A chain of blocks with one transaction each: an EVM, its state, a clock that tests set.

use std::convert::Infallible;

use alloy_primitives::{Address, B256, Bytes, Log, U256, keccak256};
use alloy_sol_types::{SolCall, SolError, SolEvent};
use revm::context::result::{EVMError, ExecutionResult, InvalidTransaction, Output};
use revm::context::{BlockEnv, CfgEnv, ContextTr, TxEnv};
use revm::database::{CacheDB, EmptyDB};
use revm::handler::MainnetContext;
use revm::inspector::Inspector;
use revm::interpreter::{CallInputs, CallOutcome};
use revm::primitives::TxKind;
use revm::primitives::hardfork::SpecId;
use revm::{Context, DatabaseCommit, ExecuteEvm, InspectEvm, MainBuilder};

/// More than any test needs.
pub(crate) const PLENTY: u64 = 400_000_000;

/// An EVM chain. Every transaction gets a block of its own; time stands still unless a test moves it.
#[derive(Clone)]
pub(crate) struct Chain {
    database: CacheDB<EmptyDB>,
    spec: SpecId,
    seed: u64,
    pub(crate) number: u64,
    pub(crate) time: u64,
}

/// How a transaction ended.
#[derive(Debug, Clone)]
pub(crate) struct Receipt {
    pub(crate) success: bool,
    /// What was returned, or what it reverted with.
    pub(crate) output: Bytes,
    pub(crate) logs: Vec<Log>,
    pub(crate) gas_used: u64,
}

/// A call that was made inside a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) target: Address,
    /// The gas it was given.
    pub(crate) gas: u64,
    pub(crate) success: bool,
}

#[derive(Default)]
struct Frames {
    open: Vec<usize>,
    all: Vec<Frame>,
}

impl<C: ContextTr> Inspector<C> for Frames {
    fn call(&mut self, _: &mut C, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.open.push(self.all.len());
        self.all.push(Frame { target: inputs.target_address, gas: inputs.gas_limit, success: false });
        None
    }

    fn call_end(&mut self, _: &mut C, _: &CallInputs, outcome: &mut CallOutcome) {
        if let Some(index) = self.open.pop() {
            self.all[index].success = outcome.result.result.is_ok();
        }
    }
}

impl Chain {
    /// A chain whose block hashes follow from `seed`, under the rules of a network of GoQuorum's age.
    pub(crate) fn new(seed: u64) -> Self {
        Self::with_spec(seed, SpecId::BERLIN)
    }

    pub(crate) fn with_spec(seed: u64, spec: SpecId) -> Self {
        let mut chain = Self { database: CacheDB::default(), spec, seed, number: 0, time: 1_700_000_000 };
        chain.next_block();
        chain
    }

    fn next_block(&mut self) {
        let hash = keccak256([self.seed.to_be_bytes(), self.number.to_be_bytes()].concat());
        self.database.cache.block_hashes.insert(U256::from(self.number), hash);
        self.number += 1;
    }

    /// The hash of the block before the one that the next transaction gets.
    pub(crate) fn parent_hash(&self) -> B256 {
        self.database.cache.block_hashes[&U256::from(self.number - 1)]
    }

    /// Forgets the parent's hash, as a chain does that keeps none.
    pub(crate) fn forget_parent(&mut self) {
        self.database.cache.block_hashes.insert(U256::from(self.number - 1), B256::ZERO);
    }

    fn context(&mut self) -> MainnetContext<&mut CacheDB<EmptyDB>> {
        let mut config = CfgEnv::new_with_spec(self.spec);
        config.disable_nonce_check = true;
        let block = BlockEnv {
            number: U256::from(self.number),
            timestamp: U256::from(self.time),
            gas_limit: PLENTY,
            ..BlockEnv::default()
        };
        let mut context = Context::new(&mut self.database, self.spec);
        context.cfg = config;
        context.block = block;
        context
    }

    fn transaction(from: Address, to: TxKind, data: Vec<u8>, gas: u64) -> TxEnv {
        TxEnv { caller: from, kind: to, data: data.into(), gas_limit: gas, ..TxEnv::default() }
    }

    /// Runs a transaction and keeps what it changed.
    pub(crate) fn call(&mut self, from: Address, to: Address, data: Vec<u8>) -> Receipt {
        self.call_with_gas(from, to, data, PLENTY)
    }

    pub(crate) fn call_with_gas(&mut self, from: Address, to: Address, data: Vec<u8>, gas: u64) -> Receipt {
        let transaction = Self::transaction(from, TxKind::Call(to), data, gas);
        let outcome = self.context().build_mainnet().transact(transaction).expect("a valid transaction");
        self.database.commit(outcome.state);
        self.next_block();
        Receipt::from(outcome.result)
    }

    /// Runs a transaction, keeps nothing, and tells which calls it made.
    pub(crate) fn trace(
        &mut self,
        from: Address,
        to: Address,
        data: Vec<u8>,
        gas: u64,
    ) -> (Receipt, Vec<Frame>) {
        let transaction = Self::transaction(from, TxKind::Call(to), data, gas);
        let mut frames = Frames::default();
        let outcome = self.context().build_mainnet_with_inspector(&mut frames).inspect_tx(transaction);
        (outcome.map_or_else(Receipt::unpaid, |outcome| outcome.result.into()), frames.all)
    }

    /// Runs a transaction and keeps nothing.
    pub(crate) fn simulate(&mut self, from: Address, to: Address, data: Vec<u8>, gas: u64) -> Receipt {
        let transaction = Self::transaction(from, TxKind::Call(to), data, gas);
        let outcome = self.context().build_mainnet().transact(transaction);
        outcome.map_or_else(Receipt::unpaid, |outcome| outcome.result.into())
    }

    /// What creating a contract costs.
    #[allow(dead_code)]
    pub(crate) fn creation_gas(&mut self, from: Address, code: Bytes) -> u64 {
        let transaction = Self::transaction(from, TxKind::Create, code.to_vec(), PLENTY);
        let outcome = self.context().build_mainnet().transact(transaction).expect("a valid transaction");
        Receipt::from(outcome.result).ok().gas_used
    }

    /// Reads from a contract.
    pub(crate) fn view<C: SolCall>(&mut self, to: Address, call: C) -> C::Return {
        let receipt = self.simulate(Address::ZERO, to, call.abi_encode(), PLENTY);
        assert!(receipt.success, "{} reverted: {}", C::SIGNATURE, receipt.output);
        C::abi_decode_returns(&receipt.output).expect("an answer of the interface's form")
    }

    /// Creates a contract from its creation code and the encoded arguments of its constructor.
    pub(crate) fn create(&mut self, from: Address, code: &[u8], arguments: &[u8]) -> Result<Address, Bytes> {
        let data = [code, arguments].concat();
        let transaction = Self::transaction(from, TxKind::Create, data, PLENTY);
        let outcome = self.context().build_mainnet().transact(transaction).expect("a valid transaction");
        self.database.commit(outcome.state);
        self.next_block();
        match outcome.result {
            ExecutionResult::Success { output: Output::Create(_, Some(address)), .. } => Ok(address),
            ExecutionResult::Revert { output, .. } => Err(output),
            other => panic!("creation ended as {other:?}"),
        }
    }
}

impl From<ExecutionResult> for Receipt {
    fn from(result: ExecutionResult) -> Self {
        let gas_used = result.tx_gas_used();
        let success = result.is_success();
        let output = result.output().cloned().unwrap_or_default();
        Self { success, output, logs: result.into_logs(), gas_used }
    }
}

impl Receipt {
    /// A transaction whose gas does not even pay for its own bytes: no node takes it.
    fn unpaid(error: EVMError<Infallible>) -> Self {
        use InvalidTransaction::{CallGasCostMoreThanGasLimit, GasFloorMoreThanGasLimit};
        match error {
            EVMError::Transaction(CallGasCostMoreThanGasLimit { .. } | GasFloorMoreThanGasLimit { .. }) => {
                Self { success: false, output: Bytes::new(), logs: Vec::new(), gas_used: 0 }
            }
            other => panic!("an invalid transaction: {other:?}"),
        }
    }

    /// Nothing went wrong.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.success, "reverted with {}", self.output);
        self
    }

    /// What the call returned.
    #[track_caller]
    pub(crate) fn returned<C: SolCall>(&self) -> C::Return {
        assert!(self.success, "reverted with {}", self.output);
        C::abi_decode_returns(&self.output).expect("an answer of the interface's form")
    }

    /// It reverted with exactly this error.
    #[track_caller]
    pub(crate) fn reverted_with<E: SolError>(&self, error: E) {
        assert!(!self.success, "succeeded, expected {}", E::SIGNATURE);
        assert_eq!(self.output, Bytes::from(error.abi_encode()), "expected {}", E::SIGNATURE);
    }

    /// It ran out of gas, or into an instruction that eats all.
    #[track_caller]
    pub(crate) fn halted(&self) {
        assert!(!self.success && self.output.is_empty(), "expected a halt, got {self:?}");
    }

    /// Its events of one kind.
    pub(crate) fn events<E: SolEvent>(&self) -> Vec<E> {
        self.logs.iter().filter_map(|log| E::decode_log(log).ok()).map(|log| log.data).collect()
    }

    /// Its only event of one kind.
    #[track_caller]
    pub(crate) fn event<E: SolEvent>(&self) -> E {
        let mut events = self.events::<E>();
        assert_eq!(events.len(), 1, "one {} expected in {:?}", E::SIGNATURE, self.logs);
        events.remove(0)
    }
}
