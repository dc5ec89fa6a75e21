//! The BFT family of Ethereum chains: QBFT, IBFT 2.0 and GoQuorum's IBFT.

mod extra;
mod fields;
mod header;
mod protocol;
pub mod raw;
mod secp;

pub use extra::{ExtraData, ExtraForm, RAW_SEAL, Vote};
pub use fields::HeaderFields;
pub use header::{BFT_DIFFICULTY, BFT_MIX_HASH, EMPTY_OMMERS, Header};
pub use protocol::Protocol;
pub use secp::{CompressedKey, SealFault};

/// Most validators a set may have.
pub const MAX_VALIDATORS: usize = 128;
