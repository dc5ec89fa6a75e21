//! The monitor: somebody who trusts neither the hub nor its database, and looks all the time.
//!
//! [`Mirror`] keeps a copy of the hub's log in a folder, as C2SP tlog-tiles, and checks that each checkpoint goes on from what it has.
//! [`Islands`] verifies the evidence of every island again, from its trust anchor on, and knows every proven event. [`Packets`] compares
//! what the hub says of packets with that. What does not fit is an [`Alarm`]; what may be better a moment later is a [`Trouble`].

mod alarm;
mod islands;
mod mirror;
mod packets;
mod source;

pub use alarm::{Alarm, Trouble};
pub use islands::{Islands, Verified};
pub use mirror::{Grown, Mirror};
pub use packets::Packets;
pub use source::LogSource;
