//! What a devnet is started with.

use std::time::Duration;

use alloy_primitives::{B256, U256, keccak256};
use causeway_protocol::{Address, words};
use causeway_verifier::bft::Protocol;

use crate::DevnetError;
use crate::key::Key;
use crate::rules::Hardfork;

/// The settings of one devnet.
///
/// Equal configurations with equal genesis times are equal chains: same genesis hash, same validators, same accounts.
#[derive(Debug, Clone)]
pub struct DevnetConfig {
    /// The chain's name: the seed of its validators' and accounts' keys.
    pub name: String,
    /// Chain id of EIP-155.
    pub chain_id: u64,
    /// How headers are sealed.
    pub protocol: Protocol,
    /// The height from which on headers are sealed by QBFT instead, as GoQuorum's `testQBFTBlock` does for IBFT.
    pub qbft_from: Option<u64>,
    /// The validators' keys. Where a contract names the validators: the keys of all that it may ever name.
    pub validators: Vec<Key>,
    /// A contract that names the validators (QBFT): an `address[]` at its slot 0, as in Besu's sample. The headers then
    /// list nobody. [`Alloc::validator_contract`] makes one.
    pub validator_contract: Option<Address>,
    /// Accounts with a great balance, for tests to send from.
    pub accounts: Vec<Key>,
    /// Other accounts that exist from the start.
    pub alloc: Vec<Alloc>,
    /// The EVM's rules and the header's fields.
    pub hardfork: Hardfork,
    /// Gas limit of every block.
    pub gas_limit: u64,
    /// Wei per gas from London on; does not move.
    pub base_fee: u64,
    /// When blocks are made.
    pub mining: Mining,
    /// Timestamp of the genesis block, Unix seconds; the clock's where not given.
    pub genesis_time: Option<u64>,
    /// Port of the first RPC endpoint on 127.0.0.1; 0 is any free one.
    pub port: u16,
}

/// When blocks are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mining {
    /// Only by [`crate::Devnet::mine`].
    Manual,
    /// While transactions wait, a block every `block_time`; otherwise an empty one every `empty_block_time`, if given.
    Automatic {
        /// Least time between blocks.
        block_time: Duration,
        /// Time after which a block is made with nothing in it.
        empty_block_time: Option<Duration>,
    },
}

/// An account of the genesis block.
#[derive(Debug, Clone)]
pub struct Alloc {
    /// Where.
    pub address: Address,
    /// Wei.
    pub balance: u128,
    /// Deployed bytecode; empty for none.
    pub code: Vec<u8>,
    /// Storage slots and their values, 32 bytes big-endian each.
    pub storage: Vec<([u8; 32], [u8; 32])>,
}

/// Runtime code that stores its second word of call data in the slot that the first word names, and returns nothing.
const SLOT_WRITER: [u8; 8] = [0x60, 0x20, 0x35, 0x60, 0x00, 0x35, 0x55, 0x00];

impl Alloc {
    /// A contract at `address` that names `validators`, in the storage of Solidity's `address[]` at slot 0. Anybody's call
    /// data of two words, slot and value, changes it.
    pub fn validator_contract(address: Address, validators: &[Address]) -> Self {
        let first = U256::from_be_bytes(keccak256(B256::ZERO).0);
        let elements = validators.iter().zip(0u64..).map(|(validator, index)| {
            (first.wrapping_add(U256::from(index)).to_be_bytes(), words::address(validator).0)
        });
        let length = ([0; 32], words::uint(validators.len() as u64).0);
        let storage = std::iter::once(length).chain(elements).collect();
        Self { address, balance: 0, code: SLOT_WRITER.to_vec(), storage }
    }
}

impl DevnetConfig {
    /// The protocol that seals the block of this height.
    pub fn protocol_at(&self, height: u64) -> Protocol {
        match self.qbft_from {
            Some(from) if height >= from => Protocol::Qbft,
            _ => self.protocol,
        }
    }

    /// A chain called `name` of `validators` validators and 10 funded accounts: QBFT, gas-free, the newest rules
    /// that GoQuorum has, a block every 250 ms while there are transactions.
    pub fn new(name: &str, chain_id: u64, validators: usize) -> Result<Self, DevnetError> {
        let keys = |purpose: &str, count: usize| {
            (0..count).map(|index| Key::derived(name, purpose, index)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            name: name.into(),
            chain_id,
            protocol: Protocol::Qbft,
            qbft_from: None,
            validators: keys("validator", validators)?,
            validator_contract: None,
            accounts: keys("account", 10)?,
            alloc: Vec::new(),
            hardfork: Hardfork::Berlin,
            gas_limit: 0xe000_0000,
            base_fee: 0,
            mining: Mining::Automatic { block_time: Duration::from_millis(250), empty_block_time: None },
            genesis_time: None,
            port: 0,
        })
    }
}
