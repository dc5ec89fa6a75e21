//! Transactions through the gateway service of a peer, and calls that write nothing.

use core::time::Duration;

use causeway_adapter::AdapterError;
use causeway_verifier::fabric::proto::Endorsement;
use prost::Message as _;

use crate::Peers;
use crate::peers::CallError;
use crate::proposal::Call;
use crate::wire::{
    CommitStatusRequest, EndorseRequest, EvaluateRequest, Failure, SignedCommitStatusRequest, SubmitRequest,
    VALID,
};

/// How long a transaction that was ordered may take to be in a block.
const COMMIT: Duration = Duration::from_secs(30);
/// `TxValidationCode`s of a transaction that lost a race and may win the next: MVCC_READ_CONFLICT, PHANTOM_READ_CONFLICT.
const LOST_RACES: [i32; 2] = [11, 12];

/// A transaction in a block, valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Its id, 64 hex digits.
    pub transaction: String,
    /// The block's number.
    pub block: u64,
}

impl Committed {
    /// Its id's bytes.
    pub(crate) fn transaction_bytes(&self) -> Vec<u8> {
        const_hex::decode(&self.transaction).unwrap_or_default()
    }
}

/// Why a transaction did not happen, or is not known to have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransactError {
    /// The chaincode, or a policy of the channel, refuses it.
    #[error("refused: {0}")]
    Refused(String),
    /// The peers asked know no endorsers that satisfy the policy: not yet, or not now.
    #[error("endorsers are missing: {0}")]
    Unready(String),
    /// Another transaction was faster: endorsed again it may be valid.
    #[error("it read what another transaction of the block wrote")]
    LostRace,
    /// It was ordered and is invalid, with this `TxValidationCode`.
    #[error("it was ordered and is invalid, validation code {0}")]
    Invalid(i32),
    /// No peer answered; it may have happened.
    #[error(transparent)]
    Unreachable(#[from] AdapterError),
}

impl From<CallError> for TransactError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(words) => Self::Refused(words),
            CallError::Unready(words) => Self::Unready(words),
            CallError::Unreachable(error) => Self::Unreachable(error),
        }
    }
}

/// What endorsers of several organisations answered to one call, of those that answered the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endorsed {
    /// A serialised `protos.ProposalResponsePayload`.
    pub(crate) payload: Vec<u8>,
    /// Who signed it.
    pub(crate) endorsements: Vec<Endorsement>,
}

impl Peers {
    /// Has `function` of `chaincode` endorsed, ordered and committed, once.
    pub async fn transact(
        &self,
        chaincode: &str,
        function: &str,
        arguments: &[Vec<u8>],
    ) -> Result<Committed, TransactError> {
        let call = Call::new(self, chaincode, function, arguments);
        let request = EndorseRequest {
            transaction_id: call.transaction.clone(),
            channel_id: self.channel().into(),
            proposed_transaction: Some(call.signed.clone()),
        };
        let what = format!("endorsement of {chaincode}.{function}");
        let prepared = self
            .ask(&what, |member| {
                let request = request.clone();
                async move { member.node.endorse(request).await }
            })
            .await?
            .prepared_transaction
            .ok_or_else(|| TransactError::Refused("the gateway service answered no transaction".into()))?;
        let mut envelope = prepared;
        envelope.signature = self.identity().sign(&envelope.payload);
        let request = SubmitRequest {
            transaction_id: call.transaction.clone(),
            channel_id: self.channel().into(),
            prepared_transaction: Some(envelope),
        };
        // Sent to a second peer the same transaction is ordered twice and counts once.
        self.ask("ordering", |member| {
            let request = request.clone();
            async move { member.node.submit(request).await }
        })
        .await?;
        self.committed(call.transaction).await
    }

    /// Waits until a transaction is in a block.
    async fn committed(&self, transaction: String) -> Result<Committed, TransactError> {
        let request = CommitStatusRequest {
            transaction_id: transaction.clone(),
            channel_id: self.channel().into(),
            identity: self.identity().serialised().to_vec(),
        };
        let request = request.encode_to_vec();
        let signature = self.identity().sign(&request);
        let request = SignedCommitStatusRequest { request, signature };
        let status = self
            .ask("commit status", |member| {
                let request = request.clone();
                async move { member.node.commit_status(request, COMMIT).await }
            })
            .await?;
        match status.result {
            VALID => Ok(Committed { transaction, block: status.block_number }),
            code if LOST_RACES.contains(&code) => Err(TransactError::LostRace),
            code => Err(TransactError::Invalid(code)),
        }
    }

    /// What `function` of `chaincode` answers to somebody who only asks.
    pub async fn evaluate(
        &self,
        chaincode: &str,
        function: &str,
        arguments: &[Vec<u8>],
    ) -> Result<Vec<u8>, TransactError> {
        let call = Call::new(self, chaincode, function, arguments);
        let request = EvaluateRequest {
            transaction_id: call.transaction.clone(),
            channel_id: self.channel().into(),
            proposed_transaction: Some(call.signed),
        };
        let what = format!("{chaincode}.{function}");
        let answer = self
            .ask(&what, |member| {
                let request = request.clone();
                async move { member.node.evaluate(request).await }
            })
            .await?;
        Ok(answer.result.unwrap_or_default().payload)
    }

    /// Asks a peer of every organisation to endorse a call that writes nothing. Answers what they said, by what they said:
    /// peers at different blocks may say different things. Beside it, what those said that did not endorse.
    pub(crate) async fn endorsed(&self, call: &Call) -> (Vec<Endorsed>, Vec<Failure>) {
        let answers = self
            .ask_organisations(|member| {
                let proposal = call.signed.clone();
                async move {
                    let answer = member.node.process_proposal(proposal).await?;
                    let response = answer.response.unwrap_or_default();
                    match answer.endorsement {
                        Some(endorsement) if response.status == 200 => Ok((answer.payload, endorsement)),
                        _ => {
                            let words =
                                format!("{}: {} {}", member.name(), response.status, response.message);
                            Err(Failure::Refused(words))
                        }
                    }
                }
            })
            .await;
        let mut groups: Vec<Endorsed> = Vec::new();
        let mut failures = Vec::new();
        for answer in answers {
            match answer {
                Ok((payload, endorsement)) => {
                    match groups.iter_mut().find(|group| group.payload == payload) {
                        Some(group) => group.endorsements.push(endorsement),
                        None => groups.push(Endorsed { payload, endorsements: vec![endorsement] }),
                    }
                }
                Err(failure) => failures.push(failure),
            }
        }
        (groups, failures)
    }
}
