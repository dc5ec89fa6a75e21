//! A Fabric channel made up for tests: authorities, nodes and configurations whose keys the test holds.
//!
//! Panics where a caller asks for something that is not there; it is no part of what runs.
#![allow(clippy::unwrap_used, reason = "tests may panic, and so may what only tests use")]

mod authority;
mod call;
mod chain;
mod channel;
mod event;
mod organisation;
mod update;

pub use authority::{Authority, Curve, NOT_AFTER, NOT_BEFORE, Profile, Signer, pem};
pub use call::{Call, Endorsed, Found, Simulation};
pub use chain::{ANCHOR_TIME, Chain, TRUSTING_PERIOD, header_bytes, seal, seal_by_number};
pub use channel::{
    Network, group_of, implicit_meta, policy, principal, role, signature_policy, signed_by, value,
};
pub use event::written;
pub use organisation::Organisation;
pub use update::Update;
