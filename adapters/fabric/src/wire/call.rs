//! One node and the calls it takes.

use core::time::Duration;

use causeway_verifier::fabric::proto::Envelope;
use prost::Message;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use super::messages::{ErrorDetail, RpcStatus};
use super::{
    CommitStatusResponse, DeliverResponse, EndorseRequest, EndorseResponse, EvaluateRequest,
    EvaluateResponse, ProposalResponse, SignedCommitStatusRequest, SignedProposal, SubmitRequest,
    SubmitResponse,
};

/// Largest answer a node may give: a block of transactions of evidence, and room.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Why a call had no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The node did not answer, or could not at the moment: another one may.
    Failed(String),
    /// The node works, and knows no peers that it needs for this call: it may later, and another node may now.
    Unready(String),
    /// The node answered, and refuses the call as it is.
    Refused(String),
}

/// Which services a node has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Endorser, gateway service, and blocks with its flags.
    Peer,
    /// Blocks without flags.
    Orderer,
}

/// A peer or an orderer. Connects when it is first called, and again after a failure.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    channel: Channel,
    timeout: Duration,
}

impl Node {
    /// The node at `endpoint`; `timeout` bounds a call.
    pub(crate) fn new(endpoint: &Endpoint, timeout: Duration) -> Self {
        Self { channel: endpoint.connect_lazy(), timeout }
    }

    /// `protos.Endorser/ProcessProposal`.
    pub(crate) async fn process_proposal(
        &self,
        proposal: SignedProposal,
    ) -> Result<ProposalResponse, Failure> {
        self.unary("/protos.Endorser/ProcessProposal", proposal, self.timeout).await
    }

    /// `gateway.Gateway/Evaluate`.
    pub(crate) async fn evaluate(&self, request: EvaluateRequest) -> Result<EvaluateResponse, Failure> {
        self.unary("/gateway.Gateway/Evaluate", request, self.timeout).await
    }

    /// `gateway.Gateway/Endorse`.
    pub(crate) async fn endorse(&self, request: EndorseRequest) -> Result<EndorseResponse, Failure> {
        self.unary("/gateway.Gateway/Endorse", request, self.timeout).await
    }

    /// `gateway.Gateway/Submit`.
    pub(crate) async fn submit(&self, request: SubmitRequest) -> Result<SubmitResponse, Failure> {
        self.unary("/gateway.Gateway/Submit", request, self.timeout).await
    }

    /// `gateway.Gateway/CommitStatus`: answers when the transaction is in a block, or after `patience` not at all.
    pub(crate) async fn commit_status(
        &self,
        request: SignedCommitStatusRequest,
        patience: Duration,
    ) -> Result<CommitStatusResponse, Failure> {
        self.unary("/gateway.Gateway/CommitStatus", request, patience).await
    }

    /// Every answer to one request for blocks, until the node says that there is no more, or `enough`.
    pub(crate) async fn deliver(
        &self,
        kind: Kind,
        request: Envelope,
        mut enough: impl FnMut(&DeliverResponse) -> bool,
    ) -> Result<Vec<DeliverResponse>, Failure> {
        let path = PathAndQuery::from_static(match kind {
            Kind::Peer => "/protos.Deliver/Deliver",
            Kind::Orderer => "/orderer.AtomicBroadcast/Deliver",
        });
        let read = async {
            let mut client = self.ready().await?;
            let codec = ProstCodec::<Envelope, DeliverResponse>::default();
            let requests = futures::stream::iter([request]);
            let answers = client.streaming(Request::new(requests), path, codec).await;
            let mut answers = answers.map_err(|status| Failure::of(&status))?.into_inner();
            let mut all = Vec::new();
            while let Some(answer) = answers.message().await.map_err(|status| Failure::of(&status))? {
                let last = enough(&answer);
                all.push(answer);
                if last {
                    break;
                }
            }
            Ok(all)
        };
        timed(self.timeout, read).await
    }

    async fn unary<Q, A>(&self, path: &'static str, request: Q, timeout: Duration) -> Result<A, Failure>
    where
        Q: Message + Send + Sync + 'static,
        A: Message + Default + Send + Sync + 'static,
    {
        timed(timeout, async {
            let mut client = self.ready().await?;
            let codec = ProstCodec::<Q, A>::default();
            let answer = client.unary(Request::new(request), PathAndQuery::from_static(path), codec).await;
            answer.map(tonic::Response::into_inner).map_err(|status| Failure::of(&status))
        })
        .await
    }

    async fn ready(&self) -> Result<Grpc<Channel>, Failure> {
        let mut client = Grpc::new(self.channel.clone()).max_decoding_message_size(LARGEST_ANSWER);
        client.ready().await.map_err(|error| Failure::Failed(causes(&error)))?;
        Ok(client)
    }
}

async fn timed<A>(timeout: Duration, call: impl Future<Output = Result<A, Failure>>) -> Result<A, Failure> {
    let late = |_| Failure::Failed(format!("no answer within {timeout:?}"));
    tokio::time::timeout(timeout, call).await.map_err(late).flatten()
}

/// An error and what caused it: tonic's own words are often only "transport error".
fn causes(error: &dyn core::error::Error) -> String {
    let chain = core::iter::successors(Some(error), |error| error.source());
    let mut words: Vec<String> = chain.map(ToString::to_string).collect();
    words.dedup();
    words.join(": ")
}

impl Failure {
    /// What a gRPC status means: `Unavailable`, `DeadlineExceeded` and their like are the node's state, the rest is about the
    /// call. A gateway service's own words say little: what each endorser said is in the details.
    fn of(status: &Status) -> Self {
        let details = RpcStatus::decode(status.details()).unwrap_or_default().details;
        let said = details
            .iter()
            .filter(|any| any.type_url.ends_with("gateway.ErrorDetail"))
            .filter_map(|any| ErrorDetail::decode(any.value.as_slice()).ok())
            .map(|ErrorDetail { address, msp_id, message }| format!("{msp_id} at {address}: {message}"));
        let words: Vec<String> = [causes(status)].into_iter().chain(said).collect();
        let words = words.join("; ");
        match status.code() {
            Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::ResourceExhausted
            | Code::Internal
            | Code::Unimplemented => Self::Failed(words),
            // A transport that breaks under way has no code of its own.
            Code::Unknown if details.is_empty() && core::error::Error::source(status).is_some() => {
                Self::Failed(words)
            }
            Code::FailedPrecondition => Self::Unready(words),
            _ => Self::Refused(words),
        }
    }

    /// What was said.
    pub(crate) fn words(&self) -> &str {
        match self {
            Self::Failed(words) | Self::Unready(words) | Self::Refused(words) => words,
        }
    }
}
