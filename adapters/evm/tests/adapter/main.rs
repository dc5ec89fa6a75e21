//! The adapter against devnets: what it proves a light client accepts, what it delivers a gateway accepts.
#![allow(clippy::unwrap_used)] // a test may panic

mod book;
mod deliver;
mod failover;
mod island;
mod watch;
