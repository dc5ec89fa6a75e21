//! The gateway's contracts on a real EVM: every rule has a test that breaks it.

mod harness;

mod deliver;
