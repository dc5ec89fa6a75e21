//! A channel's configuration, parsed and ready to judge.

mod capabilities;
mod fault;
mod tree;

use std::collections::BTreeMap;

use prost::Message;

use super::msp::{Msp, MspVersion};
use super::policy::Signers;
use super::proto::{
    ApplicationPolicy, ApplicationPolicyType, BlockDataHashingStructure, Config, ConfigEnvelope, ConfigGroup,
    ConfigPolicy, ConfigValue, Consenter, Envelope, HashingAlgorithm, MspConfig, Orderers, PolicyType,
    SerializedIdentity,
};
use super::update::{self, UpdateFault};
use super::{Policy, PolicyFault, Signed};

pub use fault::ConfigFault;
pub(super) use tree::{Tree, is_legal_key};

/// The name of the root group, and the first step of every absolute path.
pub(super) const ROOT: &str = "Channel";
const APPLICATION: &str = "Application";
const ORDERER: &str = "Orderer";

/// Organisations of a channel, orderers' included.
const MAX_ORGANISATIONS: usize = 256;

/// A channel's configuration: organisations, their MSPs, and policies at every level.
#[derive(Debug)]
pub struct Channel {
    pub(super) sequence: u64,
    pub(super) group: ConfigGroup,
    pub(super) policies: Tree,
    signers: Signers,
    /// The name of each organisation's MSP, by the path of its group.
    pub(super) organisations: BTreeMap<String, String>,
    consenters: Vec<Consenter>,
}

impl Channel {
    /// Reads a serialised `common.Config`, and refuses it where peers would (`channelconfig.NewBundle`).
    pub fn read(config: &[u8]) -> Result<Self, ConfigFault> {
        let config: Config = decode("common.Config", config)?;
        let group = config.channel_group.ok_or(ConfigFault::Missing("channel group"))?;
        check_keys(ROOT, &group, 0)?;
        check_hashes(&group)?;
        let version = capabilities::check(&group)?;
        if let Some(name) = group.groups.keys().find(|name| ![APPLICATION, ORDERER].contains(&name.as_str()))
        {
            return Err(ConfigFault::Group(name.clone()));
        }
        let (organisations, msps) = read_organisations(&group, version)?;
        let signers = Signers::new(msps);
        let consenters = read_consenters(&group)?;
        let consenters = if version >= MspVersion::V3_0 { consenters } else { Vec::new() };
        let policies = Tree::read(ROOT, &group)?;
        Ok(Self { sequence: config.sequence, group, policies, signers, organisations, consenters })
    }

    /// The policy at an absolute path, such as `/Channel/Orderer/BlockValidation`.
    pub fn policy(&self, path: &str) -> Result<Policy, PolicyFault> {
        self.policies.find(path).cloned().ok_or_else(|| PolicyFault::Unknown(path.to_owned()))
    }

    /// A chaincode's endorsement policy: a serialised `protos.ApplicationPolicy`.
    pub fn application_policy(&self, bytes: &[u8]) -> Result<Policy, PolicyFault> {
        let policy = ApplicationPolicy::decode(bytes)
            .map_err(|error| PolicyFault::Protobuf { what: "ApplicationPolicy", cause: error.to_string() })?;
        match policy.r#type.ok_or(PolicyFault::EmptyRule)? {
            ApplicationPolicyType::SignaturePolicy(envelope) => {
                Policy::from_envelope("a signature policy".to_owned(), &envelope)
            }
            ApplicationPolicyType::ChannelConfigPolicyReference(path) => self.policy(&path),
        }
    }

    /// The serialised identity of a consenter, whom a block's signature may name by number. None below channel capability
    /// V3_0: signatures then name their signers themselves (`protoutil.BlockSignatureVerifier`).
    pub fn consenter(&self, identifier: u32) -> Option<Vec<u8>> {
        let consenter = self.consenters.iter().find(|consenter| consenter.id == identifier)?;
        let identity =
            SerializedIdentity { mspid: consenter.msp_id.clone(), id_bytes: consenter.identity.clone() };
        Some(identity.encode_to_vec())
    }

    /// Whether a policy is satisfied as peers judge: signatures that count for nothing are skipped, identities count once.
    ///
    /// An error where a signer's key counts for peers and cannot be checked here (Ed25519, P-521): nobody may then conclude
    /// that the policy is *not* satisfied.
    pub fn satisfied(&self, policy: &Policy, signed: &[Signed<'_>]) -> Result<bool, PolicyFault> {
        self.signers.satisfied(policy, signed)
    }

    /// Every signature valid and in its one form, every identity distinct and a valid one of this channel, and the policy
    /// satisfied.
    pub fn require(&self, policy: &Policy, signed: &[Signed<'_>]) -> Result<(), PolicyFault> {
        self.signers.require(policy, signed)
    }

    /// The configuration after a config block: the serialised `common.Config` of its serialised `common.ConfigEnvelope`.
    ///
    /// It is the next one, the policies of this one allow the update it names, and the update makes this one into it.
    pub fn update(&self, channel_id: &str, config_envelope: &[u8]) -> Result<Vec<u8>, UpdateFault> {
        update::next(self, channel_id, config_envelope)
    }

    /// SHA-256 of each root CA certificate (DER) of orderer and application organisations, ascending.
    pub fn roots(&self) -> Vec<[u8; 32]> {
        let mut hashes: Vec<[u8; 32]> =
            self.signers.msps.values().flat_map(Msp::fingerprints).copied().collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }
}

/// The bytes of the `common.Config` in a serialised `common.ConfigEnvelope`, as they stand there.
pub fn config_of(config_envelope: &[u8]) -> Result<Vec<u8>, ConfigFault> {
    read_envelope(config_envelope).map(|(bytes, _, _)| bytes)
}

/// A configuration as it stands in its envelope, read, and the update that made it.
pub(super) fn read_envelope(bytes: &[u8]) -> Result<(Vec<u8>, Config, Option<Envelope>), ConfigFault> {
    #[derive(Clone, PartialEq, prost::Message)]
    struct Raw {
        #[prost(bytes = "vec", optional, tag = "1")]
        config: Option<Vec<u8>>,
    }
    let raw: Raw = decode("common.ConfigEnvelope", bytes)?;
    let bytes_of_config = raw.config.ok_or(ConfigFault::Missing("configuration"))?;
    // Where the field stands twice, Fabric merges both, and the last one's bytes say less.
    let envelope: ConfigEnvelope = decode("common.ConfigEnvelope", bytes)?;
    let config: Config = decode("common.Config", &bytes_of_config)?;
    if envelope.config.as_ref() != Some(&config) {
        return Err(ConfigFault::Twice);
    }
    Ok((bytes_of_config, config, envelope.last_update))
}

pub(super) fn decode<M: Message + Default>(what: &'static str, bytes: &[u8]) -> Result<M, ConfigFault> {
    M::decode(bytes).map_err(|error| ConfigFault::Protobuf { what, cause: error.to_string() })
}

fn value<M: Message + Default>(group: &ConfigGroup, key: &'static str) -> Result<Option<M>, ConfigFault> {
    group.values.get(key).map(|ConfigValue { value, .. }| decode(key, value)).transpose()
}

fn check_keys(path: &str, group: &ConfigGroup, depth: usize) -> Result<(), ConfigFault> {
    let ConfigGroup { groups, values, policies, .. } = group;
    let keys = groups.keys().chain(values.keys()).chain(policies.keys());
    if let Some(key) = keys.into_iter().find(|key| !is_legal_key(key)) {
        return Err(ConfigFault::Key { path: path.to_owned(), key: key.clone() });
    }
    // Channel, Application or Orderer, organisation; and an organisation has no groups.
    if depth >= 2
        && let Some(key) = groups.keys().next()
    {
        return Err(ConfigFault::Group(format!("{path}/{key}")));
    }
    groups.iter().try_for_each(|(key, group)| check_keys(&format!("{path}/{key}"), group, depth + 1))
}

fn check_hashes(group: &ConfigGroup) -> Result<(), ConfigFault> {
    let algorithm: HashingAlgorithm = value(group, "HashingAlgorithm")?.unwrap_or_default();
    if algorithm.name != "SHA256" {
        return Err(ConfigFault::HashFunction(algorithm.name));
    }
    let structure: BlockDataHashingStructure = value(group, "BlockDataHashingStructure")?.unwrap_or_default();
    if structure.width != u32::MAX {
        return Err(ConfigFault::DataHash(structure.width));
    }
    Ok(())
}

/// The name of each organisation's MSP, and the MSPs by their names.
type Organisations = (BTreeMap<String, String>, BTreeMap<String, Msp>);

fn read_organisations(group: &ConfigGroup, version: MspVersion) -> Result<Organisations, ConfigFault> {
    let mut organisations = BTreeMap::new();
    let mut read: BTreeMap<String, MspConfig> = BTreeMap::new();
    let mut msps = BTreeMap::new();
    let sections = [APPLICATION, ORDERER].map(|section| (section, group.groups.get(section)));
    let groups = sections.iter().flat_map(|(section, group)| {
        group.iter().flat_map(|group| &group.groups).map(|(name, group)| (*section, name, group))
    });
    let count = groups.clone().count();
    if count > MAX_ORGANISATIONS {
        return Err(ConfigFault::Organisations(count));
    }
    for (section, organisation, group) in groups {
        let config: MspConfig = value(group, "MSP")?.ok_or(ConfigFault::Missing("MSP of an organisation"))?;
        let fault = |fault| ConfigFault::Msp { organisation: organisation.clone(), fault };
        let msp = Msp::read(&config, version).map_err(fault)?;
        organisations.insert(format!("{section}/{organisation}"), msp.name().to_owned());
        match read.get(msp.name()) {
            Some(other) if *other != config => return Err(ConfigFault::TwoMsps(msp.name().to_owned())),
            Some(_) => {}
            None => {
                read.insert(msp.name().to_owned(), config);
                msps.insert(msp.name().to_owned(), msp);
            }
        }
    }
    Ok((organisations, msps))
}

fn read_consenters(group: &ConfigGroup) -> Result<Vec<Consenter>, ConfigFault> {
    let orderer = group.groups.get(ORDERER).ok_or(ConfigFault::Missing("group Orderer"))?;
    let orderers: Orderers = value(orderer, "Orderers")?.unwrap_or_default();
    Ok(orderers.consenter_mapping)
}

/// The policy that a message of the configuration holds.
fn read_policy<'a>(
    path: String,
    policy: &ConfigPolicy,
    groups: usize,
    below: impl Fn(&str) -> Vec<Option<&'a Policy>>,
) -> Result<Policy, ConfigFault> {
    let fault = |path: &str, fault| ConfigFault::Policy { path: path.to_owned(), fault };
    let Some(policy) = &policy.policy else { return Err(fault(&path, PolicyFault::EmptyRule)) };
    let read = match PolicyType::try_from(policy.r#type) {
        Ok(PolicyType::Signature) => Policy::signature(path.clone(), &policy.value),
        Ok(PolicyType::ImplicitMeta) => Policy::implicit_meta(path.clone(), &policy.value, groups, below),
        _ => Err(PolicyFault::Type(policy.r#type)),
    };
    read.map_err(|cause| fault(&path, cause))
}
