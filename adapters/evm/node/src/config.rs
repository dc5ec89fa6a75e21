//! What a network should look like.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::NodeError;

/// The consensus protocol a network starts with. `transitions` may change it later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consensus {
    /// QBFT, in header mode or, with [`NetworkConfig::validator_contract`], in contract mode.
    Qbft,
    /// GoQuorum's legacy IBFT ("Istanbul"); not Besu's IBFT 2.0.
    Ibft,
}

impl Consensus {
    /// The key of the consensus settings in a genesis file, and the name that `transitions` use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Qbft => "qbft",
            Self::Ibft => "ibft",
        }
    }
}

/// A network to start. Every field has a default; see each for its unit.
#[derive(Debug, Clone)]
pub struct NetworkConfig {
    /// QBFT or IBFT.
    pub consensus: Consensus,
    /// Nodes that validate from block 0; their indices come first.
    pub validators: usize,
    /// Further nodes that follow the chain and start sealing once they are voted in; their indices come next.
    pub candidates: usize,
    /// EIP-155 chain id, also the peer-to-peer network id.
    pub chain_id: u64,
    /// Seconds between blocks, at least 1.
    pub block_period: u64,
    /// Seconds a round waits for its block before the next proposer tries.
    pub request_timeout: u64,
    /// Blocks after which pending validator votes are dropped.
    pub epoch_length: u64,
    /// Funded accounts to create.
    pub accounts: usize,
    /// Further accounts of the genesis block.
    pub alloc: BTreeMap<[u8; 20], AllocEntry>,
    /// Contract mode: the set is what this contract answers. QBFT only.
    pub validator_contract: Option<ValidatorContract>,
    /// Entries of the genesis file's `transitions`, as GoQuorum spells them, in block order.
    pub transitions: Vec<Value>,
    /// First block that needs ⌈2N/3⌉ seals instead of 2F + 1. `None` leaves the key out, which GoQuorum reads as 0.
    pub ceil_2n_by_3_block: Option<u64>,
    /// KiB a transaction may take, 32 to 128; 64 is GoQuorum's own default.
    pub transaction_size_limit: u64,
    /// What all keys are derived from. Two networks with one seed and one configuration have the same genesis
    /// block, validators and accounts: twins. (Twins that make their first block in the same second go on to make
    /// the same blocks, seals and all: wait for a second block of one before starting the other.) `None` draws one.
    pub seed: Option<String>,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            consensus: Consensus::Qbft,
            validators: 4,
            candidates: 0,
            chain_id: 1337,
            block_period: 1,
            request_timeout: 4,
            epoch_length: 30_000,
            accounts: 4,
            alloc: BTreeMap::new(),
            validator_contract: None,
            transitions: Vec::new(),
            ceil_2n_by_3_block: Some(0),
            transaction_size_limit: 64,
            seed: None,
        }
    }
}

impl NetworkConfig {
    /// Refuses what GoQuorum would refuse only after it was started, or would read differently than meant.
    pub(crate) fn check(&self) -> Result<(), NodeError> {
        let refuse = |what: String| Err(NodeError::Config(what));
        if !(1..=30).contains(&self.validators) {
            return refuse(format!("validators must be 1 to 30, not {}", self.validators));
        }
        if self.candidates > 30 {
            return refuse(format!("candidates must be at most 30, not {}", self.candidates));
        }
        if self.chain_id == 0 || self.block_period == 0 || self.request_timeout == 0 || self.epoch_length == 0
        {
            return refuse(
                "chain id, block period, request timeout and epoch length must not be 0".to_owned(),
            );
        }
        if !(32..=128).contains(&self.transaction_size_limit) {
            return refuse(format!(
                "transaction size limit must be 32 to 128 KiB, not {}",
                self.transaction_size_limit
            ));
        }
        if self.validator_contract.is_some() && self.consensus != Consensus::Qbft {
            return refuse("only QBFT reads its validators from a contract".to_owned());
        }
        Ok(())
    }
}

/// An account of the genesis block.
#[derive(Debug, Clone, Default)]
pub struct AllocEntry {
    /// Wei.
    pub balance: u128,
    /// Runtime code; empty for an account without any.
    pub code: Vec<u8>,
    /// Storage by slot.
    pub storage: BTreeMap<[u8; 32], [u8; 32]>,
}

/// A contract that names the validators: `getValidators()` answers what it keeps as `address[]` at slot 0.
///
/// GoQuorum gets stuck when a node restarts after a validator from outside the genesis set has proposed ("header
/// author is not a validator"); start such a node again with an empty folder.
#[derive(Debug, Clone)]
pub struct ValidatorContract {
    /// Where the genesis block puts it.
    pub address: [u8; 20],
    /// Its runtime code.
    pub code: Vec<u8>,
}

impl ValidatorContract {
    /// A contract with `getValidators()`, `add(address)`, `remove(address)` and `replace(address[] removed, address[]
    /// added)`, which anyone may call: compiled by solc 0.8 for Berlin. Sits at `0x…7777`.
    pub fn open_to_all() -> Result<Self, NodeError> {
        let code = const_hex::decode(include_str!("validators.hex").trim())
            .map_err(|error| NodeError::Config(format!("validators.hex: {error}")))?;
        let mut address = [0; 20];
        address[18..].copy_from_slice(&[0x77, 0x77]);
        Ok(Self { address, code })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut NetworkConfig)) -> bool {
        let mut config = NetworkConfig::default();
        change(&mut config);
        matches!(config.check(), Err(NodeError::Config(_)))
    }

    #[test]
    fn the_default_is_fine() {
        NetworkConfig::default().check().unwrap();
    }

    #[test]
    fn the_validator_contract_has_the_functions_it_is_said_to_have() {
        let code = ValidatorContract::open_to_all().unwrap().code;
        for function in ["getValidators()", "add(address)", "remove(address)", "replace(address[],address[])"]
        {
            // Solidity's dispatcher pushes each selector: PUSH4.
            let mut push = vec![0x63];
            push.extend_from_slice(&crate::keys::keccak256(function.as_bytes())[..4]);
            assert!(code.windows(5).any(|window| window == push), "{function}");
        }
    }

    #[test]
    fn what_cannot_run_is_refused() {
        assert!(refused(|config| config.validators = 0));
        assert!(refused(|config| config.validators = 31));
        assert!(refused(|config| config.candidates = 31));
        assert!(refused(|config| config.chain_id = 0));
        assert!(refused(|config| config.block_period = 0));
        assert!(refused(|config| config.request_timeout = 0));
        assert!(refused(|config| config.epoch_length = 0));
        assert!(refused(|config| config.transaction_size_limit = 31));
        assert!(refused(|config| config.transaction_size_limit = 129));
        assert!(refused(|config| {
            config.consensus = Consensus::Ibft;
            config.validator_contract = Some(ValidatorContract::open_to_all().unwrap());
        }));
    }
}
