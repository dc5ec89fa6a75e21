//! A small EVM chain in the process, with real blocks: for the sandbox and for tests.
//!
//! It executes with revm, seals its headers by QBFT, IBFT 2.0 or GoQuorum's IBFT with keys it holds, and answers
//! JSON-RPC on 127.0.0.1 like a node, well enough for ethers and viem. Transactions, receipts and state are in real
//! tries, so every proof that a light client wants can be made from it; a captured GoQuorum chain's transactions, run
//! again here, give that chain's roots. It also does on demand what real chains do rarely: seal in a later round, with
//! too few seals, or two blocks at one height; change its validators; fork; lag, fail or hang at its RPC.
//!
//! There is one node and no network: the consensus is simulated, its signatures are not. All history is in memory and
//! grows with the chain, by about 4 kB for a packet sent.
//!
//! ```
//! use causeway_evm_devnet::{Devnet, DevnetConfig, Mining};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), causeway_evm_devnet::DevnetError> {
//! let mut config = DevnetConfig::new("alpha", 1337, 4)?;
//! config.mining = Mining::Manual;
//! let devnet = Devnet::start(config).await?;
//!
//! let block = devnet.mine()?;
//! assert_eq!(block.number, 1);
//! assert_eq!(devnet.validators().len(), 4);
//! # Ok(()) }
//! ```

mod block;
mod chain;
mod clock;
mod config;
mod devnet;
mod error;
mod evm;
mod history;
mod key;
mod pool;
mod rpc;
mod rules;
mod seal;
mod state;
mod transaction;
mod trie;
mod validators;
mod wallet;

pub use config::{Alloc, DevnetConfig, Mining};
pub use devnet::{Devnet, Equivocation, SealedBlock};
pub use error::DevnetError;
pub use key::Key;
pub use rpc::{Endpoint, Faults, RpcFault};
pub use rules::Hardfork;
pub use wallet::{Message, Receipt};
