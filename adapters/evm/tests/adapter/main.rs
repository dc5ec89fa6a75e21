//! The adapter against devnets and real GoQuorum: what it proves a light client accepts, what it delivers a gateway accepts.
#![allow(clippy::unwrap_used)] // a test may panic

mod account;
mod book;
mod conformance;
mod deliver;
mod failover;
mod goquorum;
mod island;
mod large;
mod settle;
mod watch;
