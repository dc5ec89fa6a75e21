//! What the tests stand on: chains, islands with a gateway, attestors who sign, and packets on their way.

mod attestors;
mod bridge;
mod chain;
mod island;
mod packets;
mod probes;

pub(crate) use attestors::{Attestors, Signed};
pub(crate) use bridge::{Bank, alice, bob, path, payload};
pub(crate) use chain::{Chain, Frame, Receipt};
pub(crate) use island::{Ending, Island, account};
pub(crate) use packets::{Draft, Sent};
pub(crate) use probes::{DigestsProbe, Loop, OddToken, Puppet};
