//! Packets: their lives, and reading and writing them.

mod bundle;
mod early;
mod hours;
mod life;
mod list;
mod read;
mod rows;
mod timeline;

pub use self::bundle::BundleError;
pub(crate) use self::early::{Orphan, insert_orphans, load_waiting, take_orphans, wait_for_opening};
pub use self::hours::HoursFilter;
pub use self::life::{Outcome, PacketEvent, PacketLife, PacketRefusal, Settlement};
pub use self::list::{PacketFilter, PacketPage};
pub(crate) use self::read::{PacketColumns, packet_of};
pub(crate) use self::rows::{
    Loaded, NewPacket, insert_packets, insert_states, keep_conflict, load_packets, update_states,
};
