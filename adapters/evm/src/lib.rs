//! The adapter for EVM islands: QBFT, IBFT 2.0 and IBFT chains of Besu and GoQuorum.
//!
//! [`EvmSource`] makes evidence out of what the island's nodes serve, [`EvmDestination`] delivers to its gateways with an
//! [`Account`], and [`rpc::Nodes`] is their view of the nodes: any number of URLs, each of which may fail or hang.
//! Everything that knows the nodes of this kind of chain is in this crate.
//!
//! ```
//! use std::sync::Arc;
//!
//! use causeway_evm::rpc::{Nodes, NodesSettings};
//! use causeway_evm::{Account, AccountSettings, DestinationSettings, EvmDestination, EvmSource, SourceSettings};
//! use causeway_protocol::LocalSigner;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let nodes = Arc::new(Nodes::new(&NodesSettings::new(["http://127.0.0.1:8545", "http://127.0.0.1:8546"]))?);
//! let source = EvmSource::new(nodes.clone(), SourceSettings::default());
//!
//! let key = Arc::new(LocalSigner::from_bytes(&[7; 32])?);
//! let account = Arc::new(Account::new(nodes, key, AccountSettings::default()));
//! let destination = EvmDestination::new(account, DestinationSettings::default());
//! # Ok(()) }
//! ```

mod account;
mod anchor;
mod calls;
mod chain;
mod deploy;
mod destination;
mod events;
mod fit;
mod gas;
pub mod rpc;
mod source;
mod verdict;

pub use account::{Account, AccountSettings, Call, Executed, Price, Sent};
pub use anchor::{ProposedAnchor, propose_anchor};
pub use deploy::{Message, Opening};
pub use destination::{DestinationSettings, EvmDestination};
pub use source::{EvmSource, SourceSettings};
