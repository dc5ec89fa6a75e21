//! Packets: drafts that senders hand in, and what a gateway makes of them.

use alloy_primitives::{Address, B256, Bytes};
use causeway_evm_gateway::Gateway;
use causeway_protocol::{GatewayId, Hash, LaneId, LaneTerms, Packet, PacketId};

use super::Receipt;

/// What a sender hands to `send`.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) destination: GatewayId,
    pub(crate) lane: String,
    pub(crate) ordered: bool,
    pub(crate) receiver: Vec<u8>,
    pub(crate) timeout: u64,
    pub(crate) budget: u64,
    pub(crate) payload: Vec<u8>,
}

impl Draft {
    pub(crate) fn call(&self) -> Gateway::sendCall {
        Gateway::sendCall {
            destination: B256::from(self.destination.0),
            lane: self.lane.clone(),
            ordered: self.ordered,
            receiver: Bytes::from(self.receiver.clone()),
            timeout: self.timeout,
            budget: self.budget,
            payload: Bytes::from(self.payload.clone()),
        }
    }

    /// To a contract, with an hour's time and 300,000 gas, in the default lane.
    pub(crate) fn to(destination: GatewayId, receiver: Address, now: u64) -> Self {
        Self {
            destination,
            lane: "default".into(),
            ordered: false,
            receiver: receiver.to_vec(),
            timeout: now + 3600,
            budget: 300_000,
            payload: b"hello".to_vec(),
        }
    }
}

/// A packet that a gateway sent, and the terms of its lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) packet: Packet,
    pub(crate) lane: LaneTerms,
}

impl Sent {
    /// The packets a transaction sent, each with the id that Rust computes too.
    pub(crate) fn all(receipt: &Receipt) -> Vec<Self> {
        let sent = receipt.events::<Gateway::PacketSent>().into_iter().map(|event| {
            let packet = Packet {
                source: GatewayId(event.gateway.0),
                destination: GatewayId(event.destination.0),
                lane: LaneId(event.lane.0),
                sequence: event.sequence,
                sender: event.sender.to_vec(),
                receiver: event.receiver.to_vec(),
                timeout: event.timeout,
                budget: event.budget,
                payload: event.payload.to_vec(),
            };
            assert_eq!(
                packet.id().0,
                event.id.0,
                "the gateway and the protocol disagree about a packet's id"
            );
            let lane = LaneTerms { name: Hash(event.name.0), ordered: event.ordered };
            assert_eq!(
                lane.lane_id(&packet),
                packet.lane,
                "the gateway and the protocol disagree about a lane's id"
            );
            Self { packet, lane }
        });
        sent.collect()
    }

    pub(crate) fn id(&self) -> PacketId {
        self.packet.id()
    }

    /// As `deliver` and `expire` take it.
    pub(crate) fn delivery(&self) -> Gateway::Delivery {
        let p = &self.packet;
        Gateway::Delivery {
            packet: Gateway::Packet {
                source: B256::from(p.source.0),
                destination: B256::from(p.destination.0),
                lane: B256::from(p.lane.0),
                sequence: p.sequence,
                sender: Bytes::from(p.sender.clone()),
                receiver: Bytes::from(p.receiver.clone()),
                timeout: p.timeout,
                budget: p.budget,
                payload: Bytes::from(p.payload.clone()),
            },
            lane: Gateway::Lane { name: B256::from(self.lane.name.0), ordered: self.lane.ordered },
        }
    }
}
