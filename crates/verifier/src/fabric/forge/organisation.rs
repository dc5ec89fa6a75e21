//! An organisation: its authority, its nodes and users.

use prost::Message;

use super::authority::{Authority, Profile, Signer};
use super::channel::{implicit_meta, policy, role, signature_policy, signed_by, value};
use crate::fabric::proto::{
    ConfigGroup, FabricCryptoConfig, FabricMspConfig, FabricNodeOus, FabricOuIdentifier, MspConfig,
    MspRoleType,
};

/// An organisation whose roles are told apart by units, as `cryptogen` and Fabric's CA make them.
#[derive(Debug, Clone)]
pub struct Organisation {
    /// The name of its MSP.
    pub msp: String,
    /// Its root.
    pub root: Authority,
    /// A peer.
    pub peer: Signer,
    /// A user.
    pub client: Signer,
    /// An administrator.
    pub admin: Signer,
    /// An orderer.
    pub orderer: Signer,
    /// Its MSP, which a test may change before the channel is made.
    pub config: FabricMspConfig,
}

impl Organisation {
    /// An organisation with one of each.
    pub fn new(name: &str) -> Self {
        Self::with_root(name, Authority::root(&format!("ca.{name}")))
    }

    /// An organisation below this root.
    pub fn with_root(name: &str, root: Authority) -> Self {
        let msp = format!("{name}MSP");
        let issue = |role: &str| root.issue(&msp, &Profile::new(&format!("{role}0.{name}"), &[role]));
        let unit = |name: &str| {
            Some(FabricOuIdentifier {
                organizational_unit_identifier: name.to_owned(),
                ..FabricOuIdentifier::default()
            })
        };
        let config = FabricMspConfig {
            name: msp.clone(),
            root_certs: vec![root.certificate.clone()],
            crypto_config: Some(FabricCryptoConfig {
                signature_hash_family: "SHA2".to_owned(),
                identity_identifier_hash_function: "SHA256".to_owned(),
            }),
            fabric_node_ous: Some(FabricNodeOus {
                enable: true,
                client_ou_identifier: unit("client"),
                peer_ou_identifier: unit("peer"),
                admin_ou_identifier: unit("admin"),
                orderer_ou_identifier: unit("orderer"),
            }),
            ..FabricMspConfig::default()
        };
        Self {
            peer: issue("peer"),
            client: issue("client"),
            admin: issue("admin"),
            orderer: issue("orderer"),
            msp,
            root,
            config,
        }
    }

    /// Another of its peers.
    pub fn peer(&self, number: u32) -> Signer {
        self.issue(&Profile::new(&format!("peer{number}.{}", self.msp), &["peer"]))
    }

    /// Another of its orderers.
    pub fn orderer(&self, number: u32) -> Signer {
        self.issue(&Profile::new(&format!("orderer{number}.{}", self.msp), &["orderer"]))
    }

    /// Somebody of this organisation.
    pub fn issue(&self, profile: &Profile) -> Signer {
        self.root.issue(&self.msp, profile)
    }

    /// The message of its MSP.
    pub fn msp_config(&self) -> MspConfig {
        MspConfig { r#type: 0, config: self.config.encode_to_vec() }
    }

    /// Its group in a channel's configuration, with the policies of Fabric's samples.
    pub fn group(&self) -> ConfigGroup {
        let one_of = |roles: &[MspRoleType]| {
            let principals: Vec<_> = roles.iter().map(|kind| role(&self.msp, *kind)).collect();
            let rules = (0..).take(principals.len()).map(signed_by).collect();
            policy(&signature_policy(1, rules, principals))
        };
        let mut group = ConfigGroup { mod_policy: "Admins".to_owned(), ..ConfigGroup::default() };
        group.values.insert("MSP".to_owned(), value(&self.msp_config()));
        group.policies.insert("Readers".to_owned(), one_of(&[MspRoleType::Member]));
        group.policies.insert("Writers".to_owned(), one_of(&[MspRoleType::Member]));
        group.policies.insert("Admins".to_owned(), one_of(&[MspRoleType::Admin]));
        group.policies.insert("Endorsement".to_owned(), one_of(&[MspRoleType::Peer]));
        group
    }
}

/// The implicit meta policies that every section has.
pub(super) fn section_policies(group: &mut ConfigGroup) {
    use crate::fabric::proto::ImplicitMetaRule::{Any, Majority};
    for (name, rule) in [("Readers", Any), ("Writers", Any), ("Admins", Majority)] {
        group.policies.insert(name.to_owned(), implicit_meta(name, rule));
    }
}
