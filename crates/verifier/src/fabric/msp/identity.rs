//! Identities: a certificate by an MSP's rules.

use super::chain::ChainFault;
use super::crl::Revocation;
use super::{Msp, MspVersion, NodeOu};
use crate::fabric::certificate::{Certificate, CertificateFault, ED25519, Key};
use crate::fabric::proto::MspRoleType;
use crate::fabric::signature::{PublicKey, sha256};
use crate::fabric::wire::WireFault;

/// Why a serialised identity does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityFault {
    /// Not a `msp.SerializedIdentity`.
    #[error("no serialised identity: {0}")]
    Protobuf(WireFault),
    /// Of no organisation in this configuration.
    #[error("the channel has no MSP {0}")]
    UnknownMsp(String),
    /// Not a certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateFault),
    /// Not issued by the organisation's authorities.
    #[error("{0}")]
    Chain(String),
    /// An authority signs certificates and nothing else.
    #[error("the certificate of an authority")]
    Authority,
    /// Issued by an authority that has others below it.
    #[error("issued by an authority that stands above another")]
    InnerAuthority,
    /// A revocation list of the configuration in force names it.
    #[error("the certificate is revoked")]
    Revoked,
    /// A list of its MSP does not name the key that signed it.
    #[error("a revocation list of the MSP does not say whose it is")]
    RevocationList,
    /// None of the units that the MSP asks for.
    #[error("none of the MSP's organisational units")]
    Unit,
    /// Roles are told apart by units, and it has none or two.
    #[error("{0} organisational units that stand for a role, expected 1")]
    Role(usize),
    /// Its role's unit has to come by another certification path.
    #[error("the unit of its role comes by another certification path")]
    Certifiers,
    /// A key that counts for nobody.
    #[error("a public key of an unknown kind")]
    Key,
    /// A key whose signatures peers count and this verifier cannot check.
    #[error("a key on {0}, which is not supported")]
    ForeignKey(&'static str),
}

/// A key of an identity.
#[derive(Debug, Clone)]
pub(in super::super) enum Keyed {
    Ecdsa(PublicKey),
    /// Peers count it. It cannot be checked here.
    Foreign(&'static str),
}

/// A certificate that chains to an MSP.
#[derive(Debug, Clone)]
pub(in super::super) struct Identity {
    pub(in super::super) msp: String,
    /// The same for every encoding of one certificate.
    pub(in super::super) identifier: [u8; 32],
    pub(in super::super) key: Keyed,
    /// Whether its MSP counts it as a member; if not, some principals may still name it.
    pub(in super::super) valid: Result<(), IdentityFault>,
    units: Vec<String>,
    certifiers: [u8; 32],
    named_admin: bool,
}

impl Identity {
    /// Whether it carries this unit and comes by this certification path.
    pub(in super::super) fn has_unit(&self, unit: &str, certifiers: &[u8]) -> bool {
        certifiers == self.certifiers && self.units.iter().any(|found| found == unit)
    }
}

impl Msp {
    /// Reads a certificate (PEM) as an identity (`deserializeIdentityInternal`, and `validateIdentity` into
    /// [`Identity::valid`]).
    pub(in super::super) fn identity(&self, text: &[u8]) -> Result<Identity, IdentityFault> {
        let certificate = Certificate::from_pem(text)?;
        let chain = match self.chain(&certificate) {
            Ok(chain) => chain,
            Err(fault) => return Err(IdentityFault::Chain(fault.to_string())),
        };
        let key = match &certificate.key {
            Key::Ecdsa(key) => Keyed::Ecdsa(key.clone()),
            Key::Foreign(kind) if *kind != ED25519 || self.version >= MspVersion::V3_0 => {
                Keyed::Foreign(kind)
            }
            Key::Foreign(_) | Key::Unknown => return Err(IdentityFault::Key),
        };
        let certifiers = certifiers(&chain);
        // An authority, or a certificate of an inner one, has no units: peers do not get to ask for them.
        let issued = self.check_issuer(&certificate, &chain);
        let units = if issued.is_ok() { certificate.units.clone() } else { Vec::new() };
        let valid = issued
            .and_then(|issuer| self.check_revocation(&certificate, issuer))
            .and_then(|()| self.check_units(&units, &certifiers));
        let identifier = certificate.identifier();
        Ok(Identity {
            msp: self.name.clone(),
            identifier,
            key,
            valid,
            units,
            certifiers,
            named_admin: self.admins.contains(&identifier),
        })
    }

    fn check_issuer<'a>(
        &self,
        certificate: &Certificate,
        chain: &[&'a Certificate],
    ) -> Result<&'a Certificate, IdentityFault> {
        match chain.first() {
            _ if certificate.is_ca() => Err(IdentityFault::Authority),
            None => Err(IdentityFault::Chain(ChainFault::None.to_string())),
            Some(issuer) if self.inner.contains(&issuer.der) => Err(IdentityFault::InnerAuthority),
            Some(issuer) => Ok(issuer),
        }
    }

    fn check_revocation(&self, certificate: &Certificate, issuer: &Certificate) -> Result<(), IdentityFault> {
        match self.revocation(certificate, issuer) {
            Revocation::No => Ok(()),
            Revocation::Yes => Err(IdentityFault::Revoked),
            Revocation::Unknown => Err(IdentityFault::RevocationList),
        }
    }

    /// `validateIdentityOUsV142`.
    fn check_units(&self, units: &[String], certifiers: &[u8; 32]) -> Result<(), IdentityFault> {
        let listed = |unit: &String| self.units.get(unit).is_some_and(|paths| paths.contains(certifiers));
        if !self.units.is_empty() && !units.iter().any(listed) {
            return Err(IdentityFault::Unit);
        }
        let Some(node_ous) = &self.node_ous else { return Ok(()) };
        // Where one unit stands for several roles, Fabric keeps the last of them in this order.
        let roles = [&node_ous.orderer, &node_ous.admin, &node_ous.peer, &node_ous.client];
        let mut found = 0;
        for unit in units {
            let Some(role) = roles.iter().copied().flatten().find(|role| role.unit == *unit) else {
                continue;
            };
            if role.certifiers.is_some_and(|path| path != *certifiers) {
                return Err(IdentityFault::Certifiers);
            }
            found += 1;
            if found > 1 {
                break;
            }
        }
        if found == 1 { Ok(()) } else { Err(IdentityFault::Role(found)) }
    }

    /// Whether an identity of this MSP has a role (`satisfiesPrincipalInternalV142`).
    pub(in super::super) fn has_role(&self, identity: &Identity, role: MspRoleType) -> bool {
        let by_unit = |role: fn(&super::NodeOus) -> &Option<NodeOu>| {
            let unit = self.node_ous.as_ref().and_then(|node_ous| role(node_ous).as_ref());
            identity.valid.is_ok() && unit.is_some_and(|role| identity.units.contains(&role.unit))
        };
        match role {
            MspRoleType::Member => identity.valid.is_ok(),
            MspRoleType::Admin => identity.named_admin || by_unit(|roles| &roles.admin),
            MspRoleType::Client => by_unit(|roles| &roles.client),
            MspRoleType::Peer => by_unit(|roles| &roles.peer),
            MspRoleType::Orderer => by_unit(|roles| &roles.orderer),
        }
    }

    /// Whether a certificate's units stand for a role (`hasOURoleInternal`).
    pub(super) fn carries(&self, identity: &Identity, role: fn(&super::NodeOus) -> &Option<NodeOu>) -> bool {
        let unit = self.node_ous.as_ref().and_then(|node_ous| role(node_ous).as_ref());
        unit.is_some_and(|role| identity.units.contains(&role.unit))
    }
}

/// The hash of a chain of authorities, the issuer first (`getCertificationChainIdentifierFromChain`).
pub(super) fn certifiers(chain: &[&Certificate]) -> [u8; 32] {
    let parts: Vec<&[u8]> = chain.iter().map(|authority| &authority.der[..]).collect();
    sha256(&parts)
}
