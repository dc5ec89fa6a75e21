//! The transparency log while hubs are killed and Postgres fails over: what was promised once holds for ever.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap as tests do")]

mod auditor;
mod crashes;
mod failover;
mod hubs;
mod load;
mod proxy;
#[path = "../networks/service.rs"]
mod service;
