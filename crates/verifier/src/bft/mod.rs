//! The BFT family of Ethereum chains: QBFT, IBFT 2.0 and GoQuorum's IBFT.
//!
//! A block is final once a quorum of its validators sealed it. Nothing in a header names its chain, so a client advances by
//! headers linked to its head only; seals are checked at the end of a run and at every change of validators, and the links
//! authenticate the headers between. The bytes are described in `docs/formats.md`.

mod anchor;
mod client;
mod config;
mod contract;
mod evidence;
mod extra;
mod fault;
mod fields;
mod header;
mod protocol;
pub mod raw;
mod run;
mod seals;
mod secp;
mod skip;
mod state;
mod validators;

pub use anchor::Anchor;
pub use client::Bft;
pub use config::{Config, Mode, ValidatorContract};
#[cfg(feature = "prover")]
pub(crate) use contract::{account_storage_root, array_keys, array_length, array_slots, prove_validators};
pub use evidence::{Block, Evidence, MAX_BLOCKS, ReceiptsProof, SEAL, SetProof, Skip};
pub use extra::{ExtraData, ExtraForm, RAW_SEAL, Vote};
pub use fault::{ConfigFault, HeaderFault, MAX_PERIOD, MAX_SCHEDULE, SealingFault, SetFault, SkipFault};
pub use fields::HeaderFields;
pub use header::{BFT_DIFFICULTY, BFT_MIX_HASH, EMPTY_OMMERS, Header};
pub use protocol::Protocol;
#[cfg(feature = "forge")]
pub(crate) use secp::address_of;
pub use secp::{PublicKey, SealFault};
pub use validators::{Validator, ValidatorSet, more_than_a_third, quorum, two_f_plus_one};
#[cfg(feature = "prover")]
pub(crate) use {seals::check_quorum, state::State};

/// Most validators a set may have.
pub const MAX_VALIDATORS: usize = 128;
