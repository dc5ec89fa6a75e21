//! Builds the pinned GoQuorum and runs private networks of it, for tests against real nodes.
//!
//! A test asks for a network, and gets processes with real consensus, real storage and a real JSON-RPC on
//! loopback, in a temporary folder that goes away with the [`Network`]:
//!
//! ```no_run
//! # async fn example() -> Result<(), causeway_evm_node::NodeError> {
//! use causeway_evm_node::{Consensus, Network, NetworkConfig};
//!
//! let config = NetworkConfig { consensus: Consensus::Ibft, ..NetworkConfig::default() };
//! let Some(network) = Network::start_or_skip(config).await? else { return Ok(()) };
//! network.wait_for_block(3).await?;
//! println!("{}", network.rpc_urls()[0]);
//! # Ok(())
//! # }
//! ```
//!
//! The node is built once, from `go.mod` beside this crate, and kept in the user's cache
//! ([`causeway_process::cache_folder`]). Where Go or its modules are missing, [`Network::start_or_skip`] says `skipped: …` and answers `None`, unless
//! `CAUSEWAY_REQUIRE_NODES=1` demands the nodes.
//!
//! Every process listens on 127.0.0.1 only, on ports below 32768 (above, the kernel hands them out to others), and
//! dies with the process that started it.

mod binary;
mod config;
mod error;
mod genesis;
mod keys;
mod network;
mod rpc;
mod transaction;

pub use binary::geth;
pub use config::{AllocEntry, Consensus, NetworkConfig, ValidatorContract};
pub use error::NodeError;
pub use genesis::{extra_data, genesis};
pub use keys::Key;
pub use network::Network;
pub use rpc::Rpc;
