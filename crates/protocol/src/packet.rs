//! Packets: messages from a sender on one island to a receiver on another.

use serde::{Deserialize, Serialize};

use crate::hash::{Hasher, id};
use crate::{GatewayId, LaneId};

id! {
    /// Names one packet: the EIP-712 struct hash of its fields.
    PacketId
}

/// Largest sender or receiver, in bytes.
pub const MAX_PARTY: usize = 64;
/// Largest execution budget a gateway accepts at send (EVM gas).
pub const MAX_BUDGET: u64 = 5_000_000;
/// Largest payload by default, in bytes.
pub const MAX_PAYLOAD: usize = 16 * 1024;
/// Longest time between send and timeout by default, in seconds.
pub const MAX_TIMEOUT_WINDOW: u64 = 7 * 24 * 60 * 60;
/// Longest result that travels home, in bytes.
pub const MAX_RESULT: usize = 1024;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = SentPacket))]
pub struct Packet {
    /// The gateway that sent it.
    pub source: GatewayId,
    /// The gateway that has to deliver it.
    pub destination: GatewayId,
    /// Its lane.
    pub lane: LaneId,
    /// Its place in the lane, from 1, without gaps.
    #[serde(with = "crate::json::decimal")]
    #[cfg_attr(feature = "schema", schema(value_type = crate::schema::Decimal))]
    pub sequence: u64,
    /// Who sent it on the source island: set by the gateway, never by the caller.
    #[serde(with = "crate::json::hex")]
    #[cfg_attr(feature = "schema", schema(value_type = crate::schema::Bytes))]
    pub sender: Vec<u8>,
    /// Who gets it on the destination island.
    #[serde(with = "crate::json::hex")]
    #[cfg_attr(feature = "schema", schema(value_type = crate::schema::Bytes))]
    pub receiver: Vec<u8>,
    /// Last moment for delivery: Unix seconds of the destination's block time.
    #[serde(with = "crate::json::decimal")]
    #[cfg_attr(feature = "schema", schema(value_type = crate::schema::Decimal))]
    pub timeout: u64,
    /// What the receiver is guaranteed: EVM gas, ignored where there is none.
    #[serde(with = "crate::json::decimal")]
    #[cfg_attr(feature = "schema", schema(value_type = crate::schema::Decimal))]
    pub budget: u64,
    /// The message itself.
    #[serde(with = "crate::json::hex")]
    #[cfg_attr(feature = "schema", schema(value_type = crate::schema::Bytes))]
    pub payload: Vec<u8>,
}

/// A packet that no gateway can have sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// The sender or the receiver is too long.
    #[error("{party} has {came} bytes, at most {MAX_PARTY} are allowed")]
    PartyTooLong {
        /// `sender` or `receiver`.
        party: &'static str,
        /// Its length.
        came: usize,
    },
    /// Sequences start at 1.
    #[error("sequence is 0, sequences start at 1")]
    ZeroSequence,
    /// The execution budget is too large.
    #[error("budget is {0}, at most {MAX_BUDGET} is allowed")]
    BudgetTooLarge(u64),
}

/// How long after a packet's timeout nobody can deliver it any more, by any honest clock, seconds: a gateway without block time
/// takes a transaction whose own time is at most 60 s off its peers' clocks. From then on attestors sign REFUSE for it.
pub const OVERDUE_AFTER: u64 = 120;

impl Packet {
    /// `Packet(bytes32 source,bytes32 destination,bytes32 lane,uint64 sequence,bytes sender,bytes receiver,uint64 timeout,uint64 budget,bytes payload)`
    pub const TYPE: &'static [u8] = b"Packet(bytes32 source,bytes32 destination,bytes32 lane,uint64 sequence,bytes sender,bytes receiver,uint64 timeout,uint64 budget,bytes payload)";

    /// The packet's id: `hashStruct` as in EIP-712.
    pub fn id(&self) -> PacketId {
        Hasher::new()
            .hashed(Self::TYPE)
            .word(self.source)
            .word(self.destination)
            .word(self.lane)
            .uint(self.sequence)
            .hashed(&self.sender)
            .hashed(&self.receiver)
            .uint(self.timeout)
            .uint(self.budget)
            .hashed(&self.payload)
            .finish()
            .into()
    }

    /// Checks the limits that hold for every gateway of every family.
    pub fn check(&self) -> Result<(), PacketError> {
        for (party, bytes) in [("sender", &self.sender), ("receiver", &self.receiver)] {
            if bytes.len() > MAX_PARTY {
                return Err(PacketError::PartyTooLong { party, came: bytes.len() });
            }
        }
        if self.sequence == 0 {
            return Err(PacketError::ZeroSequence);
        }
        if self.budget > MAX_BUDGET {
            return Err(PacketError::BudgetTooLarge(self.budget));
        }
        Ok(())
    }
}
