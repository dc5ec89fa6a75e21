//! Lanes: named sequences of packets between two gateways.

use serde::{Deserialize, Serialize};

use crate::hash::{Hash, Hasher, id};
use crate::{GatewayId, Packet};

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

/// What a lane's id commits to beside the fields of its packets. A packet names its lane by the id alone, so these travel
/// with it from `PacketSent` to the destination's `deliver` and `expire`; wrong ones do not hash to the lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LaneTerms {
    /// `H(name)`. Not the text: a sender can put any bytes there, UTF-8 or not.
    pub name: Hash,
    /// Whether packets have to arrive in the order they were sent.
    pub ordered: bool,
}

impl LaneTerms {
    /// The lane that `packet` travels in, if these are its terms.
    pub fn lane_id(&self, packet: &Packet) -> LaneId {
        let (order, sender, receiver) = if self.ordered {
            (1, crate::keccak256(&packet.sender), crate::keccak256(&packet.receiver))
        } else {
            (0, Hash::ZERO, Hash::ZERO)
        };
        lane_id(packet.source, packet.destination, self.name, order, sender, receiver)
    }
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
        lane_id(
            self.source,
            self.destination,
            crate::keccak256(self.name.as_bytes()),
            order,
            sender,
            receiver,
        )
    }
}

fn lane_id(
    source: GatewayId,
    destination: GatewayId,
    name: Hash,
    order: u64,
    sender: Hash,
    receiver: Hash,
) -> LaneId {
    Hasher::new()
        .hashed(b"causeway/lane/1")
        .word(source)
        .word(destination)
        .word(name)
        .uint(order)
        .word(sender)
        .word(receiver)
        .finish()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terms_of_a_lane_lead_to_its_id_and_others_do_not() {
        let (source, destination) = (GatewayId([1; 32]), GatewayId([2; 32]));
        let (sender, receiver) = (vec![3; 20], vec![4; 20]);
        let packet = |lane| Packet {
            source,
            destination,
            lane,
            sequence: 1,
            sender: sender.clone(),
            receiver: receiver.clone(),
            timeout: 0,
            budget: 0,
            payload: Vec::new(),
        };
        let order = LaneOrder::Ordered { sender: sender.clone(), receiver: receiver.clone() };
        let name = crate::keccak256(b"orders");
        for (order, ordered) in [(LaneOrder::Unordered, false), (order, true)] {
            let lane = Lane { source, destination, name: "orders".into(), order }.id();
            let packet = packet(lane);
            assert_eq!(LaneTerms { name, ordered }.lane_id(&packet), lane);
            assert_ne!(LaneTerms { name, ordered: !ordered }.lane_id(&packet), lane);
            assert_ne!(LaneTerms { name: crate::keccak256(b"other"), ordered }.lane_id(&packet), lane);
        }
    }
}
