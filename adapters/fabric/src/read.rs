//! Endorsed reads: what peers of several organisations sign about the state.

use causeway_adapter::AdapterError;
use causeway_protocol::Writer;
use causeway_verifier::fabric::proto::{
    ChaincodeAction, Endorsement, KvRwSet, ProposalResponsePayload, QueryChaincodeDefinitionArgs,
    TxReadWriteSet, Version,
};
use causeway_verifier::fabric::{Channel, Policy, Signed};
use prost::Message as _;

use crate::Peers;
use crate::proposal::Call;
use crate::transact::Endorsed;

/// The namespace of chaincode definitions.
pub(crate) const LIFECYCLE: &str = "_lifecycle";

/// A call that wrote nothing, and what its endorsers signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    channel_header: Vec<u8>,
    signature_header: Vec<u8>,
    proposal_payload: Vec<u8>,
    response_payload: Vec<u8>,
    endorsements: Vec<Endorsement>,
}

/// Why a read proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReadError {
    /// Those that answered the same do not satisfy the policy: peers are missing, or are at different blocks.
    NotEnough(String),
    /// What peers answered is no read.
    Malformed(String),
}

impl Peers {
    /// Reads event keys of the gateway `name`, which are ascending, as `policy` wants it endorsed.
    pub(crate) async fn read_facts(
        &self,
        name: &str,
        keys: &[String],
        channel: &Channel,
        policy: &Policy,
    ) -> Result<Read, ReadError> {
        let arguments: Vec<Vec<u8>> = keys.iter().map(|key| key.clone().into_bytes()).collect();
        self.read(Call::new(self.identity(), self.channel(), name, "facts", &arguments), channel, policy)
            .await
    }

    /// Reads the definition of the chaincode `name`, as `policy` wants it endorsed.
    pub(crate) async fn read_definition(
        &self,
        name: &str,
        channel: &Channel,
        policy: &Policy,
    ) -> Result<Read, ReadError> {
        let arguments = QueryChaincodeDefinitionArgs { name: name.into() }.encode_to_vec();
        let call =
            Call::new(self.identity(), self.channel(), LIFECYCLE, "QueryChaincodeDefinition", &[arguments]);
        self.read(call, channel, policy).await
    }

    async fn read(&self, call: Call, channel: &Channel, policy: &Policy) -> Result<Read, ReadError> {
        let (answers, failures) = self.endorsed(&call).await;
        let signers: usize = answers.iter().map(|answer| answer.endorsements.len()).sum();
        for Endorsed { payload, endorsements } in answers {
            if let Some(endorsements) = needed(channel, policy, &payload, endorsements) {
                return Ok(Read {
                    channel_header: call.channel_header,
                    signature_header: call.signature_header,
                    proposal_payload: call.payload,
                    response_payload: payload,
                    endorsements,
                });
            }
        }
        let failures = failures.join("; ");
        Err(ReadError::NotEnough(format!("{signers} endorsements do not satisfy the policy; {failures}")))
    }
}

/// Of these endorsements of one payload, as many as the policy needs and no more; none if all do not satisfy it.
pub(crate) fn needed(
    channel: &Channel,
    policy: &Policy,
    payload: &[u8],
    mut endorsements: Vec<Endorsement>,
) -> Option<Vec<Endorsement>> {
    endorsements.sort_by(|one, other| one.endorser.cmp(&other.endorser));
    endorsements.dedup_by(|one, other| one.endorser == other.endorser);
    if !satisfied(channel, policy, payload, &endorsements) {
        return None;
    }
    let mut place = 0;
    while place < endorsements.len() {
        let without = endorsements.remove(place);
        if !satisfied(channel, policy, payload, &endorsements) {
            endorsements.insert(place, without);
            place += 1;
        }
    }
    Some(endorsements)
}

/// Whether endorsements of a payload satisfy a policy, as peers judge.
pub(crate) fn satisfied(
    channel: &Channel,
    policy: &Policy,
    payload: &[u8],
    endorsements: &[Endorsement],
) -> bool {
    let signed: Vec<Signed<'_>> = endorsements
        .iter()
        .map(|endorsement| Signed {
            identity: &endorsement.endorser,
            message: vec![payload, &endorsement.endorser],
            signature: &endorsement.signature,
        })
        .collect();
    channel.satisfied(policy, &signed).unwrap_or(false)
}

impl Read {
    /// What was read of `namespace`: keys, and in which transaction each was written last.
    pub(crate) fn versions(&self, namespace: &str) -> Result<Vec<(String, Option<Version>)>, ReadError> {
        let malformed = |error: prost::DecodeError| ReadError::Malformed(error.to_string());
        let payload = ProposalResponsePayload::decode(self.response_payload.as_slice()).map_err(malformed)?;
        let action = ChaincodeAction::decode(payload.extension.as_slice()).map_err(malformed)?;
        let results = TxReadWriteSet::decode(action.results.as_slice()).map_err(malformed)?;
        let mut versions = Vec::new();
        for set in results.ns_rwset.iter().filter(|set| set.namespace == namespace) {
            let set = KvRwSet::decode(set.rwset.as_slice()).map_err(malformed)?;
            versions.extend(set.reads.into_iter().map(|read| (read.key, read.version)));
        }
        Ok(versions)
    }

    /// Its form in evidence.
    pub(crate) fn encode(&self) -> Writer {
        let endorsements = Writer::new().each(&self.endorsements, |out, endorsement| {
            out.list(&Writer::new().bytes(&endorsement.endorser).bytes(&endorsement.signature))
        });
        Writer::new()
            .bytes(&self.channel_header)
            .bytes(&self.signature_header)
            .bytes(&self.proposal_payload)
            .bytes(&self.response_payload)
            .list(&endorsements)
    }
}

impl ReadError {
    /// The adapter's error at `height`.
    pub(crate) fn at(self, height: u64) -> AdapterError {
        let (Self::NotEnough(detail) | Self::Malformed(detail)) = self;
        AdapterError::Unprovable { height, detail }
    }
}
