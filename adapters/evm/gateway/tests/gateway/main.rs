//! The gateway's contracts on a real EVM: every rule has a test that breaks it.

#![allow(clippy::unwrap_used)]

mod harness;

mod batch;
mod board;
mod bridge;
mod coverage;
mod deliver;
mod expire;
mod gas;
mod ids;
mod money;
mod opening;
mod proofs;
mod reentry;
mod rotation;
mod send;
mod settle;
mod switches;
