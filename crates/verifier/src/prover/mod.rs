//! Builders of evidence: what a relayer, or anybody with a captured chain, hands to a light client.
//!
//! Nothing here is trusted: what a builder makes is verified like everybody's.

mod plan;
mod receipts;
mod run;
mod set;
mod skip;

pub use receipts::{OwnedReceipts, prove_block, receipts_root};
pub use run::{BuiltRun, RunBuilder, SourceBlock, back_fill, misbehaviour};
pub use set::{OwnedSet, validator_slots};
pub use skip::skip;
