//! Requests and answers of the services Deliver, Endorser and Gateway. Tags and types are those of
//! `hyperledger/fabric-protos`; each message names its file there.

use causeway_verifier::fabric::proto::{Block, Endorsement, Envelope, Response, Timestamp};

/// `peer/transaction.proto`: `TxValidationCode.VALID`.
pub(crate) const VALID: i32 = 0;

/// `orderer/ab.proto`: which blocks are asked for.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct SeekInfo {
    #[prost(message, optional, tag = "1")]
    pub(crate) start: Option<SeekPosition>,
    #[prost(message, optional, tag = "2")]
    pub(crate) stop: Option<SeekPosition>,
    /// 0 waits for blocks that are not there yet, 1 ends.
    #[prost(int32, tag = "3")]
    pub(crate) behavior: i32,
    #[prost(int32, tag = "4")]
    pub(crate) error_response: i32,
    #[prost(int32, tag = "5")]
    pub(crate) content_type: i32,
}

/// `orderer/ab.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct SeekPosition {
    #[prost(oneof = "SeekPositionType", tags = "1, 2, 3")]
    pub(crate) r#type: Option<SeekPositionType>,
}

/// `orderer/ab.proto`: `SeekPosition.Type`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Oneof)]
pub(crate) enum SeekPositionType {
    #[prost(message, tag = "1")]
    Newest(Nothing),
    #[prost(message, tag = "2")]
    Oldest(Nothing),
    #[prost(message, tag = "3")]
    Specified(SeekSpecified),
}

/// A message without fields.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct Nothing {}

/// `orderer/ab.proto`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct SeekSpecified {
    #[prost(uint64, tag = "1")]
    pub(crate) number: u64,
}

impl SeekPosition {
    /// The newest block there is.
    pub(crate) fn newest() -> Self {
        Self { r#type: Some(SeekPositionType::Newest(Nothing {})) }
    }

    /// The block with this number.
    pub(crate) fn number(number: u64) -> Self {
        Self { r#type: Some(SeekPositionType::Specified(SeekSpecified { number })) }
    }
}

/// `peer/events.proto`, and `orderer/ab.proto` with the same tags: a block, or how the stream ends.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct DeliverResponse {
    #[prost(oneof = "DeliverResponseType", tags = "1, 2")]
    pub(crate) r#type: Option<DeliverResponseType>,
}

/// `peer/events.proto`: `DeliverResponse.Type`.
#[derive(Clone, PartialEq, Eq, prost::Oneof)]
pub(crate) enum DeliverResponseType {
    /// `common.Status`, numbered like HTTP's.
    #[prost(int32, tag = "1")]
    Status(i32),
    #[prost(message, tag = "2")]
    Block(Block),
}

/// `peer/proposal.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct SignedProposal {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) proposal_bytes: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) signature: Vec<u8>,
}

/// `peer/proposal.proto`: a serialised `common.Header` and a serialised `ChaincodeProposalPayload`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Proposal {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) header: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) payload: Vec<u8>,
}

/// `peer/proposal_response.proto`: the payload is a serialised `ProposalResponsePayload`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct ProposalResponse {
    #[prost(int32, tag = "1")]
    pub(crate) version: i32,
    #[prost(message, optional, tag = "2")]
    pub(crate) timestamp: Option<Timestamp>,
    #[prost(message, optional, tag = "4")]
    pub(crate) response: Option<Response>,
    #[prost(bytes = "vec", tag = "5")]
    pub(crate) payload: Vec<u8>,
    #[prost(message, optional, tag = "6")]
    pub(crate) endorsement: Option<Endorsement>,
}

/// `gateway/gateway.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct EvaluateRequest {
    #[prost(string, tag = "1")]
    pub(crate) transaction_id: String,
    #[prost(string, tag = "2")]
    pub(crate) channel_id: String,
    #[prost(message, optional, tag = "3")]
    pub(crate) proposed_transaction: Option<SignedProposal>,
}

/// `gateway/gateway.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct EvaluateResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) result: Option<Response>,
}

/// `gateway/gateway.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct EndorseRequest {
    #[prost(string, tag = "1")]
    pub(crate) transaction_id: String,
    #[prost(string, tag = "2")]
    pub(crate) channel_id: String,
    #[prost(message, optional, tag = "3")]
    pub(crate) proposed_transaction: Option<SignedProposal>,
}

/// `gateway/gateway.proto`: an envelope that lacks its signature.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct EndorseResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) prepared_transaction: Option<Envelope>,
}

/// `gateway/gateway.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct SubmitRequest {
    #[prost(string, tag = "1")]
    pub(crate) transaction_id: String,
    #[prost(string, tag = "2")]
    pub(crate) channel_id: String,
    #[prost(message, optional, tag = "3")]
    pub(crate) prepared_transaction: Option<Envelope>,
}

/// `gateway/gateway.proto`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct SubmitResponse {}

/// `gateway/gateway.proto`: a serialised [`CommitStatusRequest`] and the asker's signature over it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct SignedCommitStatusRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) request: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) signature: Vec<u8>,
}

/// `gateway/gateway.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct CommitStatusRequest {
    #[prost(string, tag = "1")]
    pub(crate) transaction_id: String,
    #[prost(string, tag = "2")]
    pub(crate) channel_id: String,
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) identity: Vec<u8>,
}

/// `gateway/gateway.proto`: the result is a `TxValidationCode`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct CommitStatusResponse {
    #[prost(int32, tag = "1")]
    pub(crate) result: i32,
    #[prost(uint64, tag = "2")]
    pub(crate) block_number: u64,
}

/// `google/rpc/status.proto`: what a refusal carries beside its text.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct RpcStatus {
    #[prost(message, repeated, tag = "3")]
    pub(crate) details: Vec<Any>,
}

/// `google/protobuf/any.proto`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Any {
    #[prost(string, tag = "1")]
    pub(crate) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) value: Vec<u8>,
}

/// `gateway/gateway.proto`: what one endorser or orderer said.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct ErrorDetail {
    #[prost(string, tag = "1")]
    pub(crate) address: String,
    #[prost(string, tag = "2")]
    pub(crate) msp_id: String,
    #[prost(string, tag = "3")]
    pub(crate) message: String,
}
