//! `peer/transaction.proto`, `peer/proposal.proto`, `peer/proposal_response.proto`, `peer/chaincode.proto`.

use std::collections::BTreeMap;

/// `peer/transaction.proto`. Peers accept one action.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Transaction {
    #[prost(message, repeated, tag = "1")]
    pub actions: Vec<TransactionAction>,
}

/// `peer/transaction.proto`: a serialised signature header and a serialised [`ChaincodeActionPayload`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct TransactionAction {
    #[prost(bytes = "vec", tag = "1")]
    pub header: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub payload: Vec<u8>,
}

/// `peer/transaction.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ChaincodeActionPayload {
    #[prost(bytes = "vec", tag = "1")]
    pub chaincode_proposal_payload: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    pub action: Option<ChaincodeEndorsedAction>,
}

/// `peer/transaction.proto`: a serialised [`ProposalResponsePayload`] and the endorsements over it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ChaincodeEndorsedAction {
    #[prost(bytes = "vec", tag = "1")]
    pub proposal_response_payload: Vec<u8>,
    #[prost(message, repeated, tag = "2")]
    pub endorsements: Vec<Endorsement>,
}

/// `peer/proposal_response.proto`: a signature over `proposal_response_payload ‖ endorser`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Endorsement {
    #[prost(bytes = "vec", tag = "1")]
    pub endorser: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub signature: Vec<u8>,
}

/// `peer/proposal_response.proto`: what endorsers sign. The extension is a serialised [`ChaincodeAction`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ProposalResponsePayload {
    #[prost(bytes = "vec", tag = "1")]
    pub proposal_hash: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub extension: Vec<u8>,
}

/// `peer/proposal_response.proto`: what the chaincode answered; 200 is success.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Response {
    #[prost(int32, tag = "1")]
    pub status: i32,
    #[prost(string, tag = "2")]
    pub message: String,
    #[prost(bytes = "vec", tag = "3")]
    pub payload: Vec<u8>,
}

/// `peer/proposal.proto`: the extension of a proposal's channel header.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ChaincodeHeaderExtension {
    #[prost(message, optional, tag = "2")]
    pub chaincode_id: Option<ChaincodeId>,
}

/// `peer/proposal.proto`: a serialised [`ChaincodeInvocationSpec`]. The transient map is never in a transaction.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ChaincodeProposalPayload {
    #[prost(bytes = "vec", tag = "1")]
    pub input: Vec<u8>,
    #[prost(btree_map = "string, bytes", tag = "2")]
    pub transient_map: BTreeMap<String, Vec<u8>>,
}

/// `peer/proposal.proto`: results is a serialised `TxReadWriteSet`, events a serialised [`ChaincodeEvent`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ChaincodeAction {
    #[prost(bytes = "vec", tag = "1")]
    pub results: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub events: Vec<u8>,
    #[prost(message, optional, tag = "3")]
    pub response: Option<Response>,
    #[prost(message, optional, tag = "4")]
    pub chaincode_id: Option<ChaincodeId>,
}

/// `peer/chaincode_event.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ChaincodeEvent {
    #[prost(string, tag = "1")]
    pub chaincode_id: String,
    #[prost(string, tag = "2")]
    pub tx_id: String,
    #[prost(string, tag = "3")]
    pub event_name: String,
    #[prost(bytes = "vec", tag = "4")]
    pub payload: Vec<u8>,
}

/// `peer/chaincode.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ChaincodeId {
    #[prost(string, tag = "1")]
    pub path: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub version: String,
}

/// `peer/chaincode.proto`: the call itself.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ChaincodeInvocationSpec {
    #[prost(message, optional, tag = "1")]
    pub chaincode_spec: Option<ChaincodeSpec>,
}

/// `peer/chaincode.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ChaincodeSpec {
    #[prost(int32, tag = "1")]
    pub r#type: i32,
    #[prost(message, optional, tag = "2")]
    pub chaincode_id: Option<ChaincodeId>,
    #[prost(message, optional, tag = "3")]
    pub input: Option<ChaincodeInput>,
    #[prost(int32, tag = "4")]
    pub timeout: i32,
}

/// `peer/chaincode.proto`: the function's name first, then its arguments.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ChaincodeInput {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub args: Vec<Vec<u8>>,
    #[prost(btree_map = "string, bytes", tag = "2")]
    pub decorations: BTreeMap<String, Vec<u8>>,
    #[prost(bool, tag = "3")]
    pub is_init: bool,
}
