//! Calls of chaincodes, and what peers answer and sign.

use prost::Message;

use super::Signer;
use crate::fabric::EndorsedRead;
use crate::fabric::proto::{
    ChaincodeAction, ChaincodeActionPayload, ChaincodeEndorsedAction, ChaincodeHeaderExtension, ChaincodeId,
    ChaincodeInput, ChaincodeInvocationSpec, ChaincodeProposalPayload, ChaincodeSpec, ChannelHeader,
    Endorsement, Envelope, Header, HeaderType, KvMetadataWrite, KvRead, KvRwSet, KvWrite, NsReadWriteSet,
    Payload, ProposalResponsePayload, Response, SignatureHeader, Transaction, TransactionAction,
    TxReadWriteSet, Version,
};
use crate::fabric::transaction::{proposal_hash, transaction_id};

/// A call as its client proposes it.
#[derive(Debug, Clone)]
pub struct Call {
    /// The chaincode.
    pub chaincode: String,
    /// A serialised `ChannelHeader`.
    pub channel_header: Vec<u8>,
    /// A serialised `SignatureHeader`.
    pub signature_header: Vec<u8>,
    /// A serialised `ChaincodeProposalPayload`.
    pub proposal: Vec<u8>,
    /// The transaction's id: 64 hex digits.
    pub transaction: String,
}

impl Call {
    /// A call of a chaincode's function; `nonce` tells calls apart.
    pub fn new(channel: &str, client: &Signer, chaincode: &str, arguments: &[&[u8]], nonce: u64) -> Self {
        let nonce = [&nonce.to_be_bytes()[..], &[7; 16]].concat();
        let transaction = transaction_id(&client.identity, &nonce);
        let id = ChaincodeId { name: chaincode.to_owned(), ..ChaincodeId::default() };
        let extension = ChaincodeHeaderExtension { chaincode_id: Some(id.clone()) };
        let channel_header = ChannelHeader {
            r#type: HeaderType::EndorserTransaction.into(),
            channel_id: channel.to_owned(),
            tx_id: transaction.clone(),
            extension: extension.encode_to_vec(),
            ..ChannelHeader::default()
        };
        let args = arguments.iter().map(|argument| argument.to_vec()).collect();
        let spec = ChaincodeSpec {
            r#type: 1,
            chaincode_id: Some(id),
            input: Some(ChaincodeInput { args, ..ChaincodeInput::default() }),
            timeout: 0,
        };
        let input = ChaincodeInvocationSpec { chaincode_spec: Some(spec) }.encode_to_vec();
        Self {
            chaincode: chaincode.to_owned(),
            channel_header: channel_header.encode_to_vec(),
            signature_header: SignatureHeader { creator: client.identity.clone(), nonce }.encode_to_vec(),
            proposal: ChaincodeProposalPayload { input, ..ChaincodeProposalPayload::default() }
                .encode_to_vec(),
            transaction,
        }
    }

    /// What peers answer after a simulation, each of them signing it.
    pub fn endorse(&self, simulation: &Simulation, endorsers: &[&Signer]) -> Endorsed {
        let action = ChaincodeAction {
            results: simulation.results(),
            events: Vec::new(),
            response: Some(Response {
                status: simulation.status,
                message: String::new(),
                payload: simulation.answer.clone(),
            }),
            chaincode_id: Some(ChaincodeId {
                name: self.chaincode.clone(),
                version: "1".to_owned(),
                ..ChaincodeId::default()
            }),
        };
        let response = ProposalResponsePayload {
            proposal_hash: proposal_hash(&self.channel_header, &self.signature_header, &self.proposal)
                .to_vec(),
            extension: action.encode_to_vec(),
        };
        let response = response.encode_to_vec();
        let endorsements = endorsers.iter().map(|endorser| {
            let signature = endorser.sign(&[&response, &endorser.identity]);
            (endorser.identity.clone(), signature)
        });
        let mut endorsements: Vec<_> = endorsements.collect();
        endorsements.sort_unstable();
        Endorsed { call: self.clone(), simulation: simulation.clone(), response, endorsements }
    }
}

/// Namespace and key, and the block and transaction that wrote it last, if there is any.
pub type Found = (String, String, Option<(u64, u64)>);

/// What a chaincode read and would write, and what it answered.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// What was read.
    pub reads: Vec<Found>,
    /// Namespace and write.
    pub writes: Vec<(String, KvWrite)>,
    /// Namespace and key of keys that get policies of their own.
    pub key_policies: Vec<(String, String)>,
    /// 200 is success.
    pub status: i32,
    /// The answer.
    pub answer: Vec<u8>,
}

impl Default for Simulation {
    fn default() -> Self {
        let (reads, writes, key_policies) = (Vec::new(), Vec::new(), Vec::new());
        Self { reads, writes, key_policies, status: 200, answer: Vec::new() }
    }
}

impl Simulation {
    /// Adds a write.
    pub fn write(mut self, namespace: &str, key: &str, value: &[u8]) -> Self {
        let write = KvWrite { key: key.to_owned(), is_delete: false, value: value.to_vec() };
        self.writes.push((namespace.to_owned(), write));
        self
    }

    /// Adds a read.
    pub fn read(mut self, namespace: &str, key: &str, version: Option<(u64, u64)>) -> Self {
        self.reads.push((namespace.to_owned(), key.to_owned(), version));
        self
    }

    fn results(&self) -> Vec<u8> {
        let reads = self.reads.iter().map(|(namespace, ..)| namespace);
        let writes = self.writes.iter().map(|(namespace, _)| namespace);
        let mut namespaces: Vec<_> =
            reads.chain(writes).chain(self.key_policies.iter().map(|(namespace, _)| namespace)).collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        let sets = namespaces.into_iter().map(|namespace| {
            let reads = self.reads.iter().filter(|(of, ..)| of == namespace);
            let reads = reads.map(|(_, key, version)| KvRead {
                key: key.clone(),
                version: version.map(|(block_num, tx_num)| Version { block_num, tx_num }),
            });
            let writes = self.writes.iter().filter(|(of, _)| of == namespace).map(|(_, write)| write.clone());
            let policies = self.key_policies.iter().filter(|(of, _)| of == namespace);
            let metadata_writes =
                policies.map(|(_, key)| KvMetadataWrite { key: key.clone(), ..KvMetadataWrite::default() });
            let set = KvRwSet {
                reads: reads.collect(),
                range_queries_info: Vec::new(),
                writes: writes.collect(),
                metadata_writes: metadata_writes.collect(),
            };
            NsReadWriteSet {
                namespace: namespace.clone(),
                rwset: set.encode_to_vec(),
                collection_hashed_rwset: Vec::new(),
            }
        });
        TxReadWriteSet { data_model: 0, ns_rwset: sets.collect() }.encode_to_vec()
    }
}

/// A call that peers endorsed.
#[derive(Debug, Clone)]
pub struct Endorsed {
    /// The call.
    pub call: Call,
    /// What it read and would write.
    pub simulation: Simulation,
    /// A serialised `ProposalResponsePayload`.
    pub response: Vec<u8>,
    /// Endorser and signature each, ascending by endorser.
    pub endorsements: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Endorsed {
    /// As a read in evidence.
    pub fn as_read(&self) -> EndorsedRead<'_> {
        let endorsements = self.endorsements.iter();
        EndorsedRead {
            channel_header: &self.call.channel_header,
            signature_header: &self.call.signature_header,
            proposal: &self.call.proposal,
            response: &self.response,
            endorsements: endorsements
                .map(|(endorser, signature)| (endorser.as_slice(), signature.as_slice()))
                .collect(),
        }
    }

    /// As a transaction's payload, without its creator's signature.
    pub fn payload(&self) -> Payload {
        let endorsements = self.endorsements.iter().cloned();
        let action = ChaincodeEndorsedAction {
            proposal_response_payload: self.response.clone(),
            endorsements: endorsements
                .map(|(endorser, signature)| Endorsement { endorser, signature })
                .collect(),
        };
        let action = ChaincodeActionPayload {
            chaincode_proposal_payload: self.call.proposal.clone(),
            action: Some(action),
        };
        let action =
            TransactionAction { header: self.call.signature_header.clone(), payload: action.encode_to_vec() };
        let header = Header {
            channel_header: self.call.channel_header.clone(),
            signature_header: self.call.signature_header.clone(),
        };
        Payload { header: Some(header), data: Transaction { actions: vec![action] }.encode_to_vec() }
    }

    /// As a transaction.
    pub fn envelope(&self, client: &Signer) -> Vec<u8> {
        let payload = self.payload().encode_to_vec();
        let signature = client.sign(&[&payload]);
        Envelope { payload, signature }.encode_to_vec()
    }
}
