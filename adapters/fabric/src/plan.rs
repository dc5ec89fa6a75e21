//! What a run of blocks needs to be proven: which transactions wrote gateway events, and which definitions changed.

use std::collections::{BTreeMap, BTreeSet};

use causeway_adapter::AdapterError;
use causeway_protocol::{DecodeError, Reader};
use causeway_verifier::fabric::proto::{
    Block, ChaincodeAction, ChaincodeActionPayload, ChaincodeValidationInfo, ChannelHeader, Envelope,
    HeaderType, KvRwSet, Payload, ProposalResponsePayload, StateData, StateDataType, Transaction,
    TxReadWriteSet,
};
use causeway_verifier::fabric::{Channel, Policy, PolicyFault, config_of};
use prost::Message as _;

use crate::peers::number;
use crate::read::{LIFECYCLE, satisfied};

/// The policy that chaincode definitions need.
const LIFECYCLE_POLICY: &str = "/Channel/Application/LifecycleEndorsement";
/// Where a definition's fields stand in the namespace of definitions.
const FIELDS: &str = "namespaces/fields/";
/// The first parts of keys that hold events.
const EVENTS: [&str; 6] = ["seq/", "in/", "end/", "epoch/", "act/", "beat/"];

/// A chaincode's definition, as far as it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) sequence: u64,
    /// A serialised `protos.ApplicationPolicy`.
    pub(crate) parameter: Vec<u8>,
}

/// What is known of the channel at a block.
#[derive(Debug)]
pub(crate) struct View {
    channel: Channel,
    channel_id: String,
    definitions: BTreeMap<String, Definition>,
}

/// A transaction whose fate a read has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// Its block.
    pub(crate) block: u64,
    /// Its place there.
    pub(crate) transaction: u64,
    /// Event keys it writes, in a gateway's namespace; or the key of a definition's sequence.
    pub(crate) keys: Vec<String>,
    /// Whether the peer that served the block takes it for valid: a hint, and no proof.
    pub(crate) valid: bool,
}

/// What one block asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Asked {
    /// By gateway.
    pub(crate) gateways: BTreeMap<String, Vec<Question>>,
    /// By chaincode: definitions that changed.
    pub(crate) definitions: BTreeMap<String, Vec<Question>>,
    /// Gateways at which packets wait for their sequences.
    pub(crate) waiting: BTreeSet<String>,
    /// Whether the block holds a configuration.
    pub(crate) configuration: bool,
}

impl Asked {
    /// Whether a light client learns more from the block than that it is there.
    pub(crate) fn is_telling(&self) -> bool {
        self.configuration || !self.gateways.is_empty() || !self.definitions.is_empty()
    }
}

impl View {
    /// What a client state says.
    pub(crate) fn of(state: &[u8]) -> Result<Self, AdapterError> {
        let foreign = |why: String| AdapterError::Configuration(format!("the hub's client state: {why}"));
        let (channel_id, config, definitions) =
            read_state(state).map_err(|error| foreign(error.to_string()))?;
        let channel = Channel::read(config).map_err(|fault| foreign(fault.to_string()))?;
        Ok(Self { channel, channel_id, definitions })
    }

    /// The channel's configuration.
    pub(crate) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// The channel's name.
    pub(crate) fn channel_id(&self) -> &str {
        &self.channel_id
    }

    /// The policy that endorsements of a chaincode's transactions have to satisfy; none where it is not defined.
    pub(crate) fn policy(&self, chaincode: &str) -> Result<Option<Policy>, PolicyFault> {
        let definition = self.definitions.get(chaincode);
        definition.map(|definition| self.channel.application_policy(&definition.parameter)).transpose()
    }

    /// The policy that definitions have to satisfy.
    pub(crate) fn lifecycle_policy(&self) -> Result<Policy, PolicyFault> {
        self.channel.policy(LIFECYCLE_POLICY)
    }

    /// Reads what a block asks about `gateways`, and moves on to the view after it. Which definitions count is taken from the
    /// flags of the peer that served the block.
    pub(crate) fn advance(
        &mut self,
        block: &Block,
        gateways: &BTreeSet<String>,
    ) -> Result<Asked, AdapterError> {
        let height = number(block);
        let unreadable = |detail: String| AdapterError::Unprovable { height, detail };
        let data = block.data.as_ref().map(|data| data.data.as_slice()).unwrap_or_default();
        let mut asked = Asked::default();
        let mut after: Vec<(String, Definition)> = Vec::new();
        for (place, envelope) in (0u64..).zip(data) {
            let Some((header, data)) = open(envelope) else { continue };
            if header.channel_id != self.channel_id {
                continue;
            }
            if header.r#type == HeaderType::Config as i32 {
                let config = config_of(&data).map_err(|fault| unreadable(fault.to_string()))?;
                self.channel = Channel::read(&config).map_err(|fault| unreadable(fault.to_string()))?;
                asked.configuration = true;
            } else if header.r#type == HeaderType::EndorserTransaction as i32 {
                let valid = flag(block, place) == Some(0);
                let written = self.transaction(&data, (height, place, valid), gateways, &mut asked);
                let written = written.map_err(|fault| unreadable(fault.to_string()))?;
                after.extend(written.into_iter().filter(|_| valid));
            }
        }
        self.definitions.extend(after);
        Ok(asked)
    }

    /// Reads one transaction; answers the definitions it writes.
    fn transaction(
        &self,
        data: &[u8],
        (block, transaction, valid): (u64, u64, bool),
        gateways: &BTreeSet<String>,
        asked: &mut Asked,
    ) -> Result<Vec<(String, Definition)>, PolicyFault> {
        let mut definitions = Vec::new();
        let Some((payload, endorsements, action)) = endorsed_action(data) else { return Ok(definitions) };
        let Ok(results) = TxReadWriteSet::decode(action.results.as_slice()) else { return Ok(definitions) };
        let chaincode = action.chaincode_id.unwrap_or_default().name;
        for set in results.ns_rwset {
            let Ok(writes) = KvRwSet::decode(set.rwset.as_slice()) else { continue };
            let name = set.namespace;
            if name == LIFECYCLE && chaincode == LIFECYCLE {
                if !satisfied(&self.channel, &self.lifecycle_policy()?, &payload, &endorsements) {
                    continue;
                }
                for (chaincode, definition) in definitions_in(&writes, gateways) {
                    let keys = vec![format!("{FIELDS}{chaincode}/Sequence")];
                    let question = Question { block, transaction, keys, valid };
                    asked.definitions.entry(chaincode.clone()).or_default().push(question);
                    definitions.push((chaincode, definition));
                }
            } else if gateways.contains(&name) {
                let Some(policy) = self.policy(&name)? else { continue };
                if !satisfied(&self.channel, &policy, &payload, &endorsements) {
                    continue;
                }
                let written = writes.writes.iter().filter(|write| !write.is_delete).map(|write| &write.key);
                let (mut keys, mut waits) = (Vec::new(), false);
                for key in written {
                    waits |= key.starts_with("out/");
                    if key == "opened" || EVENTS.iter().any(|prefix| key.starts_with(prefix)) {
                        keys.push(key.clone());
                    }
                }
                if waits {
                    asked.waiting.insert(name.clone());
                }
                if !keys.is_empty() {
                    let question = Question { block, transaction, keys, valid };
                    asked.gateways.entry(name).or_default().push(question);
                }
            }
        }
        Ok(definitions)
    }
}

/// The definitions of a chaincode that a peer committed with a block, in order.
pub(crate) fn committed_definitions(block: &Block, chaincode: &str) -> Vec<Definition> {
    let named = [chaincode.to_owned()].into();
    let data = block.data.as_ref().map(|data| data.data.as_slice()).unwrap_or_default();
    let valid = (0u64..).zip(data).filter(|(place, _)| flag(block, *place) == Some(0));
    let actions =
        valid.filter_map(|(_, envelope)| endorsed_action(&open(envelope)?.1)).map(|(_, _, action)| action);
    let sets = actions
        .filter(|action| action.chaincode_id.as_ref().is_some_and(|id| id.name == LIFECYCLE))
        .filter_map(|action| TxReadWriteSet::decode(action.results.as_slice()).ok())
        .flat_map(|results| results.ns_rwset)
        .filter(|set| set.namespace == LIFECYCLE);
    let writes = sets.filter_map(|set| KvRwSet::decode(set.rwset.as_slice()).ok());
    writes.flat_map(|writes| definitions_in(&writes, &named)).map(|(_, definition)| definition).collect()
}

/// Channel, configuration and definitions of a client state.
type State<'a> = (String, &'a [u8], BTreeMap<String, Definition>);

fn read_state(state: &[u8]) -> Result<State<'_>, DecodeError> {
    let mut items = Reader::versioned("client state", 1, state)?;
    items.text("family")?;
    let channel_id = items.text("channel")?.to_owned();
    let config = items.bytes("configuration")?;
    items.uint("trusting period")?;
    let mut list = items.list("definitions")?;
    let mut definitions = BTreeMap::new();
    while !list.is_empty() {
        let mut item = list.list("definition")?;
        let name = item.text("name")?.to_owned();
        let sequence = item.uint("sequence")?;
        let parameter = item.bytes("validation parameter")?.to_vec();
        definitions.insert(name, Definition { sequence, parameter });
    }
    Ok((channel_id, config, definitions))
}

/// An envelope's channel header and data.
fn open(envelope: &[u8]) -> Option<(ChannelHeader, Vec<u8>)> {
    let envelope = Envelope::decode(envelope).ok()?;
    let payload = Payload::decode(envelope.payload.as_slice()).ok()?;
    let header = ChannelHeader::decode(payload.header?.channel_header.as_slice()).ok()?;
    Some((header, payload.data))
}

/// A transaction's endorsed payload, who endorsed it, and what it did.
#[expect(clippy::type_complexity, reason = "three things that stand in one message")]
fn endorsed_action(
    data: &[u8],
) -> Option<(Vec<u8>, Vec<causeway_verifier::fabric::proto::Endorsement>, ChaincodeAction)> {
    let transaction = Transaction::decode(data).ok()?;
    let action = ChaincodeActionPayload::decode(transaction.actions.first()?.payload.as_slice()).ok()?;
    let endorsed = action.action?;
    let payload = endorsed.proposal_response_payload;
    let response = ProposalResponsePayload::decode(payload.as_slice()).ok()?;
    let action = ChaincodeAction::decode(response.extension.as_slice()).ok()?;
    Some((payload, endorsed.endorsements, action))
}

/// The definitions of chaincodes `named` that these writes change.
fn definitions_in(writes: &KvRwSet, named: &BTreeSet<String>) -> Vec<(String, Definition)> {
    let field = |name: &str, field: &str| {
        let key = format!("{FIELDS}{name}/{field}");
        let write = writes.writes.iter().find(|write| write.key == key)?;
        StateData::decode(write.value.as_slice()).ok()?.r#type
    };
    let definition = |name: &String| {
        let Some(StateDataType::Int64(sequence)) = field(name, "Sequence") else { return None };
        let Some(StateDataType::Bytes(validation)) = field(name, "ValidationInfo") else { return None };
        let validation = ChaincodeValidationInfo::decode(validation.as_slice()).ok()?;
        let sequence = u64::try_from(sequence).ok()?;
        Some((name.clone(), Definition { sequence, parameter: validation.validation_parameter }))
    };
    named.iter().filter_map(definition).collect()
}

/// What the peer that served the block made of a transaction: its `TxValidationCode`.
fn flag(block: &Block, place: u64) -> Option<u8> {
    let flags = block.metadata.as_ref()?.metadata.get(2)?;
    flags.get(usize::try_from(place).ok()?).copied()
}
