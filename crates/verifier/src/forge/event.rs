//! Gateway events as a contract emits them.

use causeway_protocol::{Address, AttestorSet, GatewayEvent, GatewayEventKind, Hash, keccak256, words};

use crate::evm::{Log, topic_of};

/// A log that owns its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLog {
    /// The contract that emits it.
    pub address: Address,
    /// Topics, the event's first.
    pub topics: Vec<Hash>,
    /// ABI-encoded data.
    pub data: Vec<u8>,
}

impl EventLog {
    /// The log as it stands in a receipt.
    pub fn as_log(&self) -> Log<'_> {
        Log { address: self.address, topics: self.topics.clone(), data: &self.data }
    }
}

/// Canonical ABI of a tuple: a head of one word per value, then the tails of dynamic values.
#[derive(Default)]
struct TupleWriter {
    head: Vec<Result<Hash, Vec<u8>>>,
}

impl TupleWriter {
    fn word(mut self, word: impl Into<Hash>) -> Self {
        self.head.push(Ok(word.into()));
        self
    }

    fn uint(self, value: u64) -> Self {
        self.word(words::uint(value))
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        let mut tail = words::uint(bytes.len() as u64).0.to_vec();
        tail.extend_from_slice(bytes);
        tail.resize(tail.len().next_multiple_of(32), 0);
        self.head.push(Err(tail));
        self
    }

    fn attestors(mut self, set: &AttestorSet) -> Self {
        self = self.uint(set.epoch).uint(set.threshold.into());
        let mut tail = words::uint(set.attestors.len() as u64).0.to_vec();
        for attestor in &set.attestors {
            tail.extend_from_slice(&words::address(attestor).0);
        }
        self.head.push(Err(tail));
        self
    }

    fn finish(self) -> Vec<u8> {
        let mut offset = self.head.len() as u64 * 32;
        let (mut head, mut tails) = (Vec::new(), Vec::new());
        for value in self.head {
            match value {
                Ok(word) => head.extend_from_slice(&word.0),
                Err(tail) => {
                    head.extend_from_slice(&words::uint(offset).0);
                    offset += tail.len() as u64;
                    tails.extend_from_slice(&tail);
                }
            }
        }
        head.extend_from_slice(&tails);
        head
    }
}

/// The log that the contract at `address` emits for `event`.
pub fn encode_event(address: Address, event: &GatewayEvent) -> EventLog {
    let tuple = TupleWriter::default();
    let (third, tuple): (Option<Hash>, TupleWriter) = match &event.kind {
        GatewayEventKind::Opened { island, hub, owner, attestors } => {
            let tuple = tuple.word(*hub).word(words::address(owner)).attestors(attestors);
            (Some((*island).into()), tuple)
        }
        GatewayEventKind::PacketSent { packet, lane } => {
            let tuple = tuple
                .word(packet.destination)
                .word(packet.lane)
                .uint(packet.sequence)
                .bytes(&packet.sender)
                .bytes(&packet.receiver)
                .uint(packet.timeout)
                .uint(packet.budget)
                .bytes(&packet.payload)
                .word(lane.name)
                .uint(lane.ordered.into());
            (Some(packet.id().into()), tuple)
        }
        GatewayEventKind::PacketDelivered { packet, success, result } => {
            (Some((*packet).into()), tuple.uint((*success).into()).bytes(result))
        }
        GatewayEventKind::PacketExpired { packet } => (Some((*packet).into()), tuple),
        GatewayEventKind::PacketSettled { packet, outcome, success } => {
            (Some((*packet).into()), tuple.uint(*outcome as u64).uint((*success).into()))
        }
        GatewayEventKind::AttestorsRotated(attestors) => (None, tuple.attestors(attestors)),
        GatewayEventKind::RotationNoticed { attestors, effective } => {
            (None, tuple.attestors(attestors).uint(*effective))
        }
        GatewayEventKind::Blocked { source } | GatewayEventKind::Unblocked { source } => {
            (Some((*source).into()), tuple)
        }
        GatewayEventKind::Paused
        | GatewayEventKind::Unpaused
        | GatewayEventKind::Closed
        | GatewayEventKind::Beat => (None, tuple),
    };
    let topic = topic_of(event.kind.name()).unwrap_or_else(|| keccak256(event.kind.name().as_bytes()));
    let mut topics = vec![topic, words::uint(event.number), event.gateway.into()];
    topics.extend(third);
    EventLog { address, topics, data: tuple.finish() }
}
