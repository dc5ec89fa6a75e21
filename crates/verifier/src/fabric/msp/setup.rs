//! An MSP out of its configuration (`mspimplsetup.go`, `preSetupV142` and `postSetupV142`).

use std::collections::BTreeMap;

use prost::Message;

use super::chain::ChainFault;
use super::crl::{Revocation, RevocationList};
use super::identity::certifiers;
use super::{MAX_AUTHORITIES, Msp, MspFault, MspVersion, NodeOu, NodeOus};
use crate::fabric::certificate::{Certificate, Key};
use crate::fabric::proto::{FabricMspConfig, FabricOuIdentifier, MspConfig};
use crate::fabric::signature::{Curve, sha256};

const ROOT: &str = "root certificate";
const INTERMEDIATE: &str = "intermediate certificate";
const ADMIN: &str = "administrator's certificate";
const UNIT: &str = "organisational unit's certificate";

impl Msp {
    /// Reads an MSP, and refuses it where peers would. TLS certificates are not looked at: nothing is signed with them.
    pub(in super::super) fn read(config: &MspConfig, version: MspVersion) -> Result<Self, MspFault> {
        if config.r#type != 0 {
            return Err(MspFault::Type(config.r#type));
        }
        let config = FabricMspConfig::decode(&config.config[..])
            .map_err(|error| MspFault::Protobuf(error.to_string()))?;
        if config.name.is_empty() {
            return Err(MspFault::NoName);
        }
        check_hashes(&config)?;
        let mut msp = Self {
            name: config.name.clone(),
            version,
            roots: Vec::new(),
            fingerprints: Vec::new(),
            intermediates: Vec::new(),
            inner: Vec::new(),
            revoked: Vec::new(),
            units: BTreeMap::new(),
            node_ous: None,
            admins: Vec::new(),
        };
        msp.add_authorities(&config)?;
        for list in &config.revocation_list {
            let list = RevocationList::read(list)
                .map_err(|fault| MspFault::Certificate { what: "revocation list", fault })?;
            msp.revoked.push(list);
        }
        msp.check_authorities()?;
        for unit in &config.organizational_unit_identifiers {
            let path = msp.path_of(&unit.certificate)?;
            let paths = msp.units.entry(unit.organizational_unit_identifier.clone()).or_default();
            paths.push(path);
        }
        msp.node_ous = msp.read_node_ous(&config)?;
        msp.add_admins(&config)?;
        Ok(msp)
    }

    fn add_authorities(&mut self, config: &FabricMspConfig) -> Result<(), MspFault> {
        let count = config.root_certs.len() + config.intermediate_certs.len();
        if config.root_certs.is_empty() {
            return Err(MspFault::NoRoot);
        }
        if count > MAX_AUTHORITIES {
            return Err(MspFault::TooMany(count));
        }
        for pem in &config.root_certs {
            let root = read_authority(ROOT, pem)?;
            if !root.issued(&root) {
                return Err(MspFault::Refused { what: ROOT, reason: "it did not sign itself" });
            }
            self.fingerprints.push(sha256(&[&root.der]));
            push_once(&mut self.roots, root);
        }
        for pem in &config.intermediate_certs {
            push_once(&mut self.intermediates, read_authority(INTERMEDIATE, pem)?);
        }
        // Issuers are found among certificates as they came, and chains then built out of those with s lowered.
        let mut lowered = self.intermediates.clone();
        for intermediate in &mut lowered {
            let issuer = if intermediate.issued(intermediate) {
                curve(intermediate)
            } else {
                let chain = self.chain(intermediate).map_err(|fault| refused(INTERMEDIATE, fault))?;
                chain.first().map_or_else(|| curve(intermediate), |issuer| curve(issuer))
            };
            intermediate.sanitise(issuer);
        }
        for root in &mut self.roots {
            root.sanitise(curve(root));
        }
        self.intermediates.clear();
        for intermediate in lowered {
            push_once(&mut self.intermediates, intermediate);
        }
        Ok(())
    }

    /// `finalizeSetupCAs`.
    fn check_authorities(&mut self) -> Result<(), MspFault> {
        let mut inner = Vec::new();
        let roots = self.roots.iter().map(|root| (ROOT, root));
        let intermediates = self.intermediates.iter().map(|intermediate| (INTERMEDIATE, intermediate));
        for (what, authority) in roots.chain(intermediates) {
            if !authority.is_ca() {
                return Err(MspFault::Refused { what, reason: "it is not an authority's" });
            }
            if authority.extensions.subject_key_id.is_none() {
                return Err(MspFault::Refused { what, reason: "it has no subject key identifier" });
            }
            let chain = self.chain(authority).map_err(|fault| refused(what, fault))?;
            let Some(issuer) = chain.first() else { continue };
            if self.revocation(authority, issuer) != Revocation::No {
                return Err(MspFault::Refused { what, reason: "it is revoked" });
            }
            inner.extend(chain.iter().map(|above| above.der.clone()));
        }
        self.inner = inner;
        Ok(())
    }

    /// The certification path that ends with an authority of this MSP (`getCertifiersIdentifier`).
    fn path_of(&self, pem: &[u8]) -> Result<[u8; 32], MspFault> {
        let given = read(UNIT, pem)?;
        let identifier = given.identifier();
        let authorities = self.roots.iter().chain(&self.intermediates);
        let known = authorities.into_iter().find(|authority| authority.identifier() == identifier);
        let authority =
            known.ok_or(MspFault::Refused { what: UNIT, reason: "it is no authority's of this MSP" })?;
        let above = self.chain(authority).map_err(|fault| refused(UNIT, fault))?;
        if !above.is_empty() && self.inner.contains(&authority.der) {
            return Err(MspFault::Refused { what: UNIT, reason: "the authority stands above another" });
        }
        let path: Vec<&Certificate> = [authority].into_iter().chain(above).collect();
        Ok(certifiers(&path))
    }

    /// `setupNodeOUsV142`. `None`: roles are not told apart by units.
    fn read_node_ous(&self, config: &FabricMspConfig) -> Result<Option<NodeOus>, MspFault> {
        let Some(config) = &config.fabric_node_ous else { return Ok(None) };
        let read = |unit: &Option<FabricOuIdentifier>| {
            let read = |unit: &FabricOuIdentifier| {
                let named = !unit.certificate.is_empty();
                let certifiers = named.then(|| self.path_of(&unit.certificate)).transpose()?;
                Ok::<_, MspFault>(NodeOu { unit: unit.organizational_unit_identifier.clone(), certifiers })
            };
            unit.as_ref().map(read).transpose()
        };
        let node_ous = NodeOus {
            client: read(&config.client_ou_identifier)?,
            peer: read(&config.peer_ou_identifier)?,
            admin: read(&config.admin_ou_identifier)?,
            orderer: read(&config.orderer_ou_identifier)?,
        };
        let NodeOus { client, peer, admin, orderer } = &node_ous;
        let any = [client, peer, admin, orderer].into_iter().any(Option::is_some);
        Ok((config.enable && any).then_some(node_ous))
    }

    /// `setupAdminsV142` and `postSetupV142`.
    fn add_admins(&mut self, config: &FabricMspConfig) -> Result<(), MspFault> {
        if config.admins.is_empty() && self.node_ous.as_ref().is_none_or(|roles| roles.admin.is_none()) {
            return Err(MspFault::NoAdmins);
        }
        let mut admins = Vec::new();
        for pem in &config.admins {
            let refused = |reason| MspFault::Refused { what: ADMIN, reason };
            read(ADMIN, pem)?;
            let admin = self.identity(pem).map_err(|_| refused("it is no certificate of this MSP"))?;
            let fits = match &self.node_ous {
                None => admin.valid.is_ok(),
                Some(_) => {
                    self.carries(&admin, |roles| &roles.client) || self.carries(&admin, |roles| &roles.admin)
                }
            };
            if !fits {
                return Err(refused("it is neither an administrator's nor a client's"));
            }
            admins.push(admin.identifier);
        }
        self.admins = admins;
        Ok(())
    }
}

fn check_hashes(config: &FabricMspConfig) -> Result<(), MspFault> {
    let Some(crypto) = &config.crypto_config else { return Ok(()) };
    let expected =
        [(&crypto.signature_hash_family, "SHA2"), (&crypto.identity_identifier_hash_function, "SHA256")];
    match expected.iter().find(|(found, expected)| !found.is_empty() && *found != expected) {
        Some((found, _)) => Err(MspFault::HashFunction((*found).clone())),
        None => Ok(()),
    }
}

fn read(what: &'static str, pem: &[u8]) -> Result<Certificate, MspFault> {
    Certificate::from_pem(pem).map_err(|fault| MspFault::Certificate { what, fault })
}

fn read_authority(what: &'static str, pem: &[u8]) -> Result<Certificate, MspFault> {
    let authority = read(what, pem)?;
    let feature = match &authority.key {
        _ if authority.extensions.constraints => "constraints on names or policies",
        Key::Ecdsa(_) => return Ok(authority),
        Key::Foreign(kind) => kind,
        Key::Unknown => "a key that is not ECDSA",
    };
    Err(MspFault::Unsupported { what, feature })
}

fn curve(authority: &Certificate) -> Curve {
    match &authority.key {
        Key::Ecdsa(key) => key.curve(),
        Key::Foreign(_) | Key::Unknown => Curve::P256,
    }
}

fn push_once(list: &mut Vec<Certificate>, certificate: Certificate) {
    if !list.iter().any(|other| other.der == certificate.der) {
        list.push(certificate);
    }
}

fn refused(what: &'static str, fault: ChainFault) -> MspFault {
    let reason = match fault {
        ChainFault::None => "no chain to a root",
        ChainFault::Ambiguous => "more than one chain to a root",
        ChainFault::Leaf => "it was never valid, an unknown extension is critical, or its use is restricted",
        ChainFault::TooLong => "too many signatures to check",
        ChainFault::Unsupported => {
            return MspFault::Unsupported { what, feature: "constraints on names or policies" };
        }
    };
    MspFault::Refused { what, reason }
}
