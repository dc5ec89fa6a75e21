//! The light clients and proofs, a module per family: pure functions from bytes to facts.
//!
//! A light client starts from a trust anchor that people approved and advances by evidence that anybody may submit. Only
//! bytes count: nothing a caller says about their validity is read. No I/O, no clock (`now` is an argument), no panic
//! reachable from input, work bounded before it starts.
//!
//! ```
//! use causeway_protocol::Family;
//! use causeway_verifier::light_client;
//!
//! let client = light_client(Family::Qbft).unwrap();
//! let refusal = client.anchor(b"not an anchor").unwrap_err();
//! assert_eq!(refusal.code(), "malformed");
//! ```

pub mod bft;
mod client;
pub mod evm;
pub mod fabric;
mod facts;
#[cfg(feature = "forge")]
pub mod forge;
#[cfg(feature = "prover")]
pub mod prover;
mod refusal;
mod replay;
#[cfg(test)]
#[path = "../tests/support/vectors.rs"]
mod vectors;
mod verified;

pub use client::{LightClient, MAX_ANCHOR, MAX_EVIDENCE, VERSION, family_of, light_client};
pub use facts::{
    Advance, Anchored, ClientState, EventFact, EvidenceKind, Gateway, HeaderFact, Misbehaviour, Recorded,
    Skipped, Span, Summary,
};
pub use refusal::{Refusal, UnsupportedFamily};
pub use replay::{Replay, Replayed};
pub use verified::Verified;
