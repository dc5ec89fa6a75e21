//! Endorsed reads: what peers of several organisations sign about the state.

use causeway_adapter::AdapterError;
use causeway_verifier::fabric::proto::{
    ChaincodeAction, Endorsement, KvRwSet, ProposalResponsePayload, TxReadWriteSet,
};
use causeway_verifier::fabric::{EndorsedRead, FACTS};
use prost::Message as _;

use crate::Peers;
use crate::proposal::Call;
use crate::transact::Endorsed;
use crate::wire::Failure;

/// A call that wrote nothing, and what its endorsers signed.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    call: Call,
    payload: Vec<u8>,
    endorsements: Vec<Endorsement>,
    /// The state that was read is that of this block or a later one: the newest that wrote something of it.
    pub(crate) at_least: u64,
}

/// Why nothing was read.
#[derive(Debug, Clone)]
pub(crate) enum Unread {
    /// Every organisation answered, and the chaincode tells none of them anything: it is no gateway, or not there.
    Refused(String),
    /// Some did not answer, or contradicted themselves.
    Failed(AdapterError),
}

impl Peers {
    /// Reads event keys of the gateway `chaincode`, which are ascending. Of peers that say different things, because they are at
    /// different blocks, those are taken who are most; of equally many, those who know more.
    pub(crate) async fn read_facts(&self, chaincode: &str, keys: &[String]) -> Result<Read, Unread> {
        let arguments: Vec<Vec<u8>> = keys.iter().map(|key| key.clone().into_bytes()).collect();
        let call = Call::new(self, chaincode, FACTS, &arguments);
        let (answers, failures) = self.endorsed(&call).await;
        let mut best: Option<(usize, u64, Endorsed)> = None;
        for answer in answers {
            let at_least = newest_read(&answer.payload).map_err(|error| {
                let (what, expected) = ("what a peer endorsed", "a read".into());
                Unread::Failed(AdapterError::Inconsistent { what, expected, came: error.to_string() })
            })?;
            let count = answer.endorsements.len();
            if best.as_ref().is_none_or(|(most, newest, _)| (count, at_least) > (*most, *newest)) {
                best = Some((count, at_least, answer));
            }
        }
        let Some((_, at_least, Endorsed { payload, mut endorsements })) = best else {
            let refused = failures.iter().all(|failure| matches!(failure, Failure::Refused(_)));
            let words: Vec<&str> = failures.iter().map(Failure::words).collect();
            let last = words.join("; ");
            if refused && !failures.is_empty() {
                return Err(Unread::Refused(last));
            }
            let call = format!("{chaincode}.{FACTS}");
            return Err(Unread::Failed(AdapterError::Unreachable { call, last }));
        };
        endorsements.sort_by(|one, other| one.endorser.cmp(&other.endorser));
        Ok(Read { call, payload, endorsements, at_least })
    }
}

impl Unread {
    /// Where the chaincode has to be asked.
    pub(crate) fn into_error(self, chaincode: &str) -> AdapterError {
        match self {
            Self::Refused(last) => AdapterError::Unreachable { call: format!("{chaincode}.{FACTS}"), last },
            Self::Failed(error) => error,
        }
    }
}

impl Read {
    /// Its form in evidence.
    pub(crate) fn as_evidence(&self) -> EndorsedRead<'_> {
        let pairs = self.endorsements.iter();
        EndorsedRead {
            channel_header: &self.call.channel_header,
            signature_header: &self.call.signature_header,
            proposal: &self.call.payload,
            response: &self.payload,
            endorsements: pairs
                .map(|endorsement| (endorsement.endorser.as_slice(), endorsement.signature.as_slice()))
                .collect(),
        }
    }
}

/// The newest block among the versions of what was read.
fn newest_read(payload: &[u8]) -> Result<u64, prost::DecodeError> {
    let payload = ProposalResponsePayload::decode(payload)?;
    let action = ChaincodeAction::decode(payload.extension.as_slice())?;
    let results = TxReadWriteSet::decode(action.results.as_slice())?;
    let mut newest = 0;
    for set in results.ns_rwset {
        let reads = KvRwSet::decode(set.rwset.as_slice())?.reads;
        let versions = reads.into_iter().filter_map(|read| read.version);
        newest = versions.map(|version| version.block_num).fold(newest, u64::max);
    }
    Ok(newest)
}
