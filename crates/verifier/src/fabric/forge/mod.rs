//! A Fabric channel made up for tests: authorities, nodes and configurations whose keys the test holds.
//!
//! Panics where a caller asks for something that is not there; it is no part of what runs.
#![allow(clippy::unwrap_used, reason = "tests may panic, and so may what only tests use")]

mod authority;
mod channel;
mod organisation;
mod update;

pub use authority::{Authority, Curve, NOT_AFTER, NOT_BEFORE, Profile, Signer, pem};
pub use channel::{
    Network, group_of, implicit_meta, policy, principal, role, signature_policy, signed_by, value,
};
pub use organisation::Organisation;
pub use update::Update;
