//! The world state: accounts in a trie, and the view of it that the EVM reads.

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use alloy_trie::TrieAccount;
use revm::bytecode::Bytecode;
use revm::database_interface::{DBErrorMarker, Database};
use revm::state::{AccountInfo, EvmState};

use crate::trie::{Leaf, Trie};

/// One account and its storage.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) nonce: u64,
    pub(crate) balance: U256,
    pub(crate) code_hash: B256,
    pub(crate) code: Bytecode,
    /// Slots by the hash of their key.
    pub(crate) storage: Trie<U256>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            nonce: 0,
            balance: U256::ZERO,
            code_hash: KECCAK256_EMPTY,
            code: Bytecode::default(),
            storage: Trie::default(),
        }
    }
}

impl Account {
    /// An account as a genesis file gives it.
    pub(crate) fn with_code(balance: U256, code: Bytes) -> Self {
        let code_hash = keccak256(&code);
        Self { balance, code_hash, code: Bytecode::new_raw(code), nonce: 0, storage: Trie::default() }
    }

    /// The value of a storage slot.
    pub(crate) fn slot(&self, slot: U256) -> U256 {
        self.storage.get(&slot_key(slot)).copied().unwrap_or_default()
    }

    /// Sets a storage slot; zero removes it.
    pub(crate) fn set_slot(&mut self, slot: U256, value: U256) {
        if value.is_zero() {
            self.storage.remove(&slot_key(slot));
        } else {
            self.storage.insert(&slot_key(slot), value);
        }
    }
}

/// Where a slot is in the storage trie.
pub(crate) fn slot_key(slot: U256) -> B256 {
    keccak256(B256::from(slot))
}

impl Leaf for U256 {
    fn encode(&self) -> Vec<u8> {
        alloy_rlp::encode(self)
    }
}

impl Leaf for Account {
    fn encode(&self) -> Vec<u8> {
        alloy_rlp::encode(TrieAccount {
            nonce: self.nonce,
            balance: self.balance,
            storage_root: self.storage.root(),
            code_hash: self.code_hash,
        })
    }
}

/// One version of the world. Cloning it is cheap: versions share what they have in common.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    accounts: Trie<Account>,
}

impl State {
    pub(crate) fn root(&self) -> B256 {
        self.accounts.root()
    }

    pub(crate) fn account(&self, address: &Address) -> Option<&Account> {
        self.accounts.get(&keccak256(address))
    }

    pub(crate) fn set_account(&mut self, address: &Address, account: Account) {
        self.accounts.insert(&keccak256(address), account);
    }

    pub(crate) fn nonce(&self, address: &Address) -> u64 {
        self.account(address).map_or(0, |account| account.nonce)
    }

    /// The nodes from the state root towards an account.
    pub(crate) fn proof(&self, address: &Address) -> Vec<Vec<u8>> {
        self.accounts.proof(&keccak256(address))
    }

    /// Applies what one transaction changed. Empty accounts that were touched disappear (EIP-161).
    pub(crate) fn apply(&mut self, changes: EvmState) {
        for (address, change) in changes {
            if !change.is_touched() {
                continue;
            }
            let key = keccak256(address);
            if change.is_selfdestructed() || change.is_empty() {
                self.accounts.remove(&key);
                continue;
            }
            // A created account starts from nothing, whatever was stored at its address before.
            let mut account = if change.is_created() {
                Account::default()
            } else {
                self.accounts.get(&key).cloned().unwrap_or_default()
            };
            account.nonce = change.info.nonce;
            account.balance = change.info.balance;
            if account.code_hash != change.info.code_hash
                && let Some(code) = change.info.code
            {
                account.code_hash = change.info.code_hash;
                account.code = code;
            }
            for (slot, value) in change.storage {
                if value.is_changed() {
                    account.set_slot(slot, value.present_value());
                }
            }
            self.accounts.insert(&key, account);
        }
    }
}

/// What the EVM reads while it executes: a state, and the hashes of the latest blocks.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) state: State,
    pub(crate) ancestors: Ancestors,
}

/// Hashes of up to 256 blocks before the one being executed, for BLOCKHASH.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ancestors {
    /// Height of the first hash.
    pub(crate) first: u64,
    pub(crate) hashes: Vec<B256>,
}

/// The EVM asked for code by a hash that no account has given it.
#[derive(Debug, thiserror::Error)]
#[error("no account has code with hash {0}")]
pub(crate) struct UnknownCode(B256);

impl DBErrorMarker for UnknownCode {}

impl Database for View {
    type Error = UnknownCode;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, UnknownCode> {
        Ok(self.state.account(&address).map(|account| {
            AccountInfo::new(account.balance, account.nonce, account.code_hash, account.code.clone())
        }))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, UnknownCode> {
        // `basic` always hands the code over, so only an inconsistent state gets here.
        Err(UnknownCode(code_hash))
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, UnknownCode> {
        Ok(self.state.account(&address).map_or(U256::ZERO, |account| account.slot(slot)))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, UnknownCode> {
        let hash = number
            .checked_sub(self.ancestors.first)
            .and_then(|at| usize::try_from(at).ok())
            .and_then(|at| self.ancestors.hashes.get(at));
        Ok(hash.copied().unwrap_or_default())
    }
}
