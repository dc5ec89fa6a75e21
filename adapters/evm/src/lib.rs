//! The adapter for EVM islands: QBFT, IBFT 2.0 and IBFT chains of Besu and GoQuorum.
//!
//! [`EvmSource`] makes evidence out of what the island's nodes serve; [`rpc`] is its view of the nodes. Everything that
//! knows the nodes of this kind of chain is in this crate.

mod chain;
mod events;
pub mod rpc;
mod source;

pub use source::{EvmSource, SourceSettings};
