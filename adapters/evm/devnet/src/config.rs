//! What a devnet is started with.

use std::time::Duration;

use causeway_protocol::Address;
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
    /// The validators' keys.
    pub validators: Vec<Key>,
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

impl DevnetConfig {
    /// A chain called `name` of `validators` validators and 10 funded accounts: QBFT, gas-free, Istanbul rules like most
    /// GoQuorum networks, a block every 250 ms while there are transactions.
    pub fn new(name: &str, chain_id: u64, validators: usize) -> Result<Self, DevnetError> {
        let keys = |purpose: &str, count: usize| {
            (0..count).map(|index| Key::derived(name, purpose, index)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            name: name.into(),
            chain_id,
            protocol: Protocol::Qbft,
            validators: keys("validator", validators)?,
            accounts: keys("account", 10)?,
            alloc: Vec::new(),
            hardfork: Hardfork::Istanbul,
            gas_limit: 0xe000_0000,
            base_fee: 0,
            mining: Mining::Automatic { block_time: Duration::from_millis(250), empty_block_time: None },
            genesis_time: None,
            port: 0,
        })
    }
}
