//! The hub over real HTTP, with a real Postgres and evidence of forged chains.
#![allow(clippy::unwrap_used)] // a test may panic

mod access;
mod bundle;
mod client;
mod evidence;
mod exports;
mod feed;
mod forge;
mod history;
mod idempotency;
mod islands;
mod journey;
mod limits;
mod log;
mod misbehaviour;
mod oidc;
mod openapi;
mod payload;
mod proof;
mod shutdown;
mod tokens;
mod witness;
mod world;
