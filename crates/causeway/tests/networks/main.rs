//! The whole path between real networks, every service a process of its own that a test can kill.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap as tests do")]

mod deployment;
mod evm;
mod fabric;
mod goquorum;
mod mixed;
mod proofs;
mod service;

use std::time::Duration;

/// No test here may take longer.
const PATIENCE: Duration = Duration::from_mins(10);
