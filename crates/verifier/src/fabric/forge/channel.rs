//! A channel's configuration.

use prost::Message;

use super::organisation::{Organisation, section_policies};
use super::update::{Update, difference};
use crate::fabric::proto::{
    BatchSize, BatchTimeout, BlockDataHashingStructure, Capabilities, Capability, Classification, Config,
    ConfigEnvelope, ConfigGroup, ConfigPolicy, ConfigValue, ConsensusType, Consenter, HashingAlgorithm,
    ImplicitMetaPolicy, ImplicitMetaRule, MspPrincipal, MspRole, MspRoleType, NOutOf, OrdererAddresses,
    Orderers, Policy, PolicyType, SerializedIdentity, SignaturePolicy, SignaturePolicyEnvelope,
    SignaturePolicyType,
};

/// A channel of application organisations and one organisation of orderers.
#[derive(Debug, Clone)]
pub struct Network {
    /// The channel's name.
    pub channel_id: String,
    /// Application organisations: `Org1`, `Org2`, …
    pub organisations: Vec<Organisation>,
    /// The orderers' organisation.
    pub orderers: Organisation,
    /// The configuration in force.
    pub config: Config,
}

impl Network {
    /// A channel whose blocks one orderer signs (raft), as Fabric's samples make it.
    pub fn new(organisations: usize) -> Self {
        let organisations =
            (1..=organisations).map(|number| Organisation::new(&format!("Org{number}"))).collect();
        Self::of(organisations, Organisation::new("Orderer"))
    }

    /// A channel of these.
    pub fn of(organisations: Vec<Organisation>, orderers: Organisation) -> Self {
        let group = channel_group(&organisations, &orderers);
        let config = Config { sequence: 0, channel_group: Some(group) };
        Self { channel_id: "channel".to_owned(), organisations, orderers, config }
    }

    /// A channel whose blocks a quorum of so many consenters signs (BFT, capability V3_0), and the consenters in order of
    /// their numbers, from 1.
    pub fn bft(organisations: usize, consenters: u32) -> (Self, Vec<super::Signer>) {
        let mut network = Self::new(organisations);
        let signers: Vec<_> = (1..=consenters).map(|number| network.orderers.orderer(number)).collect();
        let identity = |signer: &super::Signer| SerializedIdentity::decode(&signer.identity[..]).unwrap();
        let consenter_mapping = (1..).zip(&signers).map(|(id, signer)| {
            let SerializedIdentity { mspid, id_bytes } = identity(signer);
            Consenter { id, msp_id: mspid, identity: id_bytes, ..Consenter::default() }
        });
        let orderers = Orderers { consenter_mapping: consenter_mapping.collect() };
        let principals = signers.iter().map(|signer| principal(Classification::Identity, &signer.identity));
        // n = 3f + 1 and more: a quorum is ceil((n + f + 1) / 2).
        let faulty = consenters.saturating_sub(1) / 3;
        let quorum = (consenters + faulty + 1).div_ceil(2);
        let rules = (0..).take(signers.len()).map(signed_by).collect();
        let quorum = signature_policy(i32::try_from(quorum).unwrap(), rules, principals.collect());
        let group = network.config.channel_group.as_mut().unwrap();
        group.values.insert("Capabilities".to_owned(), capabilities("V3_0"));
        let section = group_of(group, "/Orderer");
        section.values.insert("ConsensusType".to_owned(), consensus("BFT"));
        section.values.insert("Orderers".to_owned(), value(&orderers));
        section.policies.insert("BlockValidation".to_owned(), policy(&quorum));
        (network, signers)
    }

    /// The configuration, serialised.
    pub fn config_bytes(&self) -> Vec<u8> {
        self.config.encode_to_vec()
    }

    /// The configuration in an envelope without an update, as a genesis block has it.
    pub fn genesis(&self) -> Vec<u8> {
        ConfigEnvelope { config: Some(self.config.clone()), last_update: None }.encode_to_vec()
    }

    /// The update that makes this change, not signed yet.
    pub fn propose(&self, change: impl FnOnce(&mut ConfigGroup)) -> Update {
        let old = self.config.channel_group.as_ref().unwrap();
        let mut new = old.clone();
        change(&mut new);
        let (read_set, write_set, group) = difference(old, &new);
        Update::new(&self.channel_id, self.config.sequence + 1, read_set, write_set, group)
    }

    /// Takes an update's configuration as that in force.
    pub fn accept(&mut self, update: &Update) {
        self.config = update.config.clone();
    }

    /// The administrators of all application organisations.
    pub fn admins(&self) -> Vec<&super::Signer> {
        self.organisations.iter().map(|organisation| &organisation.admin).collect()
    }
}

fn channel_group(organisations: &[Organisation], orderers: &Organisation) -> ConfigGroup {
    let mut application = section("V2_0");
    for (number, organisation) in (1..).zip(organisations) {
        application.groups.insert(format!("Org{number}"), organisation.group());
    }
    for name in ["Endorsement", "LifecycleEndorsement"] {
        let policy = implicit_meta("Endorsement", ImplicitMetaRule::Majority);
        application.policies.insert(name.to_owned(), policy);
    }
    let mut orderer = section("V2_0");
    orderer.groups.insert("Orderer".to_owned(), orderers.group());
    let addresses = OrdererAddresses { addresses: vec!["orderer.example:7050".to_owned()] };
    group_of(&mut orderer, "/Orderer").values.insert("Endpoints".to_owned(), value(&addresses));
    orderer.values.insert("ConsensusType".to_owned(), consensus("etcdraft"));
    let size = BatchSize { max_message_count: 10, absolute_max_bytes: 1 << 20, preferred_max_bytes: 1 << 19 };
    orderer.values.insert("BatchSize".to_owned(), value(&size));
    orderer.values.insert("BatchTimeout".to_owned(), value(&BatchTimeout { timeout: "2s".to_owned() }));
    let any_writer = implicit_meta("Writers", ImplicitMetaRule::Any);
    orderer.policies.insert("BlockValidation".to_owned(), any_writer);

    let mut channel = section("V2_0");
    let hash = HashingAlgorithm { name: "SHA256".to_owned() };
    channel.values.insert("HashingAlgorithm".to_owned(), value(&hash));
    let structure = BlockDataHashingStructure { width: u32::MAX };
    channel.values.insert("BlockDataHashingStructure".to_owned(), value(&structure));
    channel.groups.insert("Application".to_owned(), application);
    channel.groups.insert("Orderer".to_owned(), orderer);
    channel
}

fn section(capability: &str) -> ConfigGroup {
    let mut group = ConfigGroup { mod_policy: "Admins".to_owned(), ..ConfigGroup::default() };
    section_policies(&mut group);
    group.values.insert("Capabilities".to_owned(), capabilities(capability));
    group
}

fn capabilities(name: &str) -> ConfigValue {
    value(&Capabilities { capabilities: [(name.to_owned(), Capability {})].into() })
}

fn consensus(kind: &str) -> ConfigValue {
    value(&ConsensusType { r#type: kind.to_owned(), ..ConsensusType::default() })
}

/// The group at a path below the channel's, such as `/Application/Org1`.
pub fn group_of<'a>(channel: &'a mut ConfigGroup, path: &str) -> &'a mut ConfigGroup {
    let steps = path.split('/').filter(|step| !step.is_empty());
    steps.fold(channel, |group, step| group.groups.get_mut(step).unwrap())
}

/// A value that administrators may change.
pub fn value(message: &impl Message) -> ConfigValue {
    ConfigValue { version: 0, value: message.encode_to_vec(), mod_policy: "Admins".to_owned() }
}

/// A signature policy that administrators may change.
pub fn policy(envelope: &SignaturePolicyEnvelope) -> ConfigPolicy {
    config_policy(PolicyType::Signature, envelope.encode_to_vec())
}

/// An implicit meta policy that administrators may change.
pub fn implicit_meta(sub_policy: &str, rule: ImplicitMetaRule) -> ConfigPolicy {
    let policy = ImplicitMetaPolicy { sub_policy: sub_policy.to_owned(), rule: rule.into() };
    config_policy(PolicyType::ImplicitMeta, policy.encode_to_vec())
}

fn config_policy(kind: PolicyType, value: Vec<u8>) -> ConfigPolicy {
    let policy = Some(Policy { r#type: kind.into(), value });
    ConfigPolicy { version: 0, policy, mod_policy: "Admins".to_owned() }
}

/// n of these rules over these principals.
pub fn signature_policy(
    n: i32,
    rules: Vec<SignaturePolicy>,
    identities: Vec<MspPrincipal>,
) -> SignaturePolicyEnvelope {
    let rule = SignaturePolicy { r#type: Some(SignaturePolicyType::NOutOf(NOutOf { n, rules })) };
    SignaturePolicyEnvelope { version: 0, rule: Some(rule), identities }
}

/// A rule that the principal at this place signs.
pub fn signed_by(place: i32) -> SignaturePolicy {
    SignaturePolicy { r#type: Some(SignaturePolicyType::SignedBy(place)) }
}

/// Whoever has this role in this MSP.
pub fn role(msp: &str, role: MspRoleType) -> MspPrincipal {
    let role = MspRole { msp_identifier: msp.to_owned(), role: role.into() };
    principal(Classification::Role, &role.encode_to_vec())
}

/// A principal of this kind.
pub fn principal(kind: Classification, bytes: &[u8]) -> MspPrincipal {
    MspPrincipal { principal_classification: kind.into(), principal: bytes.to_vec() }
}
