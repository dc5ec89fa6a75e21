//! Fabric channels: what a light client believes of them, and what it does not.

#![allow(clippy::unwrap_used)] // a test may panic

#[path = "../support/blocks.rs"]
mod blocks;
mod definitions;
mod encodings;
mod endorsements;
mod flips;
mod forks;
mod late;
mod reads;
mod real;
mod runs;
mod transactions;
mod world;
