//! Packets as they stand in their columns.

use causeway_protocol::{LaneTerms, Packet};

use crate::LedgerError;
use crate::column::{Uint, id};

/// The columns of a packet's own fields.
#[derive(Debug)]
pub(crate) struct PacketColumns {
    pub(crate) source: Vec<u8>,
    pub(crate) destination: Vec<u8>,
    pub(crate) lane: Vec<u8>,
    pub(crate) sequence: Uint,
    pub(crate) sender: Vec<u8>,
    pub(crate) receiver: Vec<u8>,
    pub(crate) timeout: Uint,
    pub(crate) budget: Uint,
    pub(crate) payload: Vec<u8>,
    pub(crate) lane_name: Vec<u8>,
    pub(crate) ordered: bool,
}

/// The packet, and what its lane's id commits to.
pub(crate) fn packet_of(columns: PacketColumns) -> Result<(Packet, LaneTerms), LedgerError> {
    let packet = Packet {
        source: id("source", &columns.source)?,
        destination: id("destination", &columns.destination)?,
        lane: id("lane", &columns.lane)?,
        sequence: columns.sequence.0,
        sender: columns.sender,
        receiver: columns.receiver,
        timeout: columns.timeout.0,
        budget: columns.budget.0,
        payload: columns.payload,
    };
    let lane = LaneTerms { name: id("lane name", &columns.lane_name)?, ordered: columns.ordered };
    Ok((packet, lane))
}
