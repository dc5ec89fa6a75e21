//! Builds the pinned Hyperledger Fabric and runs private networks of it: for tests against real nodes, and for the sandbox.
//!
//! Whoever asks for a network gets a channel with real ordering, real endorsement and real validation, on loopback,
//! in a temporary folder that goes away with the [`Network`]:
//!
//! ```no_run
//! # async fn example() -> Result<(), causeway_fabric_node::NodeError> {
//! use causeway_fabric_node::{Chaincode, Network, NetworkConfig, Policy, gateway_chaincode};
//!
//! let Some(mut network) = Network::start_or_skip(NetworkConfig::default()).await? else { return Ok(()) };
//! let binary = gateway_chaincode().await?;
//! let policy = Policy::Signature("AND('Org1MSP.peer','Org2MSP.peer')".into());
//! network.deploy(Chaincode { arguments: vec!["gateway".into()], ..Chaincode::new("gateway", binary, policy) }).await?;
//! println!("{}", network.organisations()[0].peer_addresses()[0]);
//! # Ok(())
//! # }
//! ```
//!
//! The nodes are built once, from `go.mod` beside this crate, and so is the gateway's chaincode, whose sources the crate
//! carries; both are kept in the user's cache ([`causeway_process::cache_folder`]). Where Go or its modules are missing,
//! [`Network::start_or_skip`] says `skipped: …` and answers `None`, unless `CAUSEWAY_REQUIRE_NODES=1` demands the nodes.
//!
//! One raft orderer, organisations `Org1MSP`, `Org2MSP`, … with node OUs, chaincode as a service. Every process listens
//! on 127.0.0.1 only and dies with the process that started it. Peers and the orderer speak TLS and ask everybody for a
//! certificate, as a consortium's do: without TLS, Fabric's gateway service finds no other organisation's peers.

// The files that `json!` writes here are long.
#![recursion_limit = "256"]

mod binary;
mod chaincode;
mod command;
mod config;
mod crypto;
mod error;
mod files;
mod lifecycle;
mod network;
mod node;
mod update;

pub use binary::{Binaries, build_chaincode, gateway_chaincode};
pub use chaincode::Chaincode;
pub use config::{NetworkConfig, Policy};
pub use crypto::{Identity, Organisation};
pub use error::NodeError;
pub use network::{Network, Node};
