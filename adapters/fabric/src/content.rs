//! What a peer's block holds, as that peer judged it: hints where to look, and no proof.

use std::collections::BTreeSet;

use causeway_verifier::fabric::Definition;
use causeway_verifier::fabric::proto::{
    Block, ChaincodeAction, ChaincodeActionPayload, ChaincodeValidationInfo, ChannelHeader, Envelope,
    HeaderType, KvRwSet, Payload, ProposalResponsePayload, StateData, StateDataType, Transaction,
    TxReadWriteSet,
};
use prost::Message as _;

/// The namespace of chaincode definitions.
const LIFECYCLE: &str = "_lifecycle";
/// Where a definition's fields stand in it.
const FIELDS: &str = "namespaces/fields/";
/// `TxValidationCode.VALID`.
const VALID: u8 = 0;
/// Where peers put their flags among a block's metadata.
const FLAGS: usize = 2;

/// The chaincodes of `gateways` at which packets wait for their sequences since this block.
pub(crate) fn waiting(block: &Block, gateways: &BTreeSet<String>) -> BTreeSet<String> {
    let written = writes(block).filter(|(namespace, _)| gateways.contains(namespace));
    let waits = |writes: &KvRwSet| {
        writes.writes.iter().any(|write| !write.is_delete && write.key.starts_with("out/"))
    };
    written.filter(|(_, writes)| waits(writes)).map(|(namespace, _)| namespace).collect()
}

/// The definition of a chaincode after a block; `before` is the one before it.
pub(crate) fn definition(block: &Block, chaincode: &str, before: Option<Definition>) -> Option<Definition> {
    let sets = writes(block).filter(|(namespace, _)| namespace == LIFECYCLE);
    sets.fold(before, |before, (_, writes)| defined(&writes, chaincode, before.as_ref()).or(before))
}

/// Whether the peer took every transaction of its block for valid. An orderer does not say.
pub(crate) fn is_all_valid(block: &Block) -> bool {
    let flags = flags(block);
    !flags.is_empty() && flags.iter().all(|flag| *flag == VALID)
}

/// Whether the block is a configuration: one envelope that says so.
pub(crate) fn is_configuration(block: &Block) -> bool {
    let data = block.data.as_ref().map(|data| data.data.as_slice()).unwrap_or_default();
    let kind = |envelope: &[u8]| {
        let payload = Payload::decode(Envelope::decode(envelope)?.payload.as_slice())?;
        let header = payload.header.unwrap_or_default().channel_header;
        ChannelHeader::decode(header.as_slice()).map(|header| header.r#type)
    };
    matches!(data, [envelope] if kind(envelope) == Ok(HeaderType::Config as i32))
}

/// Namespaces and what valid transactions wrote there, in order.
fn writes(block: &Block) -> impl Iterator<Item = (String, KvRwSet)> {
    let data = block.data.as_ref().map(|data| data.data.as_slice()).unwrap_or_default();
    let valid = data.iter().zip(flags(block)).filter(|(_, flag)| **flag == VALID);
    let results = valid.filter_map(|(envelope, _)| results(envelope).ok().flatten());
    let sets = results.flat_map(|results| results.ns_rwset);
    sets.filter_map(|set| Some((set.namespace, KvRwSet::decode(set.rwset.as_slice()).ok()?)))
}

fn flags(block: &Block) -> &[u8] {
    block.metadata.as_ref().and_then(|metadata| metadata.metadata.get(FLAGS)).map_or(&[], Vec::as_slice)
}

/// What a transaction read and wrote; none where it is a configuration.
fn results(envelope: &[u8]) -> Result<Option<TxReadWriteSet>, prost::DecodeError> {
    let payload = Payload::decode(Envelope::decode(envelope)?.payload.as_slice())?;
    let Some(action) = Transaction::decode(payload.data.as_slice())?.actions.into_iter().next() else {
        return Ok(None);
    };
    let Some(endorsed) = ChaincodeActionPayload::decode(action.payload.as_slice())?.action else {
        return Ok(None);
    };
    let response = ProposalResponsePayload::decode(endorsed.proposal_response_payload.as_slice())?;
    let action = ChaincodeAction::decode(response.extension.as_slice())?;
    TxReadWriteSet::decode(action.results.as_slice()).map(Some)
}

/// The definition of a chaincode after these writes, if they change it: only fields that changed are written.
fn defined(writes: &KvRwSet, chaincode: &str, before: Option<&Definition>) -> Option<Definition> {
    let field = |field: &str| {
        let key = format!("{FIELDS}{chaincode}/{field}");
        let write = writes.writes.iter().find(|write| write.key == key)?;
        StateData::decode(write.value.as_slice()).ok()?.r#type
    };
    let Some(StateDataType::Int64(sequence)) = field("Sequence") else { return None };
    let policy = match field("ValidationInfo") {
        Some(StateDataType::Bytes(info)) => {
            ChaincodeValidationInfo::decode(info.as_slice()).ok()?.validation_parameter
        }
        _ => before?.policy.clone(),
    };
    Some(Definition { name: chaincode.into(), sequence: u64::try_from(sequence).ok()?, policy })
}
