//! The messages and calls of Fabric's gRPC services, as far as an adapter makes them. What also stands in blocks is in
//! `causeway_verifier::fabric::proto`.

mod call;
mod messages;

pub(crate) use call::{Failure, Kind, Node};
pub(crate) use messages::{
    CommitStatusRequest, CommitStatusResponse, DeliverResponse, DeliverResponseType, EndorseRequest,
    EndorseResponse, EvaluateRequest, EvaluateResponse, Proposal, ProposalResponse, SeekInfo, SeekPosition,
    SignedCommitStatusRequest, SignedProposal, SubmitRequest, SubmitResponse, VALID,
};
