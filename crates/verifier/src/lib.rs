//! The light clients and proofs, a module per family: pure functions from bytes to facts.

pub mod bft;
