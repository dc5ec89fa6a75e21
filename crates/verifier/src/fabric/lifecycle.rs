//! Chaincode definitions: by which policy peers judge a chaincode's transactions.
//!
//! A definition stands in the namespace `_lifecycle`, one key a field, and only fields that changed are written
//! (`core/chaincode/lifecycle/serializer.go`). It is in force from the block after the one that commits it.

use prost::Message as _;

use super::config::Channel;
use super::evidence::Definition;
use super::fault::FabricFault;
use super::policy::Policy;
use super::proto::{ChaincodeValidationInfo, StateData, StateDataType};
use super::transaction::{LIFECYCLE, NamespaceWrites, Transaction};

/// Who may change definitions.
const LIFECYCLE_ENDORSEMENT: &str = "/Channel/Application/LifecycleEndorsement";
/// The validation plugin whose policies are known here.
const PLUGIN: &str = "vscc";

/// The key of a definition that every change writes.
pub(super) fn sequence_key(name: &str) -> String {
    format!("namespaces/fields/{name}/Sequence")
}

/// The policy of changes.
pub(super) fn policy_of_changes(channel: &Channel) -> Result<Policy, FabricFault> {
    let fault = |fault| FabricFault::Policy { what: LIFECYCLE_ENDORSEMENT.to_owned(), fault };
    channel.policy(LIFECYCLE_ENDORSEMENT).map_err(fault)
}

impl Definition {
    /// The policy that endorsements of the chaincode's transactions have to satisfy.
    pub(super) fn policy(&self, channel: &Channel) -> Result<Policy, FabricFault> {
        let fault = |fault| FabricFault::Policy { what: format!("chaincode {:?}", self.name), fault };
        channel.application_policy(&self.policy).map_err(fault)
    }
}

/// What a transaction writes about definitions, if it does.
pub(super) fn writes<'a, 'b>(transaction: &'b Transaction<'a>) -> Option<&'b NamespaceWrites<'a>> {
    transaction.writes.iter().find(|writes| writes.namespace == LIFECYCLE)
}

/// Whether these writes change the definition of `name`.
pub(super) fn changes(writes: &NamespaceWrites<'_>, name: &str) -> bool {
    let key = sequence_key(name);
    writes.writes.iter().any(|write| write.key == key)
}

/// The definition of `name` after these writes.
pub(super) fn apply(
    before: Option<&Definition>,
    name: &str,
    writes: &NamespaceWrites<'_>,
) -> Result<Definition, FabricFault> {
    let fault = |why| FabricFault::Definition { name: name.to_owned(), why };
    let field = |field: &str| {
        let key = format!("namespaces/fields/{name}/{field}");
        let write = writes.writes.iter().rev().find(|write| write.key == key);
        write.map(|write| match StateData::decode(write.value) {
            Ok(StateData { r#type: Some(data) }) if !write.deleted => Ok(data),
            _ => Err(fault("a field that no peer writes")),
        })
    };
    let sequence = match field("Sequence").transpose()? {
        Some(StateDataType::Int64(sequence)) => u64::try_from(sequence).ok(),
        _ => None,
    };
    let sequence = sequence.filter(|sequence| *sequence > 0).ok_or(fault("no sequence"))?;
    let policy = match field("ValidationInfo").transpose()? {
        Some(StateDataType::Bytes(bytes)) => {
            let info = ChaincodeValidationInfo::decode(&bytes[..])
                .map_err(|_| fault("validation parameters that no peer writes"))?;
            if info.validation_plugin != PLUGIN {
                return Err(fault("another validation plugin than vscc: its verdicts are not known here"));
            }
            info.validation_parameter
        }
        Some(_) => return Err(fault("validation parameters that no peer writes")),
        None => before.ok_or(fault("no validation parameters"))?.policy.clone(),
    };
    Ok(Definition { name: name.to_owned(), sequence, policy })
}
