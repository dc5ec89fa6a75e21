//! The adapter against a real Fabric network: what it proves a light client accepts, what it delivers a gateway accepts.
#![allow(clippy::unwrap_used)] // a test may panic

mod anchor;
mod book;
mod conformance;
mod deliver;
mod failover;
mod island;
mod sibling;
mod watch;
