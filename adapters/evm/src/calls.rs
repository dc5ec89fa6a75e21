//! Attested statements as calls of the gateway contract, and its answers.

use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::{SolCall as _, SolEvent as _};
use causeway_adapter::Statement;
use causeway_evm_gateway::Gateway;
use causeway_protocol::{AttestationKind, Hash};

use crate::Executed;

/// What is done with a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// Deliver the packet.
    Deliver,
    /// End it undelivered, with the statement of this kind.
    Expire(AttestationKind),
    /// Bring its outcome home.
    Settle,
}

impl Action {
    /// What `statement` is good for when the island's newest block has this time. None: not a relayer's to submit.
    pub(crate) fn of(statement: &Statement, time: u64) -> Option<Self> {
        match statement.attestation.kind {
            AttestationKind::Deliver if time <= statement.packet.timeout => Some(Self::Deliver),
            kind @ (AttestationKind::Deliver | AttestationKind::Refuse) => Some(Self::Expire(kind)),
            AttestationKind::Result | AttestationKind::Expired => Some(Self::Settle),
            AttestationKind::Void => None, // the source gateway takes it from its owner alone
        }
    }

    /// The event that says it was done.
    fn event(self) -> B256 {
        match self {
            Self::Deliver => Gateway::PacketDelivered::SIGNATURE_HASH,
            Self::Expire(_) => Gateway::PacketExpired::SIGNATURE_HASH,
            Self::Settle => Gateway::PacketSettled::SIGNATURE_HASH,
        }
    }

    /// Call data for `statements`, all of one batch and of this action, ascending by place.
    pub(crate) fn batch_call(self, statements: &[&Statement], callback_gas: u64) -> Vec<u8> {
        let proof = batch_proof(statements);
        let deliveries = || statements.iter().map(|statement| delivery(statement)).collect();
        match self {
            Self::Deliver => Gateway::deliverBatchCall { items: deliveries(), proof }.abi_encode(),
            Self::Expire(kind) => {
                Gateway::expireBatchCall { items: deliveries(), kind: kind as u8, proof }.abi_encode()
            }
            Self::Settle => {
                let items = statements.iter().map(|statement| settlement(statement)).collect();
                Gateway::settleBatchCall { items, callbackGas: callback_gas, proof }.abi_encode()
            }
        }
    }

    /// What a batch call answers: for each item the selector of the error it was skipped for, or zero.
    pub(crate) fn refusals(self, answer: &[u8], items: usize) -> Option<Vec<[u8; 4]>> {
        let refusals = match self {
            Self::Deliver => Gateway::deliverBatchCall::abi_decode_returns(answer).ok(),
            Self::Expire(_) => Gateway::expireBatchCall::abi_decode_returns(answer).ok(),
            Self::Settle => Gateway::settleBatchCall::abi_decode_returns(answer).ok(),
        }?;
        (refusals.len() == items).then(|| refusals.iter().map(|selector| selector.0).collect())
    }

    /// Whether a transaction did it to the packet of `statement`.
    pub(crate) fn is_done_in(self, executed: &Executed, statement: &Statement) -> bool {
        let (event, id) = (Hash(self.event().0), Hash::from(statement.id()));
        executed.success
            && executed.logs.iter().any(|(address, topics)| {
                address[..] == statement.address
                    && topics.first() == Some(&event)
                    && topics.get(3) == Some(&id)
            })
    }
}

/// Call data that settles one statement alone, with all the gas its callback wants.
pub(crate) fn settle_call(statement: &Statement) -> Vec<u8> {
    let proof = Gateway::Proof {
        epoch: statement.batch.epoch,
        count: statement.batch.count,
        index: statement.proof.index,
        path: path(statement),
        signatures: signatures(statement),
    };
    Gateway::settleCall { item: settlement(statement), proof }.abi_encode()
}

fn batch_proof(statements: &[&Statement]) -> Gateway::BatchProof {
    let Some(first) = statements.first() else {
        return Gateway::BatchProof {
            epoch: 0,
            count: 0,
            indices: vec![],
            paths: vec![],
            signatures: vec![],
        };
    };
    let whole = (0..first.batch.count).eq(statements.iter().map(|statement| statement.proof.index));
    let (indices, paths) = if whole {
        (Vec::new(), Vec::new()) // all the leaves, in order: the contract builds the tree itself
    } else {
        statements.iter().map(|statement| (statement.proof.index, path(statement))).unzip()
    };
    let (epoch, count) = (first.batch.epoch, first.batch.count);
    Gateway::BatchProof { epoch, count, indices, paths, signatures: signatures(first) }
}

fn path(statement: &Statement) -> Vec<B256> {
    statement.proof.path.iter().map(|node| B256::from(node.0)).collect()
}

fn signatures(statement: &Statement) -> Vec<Bytes> {
    statement.signatures.iter().map(|signature| Bytes::copy_from_slice(&signature.0)).collect()
}

fn delivery(statement: &Statement) -> Gateway::Delivery {
    let packet = &statement.packet;
    Gateway::Delivery {
        packet: Gateway::Packet {
            source: packet.source.0.into(),
            destination: packet.destination.0.into(),
            lane: packet.lane.0.into(),
            sequence: packet.sequence,
            sender: packet.sender.clone().into(),
            receiver: packet.receiver.clone().into(),
            timeout: packet.timeout,
            budget: packet.budget,
            payload: packet.payload.clone().into(),
        },
        lane: Gateway::Lane { name: statement.lane.name.0.into(), ordered: statement.lane.ordered },
    }
}

fn settlement(statement: &Statement) -> Gateway::Settlement {
    let attestation = &statement.attestation;
    Gateway::Settlement {
        id: attestation.packet.0.into(),
        kind: attestation.kind as u8,
        success: attestation.success,
        result: statement.result.clone().into(),
    }
}

/// A gateway's address as this kind of chain has them.
pub(crate) fn gateway_address(statement: &Statement) -> Option<[u8; 20]> {
    Address::try_from(statement.address.as_slice()).ok().map(Address::into_array)
}
