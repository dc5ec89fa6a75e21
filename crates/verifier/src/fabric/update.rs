//! Configuration updates: what one configuration allows the next to be (Fabric's `common/configtx`).
//!
//! An update says what it read (`read_set`) and what it writes (`write_set`). Whatever stands in the write set at another
//! version than in the read set is changed; each change of an element that exists has to satisfy that element's own
//! `mod_policy`, by signatures over the update. An orderer can order a config block. It cannot write one.

mod elements;
mod result;

use std::collections::BTreeMap;

use super::config::{ConfigFault, decode, read_envelope};
use super::proto::{ConfigUpdate, Envelope};
use super::wire::{Message, WireFault};
use super::{Channel, Policy, PolicyFault, Signed};
use elements::{Element, Elements, Place};

/// `HeaderType.CONFIG_UPDATE`.
const CONFIG_UPDATE: u64 = 2;

/// A config block whose configuration does not follow from the one before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpdateFault {
    /// The new configuration, or a message around it.
    #[error(transparent)]
    Config(#[from] ConfigFault),
    /// Not the next configuration.
    #[error("configuration {found}, expected {expected}")]
    Sequence {
        /// One more than that in force.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// The update's envelope is of another kind.
    #[error("an update of type {0}, expected 2 (CONFIG_UPDATE)")]
    Type(u64),
    /// An update of another channel.
    #[error("an update of channel {found:?}, expected {expected:?}")]
    Channel {
        /// This channel.
        expected: String,
        /// What came.
        found: String,
    },
    /// The update read what is not there, or at another version.
    #[error("the update read {place} at version {found}, in force is {expected:?}")]
    Read {
        /// The element.
        place: String,
        /// The version in force; `None` if it does not exist.
        expected: Option<u64>,
        /// The version it read.
        found: u64,
    },
    /// The update changes nothing.
    #[error("the update changes nothing")]
    Empty,
    /// An element is written at a version that does not follow.
    #[error("the update writes {place} at version {found}, expected {expected}")]
    Version {
        /// The element.
        place: String,
        /// The version that follows: 0 if it does not exist.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// An element without a policy for its changes, or a malformed one.
    #[error("mod_policy {policy:?} of {place}")]
    ModPolicy {
        /// The element.
        place: String,
        /// What stands there.
        policy: String,
    },
    /// A change that the signatures do not allow.
    #[error("{place} may not be changed: {policy} is not satisfied")]
    Unauthorised {
        /// The element.
        place: String,
        /// Its policy.
        policy: String,
    },
    /// A signer of the update who cannot be judged.
    #[error("{place}: {fault}")]
    Policy {
        /// The element.
        place: String,
        /// What cannot be judged.
        fault: PolicyFault,
    },
    /// An organisation takes another name for its MSP, which policies may know as somebody else's.
    #[error("organisation {organisation} changes its MSP from {from} to {to}")]
    Renamed {
        /// The organisation's group.
        organisation: String,
        /// The MSP's name in force.
        from: String,
        /// The new name.
        to: String,
    },
    /// The update makes another configuration than the block's.
    #[error("the update does not make the block's configuration out of the one before")]
    Result,
}

impl UpdateFault {
    /// A stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config(fault) => fault.code(),
            Self::Sequence { .. } => "config-sequence",
            Self::Type(_) => "config-malformed",
            Self::Channel { .. } => "config-channel",
            Self::Read { .. } | Self::Version { .. } => "config-version",
            Self::Empty | Self::Result => "config-result",
            Self::ModPolicy { .. } | Self::Unauthorised { .. } => "config-unauthorised",
            Self::Policy { fault, .. } => fault.code(),
            Self::Renamed { .. } => "config-renamed",
        }
    }
}

/// The configuration that follows (`ValidatorImpl.Validate`).
pub(super) fn next(
    channel: &Channel,
    channel_id: &str,
    config_envelope: &[u8],
) -> Result<Vec<u8>, UpdateFault> {
    let (bytes, config, last_update) = read_envelope(config_envelope)?;
    let expected = channel.sequence.wrapping_add(1);
    if config.sequence != expected {
        return Err(UpdateFault::Sequence { expected, found: config.sequence });
    }
    let last_update = last_update.ok_or(ConfigFault::Missing("update"))?;
    let signed = read_update(&last_update)?;
    let update: ConfigUpdate = decode("common.ConfigUpdate", signed.config_update)?;
    if update.channel_id != channel_id {
        return Err(UpdateFault::Channel { expected: channel_id.to_owned(), found: update.channel_id });
    }

    let in_force = Elements::read(Some(&channel.group))?;
    let read = Elements::read(update.read_set.as_ref())?;
    check_read_set(&in_force, &read)?;
    let written = Elements::read(update.write_set.as_ref())?;
    let changed = changed(&read, &written);
    check_changes(channel, &in_force, &changed, &signed.signatures)?;
    let result = result::overlay(&in_force, &changed).ok_or(UpdateFault::Result)?;
    if config.channel_group.as_ref() != Some(&result) {
        return Err(UpdateFault::Result);
    }
    check_names(channel, &Channel::read(&bytes)?)?;
    Ok(bytes)
}

/// An organisation keeps the name of its MSP (`Bundle.ValidateNew`).
fn check_names(before: &Channel, after: &Channel) -> Result<(), UpdateFault> {
    for (organisation, from) in &before.organisations {
        if let Some(to) = after.organisations.get(organisation).filter(|to| *to != from) {
            let (organisation, from, to) = (organisation.clone(), from.clone(), to.clone());
            return Err(UpdateFault::Renamed { organisation, from, to });
        }
    }
    Ok(())
}

/// An update as it was signed. Whoever submits it writes everything around it, and so it is read as Go reads it.
struct SignedUpdate<'a> {
    config_update: &'a [u8],
    signatures: Vec<Signed<'a>>,
}

fn read_update(envelope: &Envelope) -> Result<SignedUpdate<'_>, UpdateFault> {
    let payload = read("common.Payload", &envelope.payload)?;
    let header = payload.message(1).map_err(malformed("common.Header"))?;
    let header = header.ok_or(ConfigFault::Missing("header of the update"))?;
    let header = read("common.ChannelHeader", header.bytes(1))?;
    [4, 5]
        .iter()
        .try_for_each(|text| header.string(*text).map(drop))
        .map_err(malformed("common.ChannelHeader"))?;
    if header.uint32(1) != CONFIG_UPDATE {
        return Err(UpdateFault::Type(header.uint32(1)));
    }
    let envelope = read("common.ConfigUpdateEnvelope", payload.bytes(2))?;
    let config_update = envelope.bytes(1);
    let mut signatures = Vec::new();
    for signature in envelope.repeated(2) {
        let signature = read("common.ConfigSignature", signature)?;
        let header = read("common.SignatureHeader", signature.bytes(1))?;
        signatures.push(Signed {
            identity: header.bytes(1),
            message: vec![signature.bytes(1), config_update],
            signature: signature.bytes(2),
        });
    }
    Ok(SignedUpdate { config_update, signatures })
}

fn read<'a>(what: &'static str, bytes: &'a [u8]) -> Result<Message<'a>, ConfigFault> {
    Message::read(bytes).map_err(malformed(what))
}

fn malformed(what: &'static str) -> impl Fn(WireFault) -> ConfigFault {
    move |fault| ConfigFault::Protobuf { what, cause: fault.to_string() }
}

/// What was read is in force (`verifyReadSet`).
fn check_read_set(in_force: &Elements<'_>, read: &Elements<'_>) -> Result<(), UpdateFault> {
    for (place, element) in read.iter() {
        let (expected, found) = (in_force.get(place).map(Element::version), element.version());
        if expected != Some(found) {
            return Err(UpdateFault::Read { place: place.to_string(), expected, found });
        }
    }
    Ok(())
}

/// What is written at another version than it was read (`computeDeltaSet`).
fn changed<'a>(read: &Elements<'a>, written: &Elements<'a>) -> BTreeMap<Place, Element<'a>> {
    let same = |place: &Place, element: &Element<'_>| {
        read.get(place).is_some_and(|read| read.version() == element.version())
    };
    written
        .iter()
        .filter(|(place, element)| !same(place, element))
        .map(|(place, element)| (place.clone(), *element))
        .collect()
}

/// Every change follows the version in force, and is allowed by the policy in force for it (`verifyDeltaSet`). A new element
/// needs no policy of its own: the group it stands in lists it, and changes.
fn check_changes(
    channel: &Channel,
    in_force: &Elements<'_>,
    changed: &BTreeMap<Place, Element<'_>>,
    signed: &[Signed<'_>],
) -> Result<(), UpdateFault> {
    if changed.is_empty() {
        return Err(UpdateFault::Empty);
    }
    // Most changes of an update fall under one policy.
    let mut judged: BTreeMap<&str, bool> = BTreeMap::new();
    for (place, element) in changed {
        if !is_mod_policy(element.mod_policy()) {
            let policy = element.mod_policy().to_owned();
            return Err(UpdateFault::ModPolicy { place: place.to_string(), policy });
        }
        let existing = in_force.get(place);
        let expected = existing.map_or(0, |existing| existing.version().wrapping_add(1));
        if element.version() != expected {
            return Err(UpdateFault::Version {
                place: place.to_string(),
                expected,
                found: element.version(),
            });
        }
        let Some(existing) = existing else { continue };
        let policy = policy_for(channel, place, existing).ok_or_else(|| UpdateFault::ModPolicy {
            place: place.to_string(),
            policy: existing.mod_policy().to_owned(),
        })?;
        let satisfied = match judged.get(policy.name()) {
            Some(satisfied) => *satisfied,
            None => channel
                .satisfied(policy, signed)
                .map_err(|fault| UpdateFault::Policy { place: place.to_string(), fault })?,
        };
        judged.insert(policy.name(), satisfied);
        if !satisfied {
            return Err(UpdateFault::Unauthorised {
                place: place.to_string(),
                policy: policy.name().to_owned(),
            });
        }
    }
    Ok(())
}

/// The policy for changes of an element that exists: from its own group, or by its absolute path (`policyForItem`).
fn policy_for<'a>(channel: &'a Channel, place: &Place, existing: &Element<'_>) -> Option<&'a Policy> {
    let mod_policy = existing.mod_policy();
    if mod_policy.starts_with('/') {
        return channel.policies.find(mod_policy);
    }
    channel.policies.find_group(place.group())?.find(mod_policy)
}

/// Whether it is a path of names (`validateModPolicy`).
fn is_mod_policy(path: &str) -> bool {
    path.strip_prefix('/').unwrap_or(path).split('/').all(super::config::is_legal_key)
}
