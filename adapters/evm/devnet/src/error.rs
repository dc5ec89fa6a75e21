//! What can go wrong with a devnet itself. (What a client does wrong is answered over JSON-RPC.)

use causeway_protocol::{DecodeError, SignError};

/// Why a devnet does not start, or does not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum DevnetError {
    /// A secret is no secp256k1 key, or does not sign.
    #[error("key: {0}")]
    Key(SignError),
    /// A chain without validators seals nothing.
    #[error("expected 1 to {most} validators, got {came}")]
    Validators {
        /// The most a set may have.
        most: usize,
        /// How many there would be.
        came: usize,
    },
    /// Two validators of one address.
    #[error("{0} is a validator already")]
    DuplicateValidator(causeway_protocol::Address),
    /// The address to remove is not in the set.
    #[error("{0} is not a validator")]
    UnknownValidator(causeway_protocol::Address),
    /// The validator contract names somebody whose key the devnet does not hold.
    #[error("the validator contract names {0}, whose key was not given")]
    NoKey(causeway_protocol::Address),
    /// The set cannot be changed from outside: transactions to the contract change it.
    #[error("the validators are those that contract {0} names")]
    ContractDecides(causeway_protocol::Address),
    /// No block of this height, yet.
    #[error("no block {height}: the head is {head}")]
    UnknownBlock {
        /// The height asked for.
        height: u64,
        /// The highest block there is.
        head: u64,
    },
    /// A header of our own does not decode.
    #[error("header: {0}")]
    Header(DecodeError),
    /// The RPC endpoint cannot listen.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port asked for; 0 is any.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The chain does not take a transaction.
    #[error("transaction refused: {0}")]
    Refused(String),
}
