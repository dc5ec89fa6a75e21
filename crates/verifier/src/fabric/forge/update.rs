//! Updates of a channel's configuration.

use std::collections::BTreeMap;

use prost::Message;

use super::Signer;
use crate::fabric::proto::{
    ChannelHeader, Config, ConfigEnvelope, ConfigGroup, ConfigPolicy, ConfigSignature, ConfigUpdate,
    ConfigUpdateEnvelope, ConfigValue, Envelope, Header, HeaderType, Payload, SignatureHeader,
};

/// An update, and the configuration it makes. A test may change either before it is signed or put into a block.
#[derive(Debug, Clone)]
pub struct Update {
    /// What was read and what is written.
    pub update: ConfigUpdate,
    /// Who signed it.
    pub signatures: Vec<ConfigSignature>,
    /// The configuration after it.
    pub config: Config,
    /// The kind of its envelope.
    pub kind: HeaderType,
}

impl Update {
    pub(super) fn new(
        channel_id: &str,
        sequence: u64,
        read_set: ConfigGroup,
        write_set: ConfigGroup,
        group: ConfigGroup,
    ) -> Self {
        let update = ConfigUpdate {
            channel_id: channel_id.to_owned(),
            read_set: Some(read_set),
            write_set: Some(write_set),
            isolated_data: BTreeMap::new(),
        };
        let config = Config { sequence, channel_group: Some(group) };
        Self { update, signatures: Vec::new(), config, kind: HeaderType::ConfigUpdate }
    }

    /// Signs it as it is now.
    pub fn sign(mut self, signers: &[&Signer]) -> Self {
        let update = self.update.encode_to_vec();
        for signer in signers {
            let header = SignatureHeader { creator: signer.identity.clone(), nonce: vec![7; 24] };
            let signature_header = header.encode_to_vec();
            let signature = signer.sign(&[&signature_header, &update]);
            self.signatures.push(ConfigSignature { signature_header, signature });
        }
        self
    }

    /// The serialised `ConfigEnvelope` of its config block.
    pub fn envelope(&self) -> Vec<u8> {
        let channel_header = ChannelHeader {
            r#type: self.kind.into(),
            channel_id: self.update.channel_id.clone(),
            ..ChannelHeader::default()
        };
        let data = ConfigUpdateEnvelope {
            config_update: self.update.encode_to_vec(),
            signatures: self.signatures.clone(),
        };
        let header = Header { channel_header: channel_header.encode_to_vec(), signature_header: Vec::new() };
        let payload = Payload { header: Some(header), data: data.encode_to_vec() };
        let last_update = Envelope { payload: payload.encode_to_vec(), signature: Vec::new() };
        ConfigEnvelope { config: Some(self.config.clone()), last_update: Some(last_update) }.encode_to_vec()
    }
}

/// What has to be read and written to get from one tree to the other, and the other with the versions it then has
/// (`configtxlator compute_update`).
pub(super) fn difference(old: &ConfigGroup, new: &ConfigGroup) -> (ConfigGroup, ConfigGroup, ConfigGroup) {
    let values = members(
        &old.values,
        &new.values,
        |value| &mut value.version,
        |version| ConfigValue { version, ..ConfigValue::default() },
    );
    let policies = members(
        &old.policies,
        &new.policies,
        |policy| &mut policy.version,
        |version| ConfigPolicy { version, ..ConfigPolicy::default() },
    );
    let mut read = ConfigGroup { version: old.version, ..ConfigGroup::default() };
    let mut write = read.clone();
    let mut result = ConfigGroup { version: old.version, ..new.clone() };
    let mut same_groups = BTreeMap::new();
    for (key, group) in &new.groups {
        match old.groups.get(key) {
            None => {
                let group = fresh(group);
                write.groups.insert(key.clone(), group.clone());
                result.groups.insert(key.clone(), group);
            }
            Some(before) => {
                let (read_below, write_below, group) = difference(before, group);
                result.groups.insert(key.clone(), group);
                if read_below == write_below && result.groups[key] == *before {
                    same_groups.insert(key.clone(), read_below);
                } else {
                    read.groups.insert(key.clone(), read_below);
                    write.groups.insert(key.clone(), write_below);
                }
            }
        }
    }
    result.values = values.result;
    result.policies = policies.result;
    write.values = values.written;
    write.policies = policies.written;
    let regrouped = !old.groups.keys().eq(new.groups.keys());
    if values.renamed || policies.renamed || regrouped || old.mod_policy != new.mod_policy {
        write.version = old.version + 1;
        write.mod_policy.clone_from(&new.mod_policy);
        result.version = write.version;
        read.values.clone_from(&values.same);
        read.policies.clone_from(&policies.same);
        write.values.extend(values.same);
        write.policies.extend(policies.same);
        read.groups.extend(same_groups.clone());
        write.groups.extend(same_groups);
    }
    (read, write, result)
}

struct Members<T> {
    written: BTreeMap<String, T>,
    same: BTreeMap<String, T>,
    result: BTreeMap<String, T>,
    /// Some came or went.
    renamed: bool,
}

fn members<T: Clone + PartialEq>(
    old: &BTreeMap<String, T>,
    new: &BTreeMap<String, T>,
    version: fn(&mut T) -> &mut u64,
    bare: fn(u64) -> T,
) -> Members<T> {
    let mut members = Members {
        written: BTreeMap::new(),
        same: BTreeMap::new(),
        result: BTreeMap::new(),
        renamed: !old.keys().eq(new.keys()),
    };
    for (key, item) in new {
        let mut item = item.clone();
        match old.get(key) {
            None => *version(&mut item) = 0,
            Some(before) => {
                let in_force = *version(&mut before.clone());
                *version(&mut item) = in_force;
                if item == *before {
                    members.same.insert(key.clone(), bare(in_force));
                    members.result.insert(key.clone(), item);
                    continue;
                }
                *version(&mut item) = in_force + 1;
            }
        }
        members.written.insert(key.clone(), item.clone());
        members.result.insert(key.clone(), item);
    }
    members
}

/// A new group: everything in it at version 0.
fn fresh(group: &ConfigGroup) -> ConfigGroup {
    let mut group = group.clone();
    group.version = 0;
    group.values.values_mut().for_each(|value| value.version = 0);
    group.policies.values_mut().for_each(|policy| policy.version = 0);
    for below in group.groups.values_mut() {
        *below = fresh(below);
    }
    group
}
