//! Submitting attested statements to an island's gateways.

use async_trait::async_trait;
use causeway_protocol::{Attestation, Batch, BatchProof, GatewayId, LaneTerms, Packet, PacketId, Signature};

use crate::AdapterError;

/// One statement about one packet, with signatures that its gateway accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The gateway that checks it.
    pub gateway: GatewayId,
    /// That gateway's address.
    pub address: Vec<u8>,
    /// The packet.
    pub packet: Packet,
    /// What the packet's lane id commits to.
    pub lane: LaneTerms,
    /// What is stated.
    pub attestation: Attestation,
    /// RESULT: the result's bytes; else empty.
    pub result: Vec<u8>,
    /// The batch that was signed.
    pub batch: Batch,
    /// The statement's place in it.
    pub proof: BatchProof,
    /// The signatures over the batch, ascending by signer.
    pub signatures: Vec<Signature>,
}

impl Statement {
    /// The packet it is about.
    pub fn id(&self) -> PacketId {
        self.attestation.packet
    }
}

/// What became of one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted by the gateway in this transaction.
    Done {
        /// The transaction's hash or id.
        transaction: Vec<u8>,
    },
    /// The gateway had accepted it, or what makes it pointless, before.
    AlreadyDone,
    /// It may be accepted later: an ordered lane waits for an earlier packet, a gateway is paused, a block is missing.
    NotYet {
        /// Why, in the gateway's terms.
        reason: String,
    },
    /// The gateway refuses it, and will refuse it again as it is.
    Refused {
        /// Why, in the gateway's terms.
        reason: String,
    },
}

/// What became of the statements of one call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Submission {
    /// One outcome a statement, in their order.
    pub outcomes: Vec<Outcome>,
}

/// Delivers to one island: deliver, expire, settle, as each statement's kind and the island's clock say.
#[async_trait]
pub trait Destination: Send + Sync {
    /// Submits `statements` and waits until the island has taken them in. Statements of one batch travel together where
    /// the island allows it; one that cannot be accepted does not keep the others back.
    ///
    /// An error means that it is not known which were accepted: submitting them again is always harmless.
    async fn submit(&self, statements: &[Statement]) -> Result<Submission, AdapterError>;
}

/// The indices of `statements` by what can be checked at once: one gateway, one signed batch. Groups are in the order of
/// their first statement, indices ascend by place in the batch.
pub fn group(statements: &[Statement]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, statement) in statements.iter().enumerate() {
        let together = |other: &Statement| {
            (other.gateway, &other.address, other.batch)
                == (statement.gateway, &statement.address, statement.batch)
        };
        match groups.iter_mut().find(|group| together(&statements[group[0]])) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    for group in &mut groups {
        group.sort_by_key(|&index| statements[index].proof.index);
    }
    groups
}

#[cfg(test)]
mod tests {
    use causeway_protocol::{AttestationKind, Hash, LaneId};

    use super::*;

    fn statement(gateway: u8, root: u8, place: u32) -> Statement {
        let packet = Packet {
            source: GatewayId([9; 32]),
            destination: GatewayId([gateway; 32]),
            lane: LaneId([1; 32]),
            sequence: u64::from(place) + 1,
            sender: vec![1; 20],
            receiver: vec![2; 20],
            timeout: 1,
            budget: 1,
            payload: Vec::new(),
        };
        Statement {
            gateway: GatewayId([gateway; 32]),
            address: vec![gateway; 20],
            attestation: Attestation::plain(AttestationKind::Deliver, packet.id()),
            packet,
            lane: LaneTerms { name: Hash::ZERO, ordered: false },
            result: Vec::new(),
            batch: Batch { epoch: 1, count: 3, root: Hash([root; 32]) },
            proof: BatchProof { index: place, path: Vec::new() },
            signatures: Vec::new(),
        }
    }

    #[test]
    fn statements_of_one_signed_batch_stay_together_and_in_its_order() {
        let statements = [statement(1, 1, 2), statement(1, 2, 0), statement(1, 1, 0), statement(2, 1, 1)];
        assert_eq!(group(&statements), [vec![2, 0], vec![1], vec![3]]);
        assert_eq!(group(&[]), Vec::<Vec<usize>>::new());
    }
}
