//! Running the EVM: a transaction of a block, a call that leaves no trace, an estimate of gas.

use alloy_primitives::{Address, Bytes, TxKind, U256};
use revm::context::result::{EVMError, ExecutionResult, HaltReason, InvalidTransaction, Output};
use revm::context::{BlockEnv, ContextTr as _, TxEnv};
use revm::handler::{MainnetContext, MainnetEvm};
use revm::{Context, ExecuteEvm as _, MainBuilder as _};

use crate::rules::Rules;
use crate::state::{State, UnknownCode, View};

/// The gas a call may use over RPC, whatever it asks for (geth's default cap).
const CALL_GAS_CAP: u64 = 50_000_000;

/// The block that code sees while it runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockContext {
    pub(crate) number: u64,
    pub(crate) timestamp: u64,
    pub(crate) beneficiary: Address,
}

impl BlockContext {
    fn environment(self, rules: &Rules) -> BlockEnv {
        BlockEnv {
            number: U256::from(self.number),
            beneficiary: self.beneficiary,
            timestamp: U256::from(self.timestamp),
            gas_limit: rules.gas_limit,
            basefee: rules.price_floor(),
            difficulty: U256::from(1),
            // PREVRANDAO reads the mix hash from the merge on; a BFT chain has a constant there.
            prevrandao: Some(crate::block::MIX_HASH),
            ..BlockEnv::default()
        }
    }
}

/// Why code did not run to an end of its own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExecutionError {
    #[error("{0}")]
    Invalid(InvalidTransaction),
    #[error("the EVM failed: {0}")]
    Failed(String),
}

impl From<EVMError<UnknownCode>> for ExecutionError {
    fn from(error: EVMError<UnknownCode>) -> Self {
        match error {
            EVMError::Transaction(invalid) => Self::Invalid(invalid),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Executes the transactions of one block, one after the other.
pub(crate) struct Executor {
    evm: MainnetEvm<MainnetContext<View>>,
}

impl Executor {
    /// Starts on the state that `view` has.
    pub(crate) fn new(rules: &Rules, block: BlockContext, view: View) -> Self {
        Self { evm: evm(rules, block, view, false) }
    }

    /// Executes one transaction and keeps what it changed. An invalid one changes nothing.
    pub(crate) fn execute(&mut self, transaction: TxEnv) -> Result<ExecutionResult, ExecutionError> {
        let outcome = self.evm.transact(transaction)?;
        self.evm.ctx.db_mut().state.apply(outcome.state);
        Ok(outcome.result)
    }

    /// The state as the last transaction left it.
    pub(crate) fn state(&mut self) -> &State {
        &self.evm.ctx.db_mut().state
    }
}

fn evm(rules: &Rules, block: BlockContext, view: View, call: bool) -> MainnetEvm<MainnetContext<View>> {
    let spec = rules.hardfork.spec();
    let mut context: MainnetContext<View> = Context::new(view, spec);
    context.block = block.environment(rules);
    context.modify_cfg(|config| {
        config.chain_id = rules.chain_id;
        // A call may come from anyone, a contract included, and pays nothing.
        config.disable_nonce_check = call;
        config.disable_eip3607 = call;
        config.disable_base_fee = call;
    });
    context.build_mainnet()
}

/// A call as `eth_call` and `eth_estimateGas` describe it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    pub(crate) from: Address,
    pub(crate) to: Option<Address>,
    pub(crate) gas: Option<u64>,
    pub(crate) gas_price: u128,
    pub(crate) value: U256,
    pub(crate) data: Bytes,
}

/// How a call ended, when it did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("execution reverted{}", reason(.0).map(|reason| format!(": {reason}")).unwrap_or_default())]
    Reverted(Bytes),
    #[error("{}", halted(.0))]
    Halted(HaltReason),
    #[error("gas required exceeds allowance ({allowance})")]
    Allowance { allowance: u64 },
    #[error(transparent)]
    Execution(#[from] ExecutionError),
}

/// What a halted call's caller reads; the usual case in geth's words.
fn halted(reason: &HaltReason) -> String {
    match reason {
        HaltReason::OutOfGas(_) => "out of gas".into(),
        HaltReason::InvalidFEOpcode | HaltReason::OpcodeNotFound => "invalid opcode".into(),
        HaltReason::InvalidJump => "invalid jump destination".into(),
        other => format!("execution halted: {other:?}"),
    }
}

/// The text of Solidity's `Error(string)`, if that is what the revert data is.
fn reason(data: &[u8]) -> Option<String> {
    let body = data.strip_prefix(&[0x08, 0xc3, 0x79, 0xa0])?;
    let length = usize::try_from(U256::try_from_be_slice(body.get(32..64)?)?).ok()?;
    let text = body.get(64..64usize.checked_add(length)?)?;
    Some(String::from_utf8_lossy(text).into_owned())
}

impl Call {
    fn environment(&self, rules: &Rules, gas_limit: u64) -> TxEnv {
        TxEnv {
            caller: self.from,
            gas_limit,
            gas_price: self.gas_price,
            kind: self.to.map_or(TxKind::Create, TxKind::Call),
            value: self.value,
            data: self.data.clone(),
            chain_id: Some(rules.chain_id),
            ..TxEnv::default()
        }
    }

    fn run(
        &self,
        rules: &Rules,
        block: BlockContext,
        view: View,
        gas: u64,
    ) -> Result<(Bytes, u64), CallError> {
        let outcome = evm(rules, block, view, true)
            .transact(self.environment(rules, gas))
            .map_err(|error| CallError::Execution(error.into()))?;
        let used = outcome.result.tx_gas_used();
        match outcome.result {
            ExecutionResult::Success { output: Output::Call(data) | Output::Create(data, _), .. } => {
                Ok((data, used))
            }
            ExecutionResult::Revert { output, .. } => Err(CallError::Reverted(output)),
            ExecutionResult::Halt { reason, .. } => Err(CallError::Halted(reason)),
        }
    }

    fn gas_cap(&self, rules: &Rules) -> u64 {
        self.gas.unwrap_or(CALL_GAS_CAP).min(CALL_GAS_CAP).min(rules.gas_limit)
    }

    /// Runs the call and returns its output.
    pub(crate) fn output(&self, rules: &Rules, block: BlockContext, view: View) -> Result<Bytes, CallError> {
        self.run(rules, block, view, self.gas_cap(rules)).map(|(data, _)| data)
    }

    /// The least gas limit, to within 1 %, with which the call succeeds.
    ///
    /// What a call uses is no answer: of the gas left, a call inside it gets 63/64 at most, and contracts look
    /// at how much they have. So limits are tried, between what it used with the most and the most.
    pub(crate) fn estimate(&self, rules: &Rules, block: BlockContext, view: View) -> Result<u64, CallError> {
        let most = self.gas_cap(rules);
        let (_, used) = self.run(rules, block, view.clone(), most).map_err(|error| match error {
            CallError::Halted(HaltReason::OutOfGas(_)) => CallError::Allowance { allowance: most },
            other => other,
        })?;
        let (mut fails, mut succeeds) = (used.saturating_sub(1), most);
        // Often what it used is enough, or that, the 1/64 a call holds back, and the stipend that comes with value.
        for guess in [used, used.saturating_add(used / 63).saturating_add(2_300)] {
            if guess >= succeeds {
                break;
            }
            if self.run(rules, block, view.clone(), guess).is_ok() {
                succeeds = guess;
                break;
            }
            fails = guess;
        }
        while succeeds - fails > 1 + succeeds / 100 {
            let guess = fails + (succeeds - fails) / 2;
            if self.run(rules, block, view.clone(), guess).is_ok() {
                succeeds = guess;
            } else {
                fails = guess;
            }
        }
        Ok(succeeds)
    }
}

/// The gas a transaction costs before its first opcode; an error where its limit is below that.
pub(crate) fn intrinsic_gas(rules: &Rules, transaction: &TxEnv) -> Result<(), InvalidTransaction> {
    let spec = rules.hardfork.spec();
    revm::handler::validation::validate_initial_tx_gas(transaction, spec, false, false, u64::MAX, None)
        .map(|_| ())
}
