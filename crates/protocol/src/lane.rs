//! Lanes: named sequences of packets between two gateways.

use crate::GatewayId;
use crate::hash::{Hash, Hasher, id};

id! {
    /// Names one lane.
    LaneId
}

/// Whether packets of a lane have to arrive in the order they were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneOrder {
    /// Any order; any sender, any receiver.
    Unordered,
    /// In order, between one sender and one receiver: they are part of the id, so nobody else can stall it.
    Ordered {
        /// The sender's bytes.
        sender: Vec<u8>,
        /// The receiver's bytes.
        receiver: Vec<u8>,
    },
}

/// What a lane's id is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// The gateway that sends.
    pub source: GatewayId,
    /// The gateway that delivers.
    pub destination: GatewayId,
    /// The lane's name, any text.
    pub name: String,
    /// Unordered, or ordered for one sender and receiver.
    pub order: LaneOrder,
}

impl Lane {
    /// `H(H("causeway/lane/1") ‖ source ‖ destination ‖ H(name) ‖ order ‖ s ‖ r)`; unordered: order = s = r = 0;
    /// ordered: order = 1, s = H(sender), r = H(receiver).
    pub fn id(&self) -> LaneId {
        let (order, sender, receiver) = match &self.order {
            LaneOrder::Unordered => (0, Hash::ZERO, Hash::ZERO),
            LaneOrder::Ordered { sender, receiver } => {
                (1, crate::keccak256(sender), crate::keccak256(receiver))
            }
        };
        Hasher::new()
            .hashed(b"causeway/lane/1")
            .word(self.source)
            .word(self.destination)
            .hashed(self.name.as_bytes())
            .uint(order)
            .word(sender)
            .word(receiver)
            .finish()
            .into()
    }
}
