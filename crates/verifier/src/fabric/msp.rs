//! Membership service providers: which certificates are an organisation's, and in which role.
//!
//! The rules are those of Fabric's `msp` package from channel capability V1_4_3 on: who is judged here differently than by
//! peers would hide or invent an endorsement.

mod chain;
mod crl;
mod identity;
mod setup;

use std::collections::BTreeMap;

use super::certificate::{Certificate, CertificateFault};
use crl::RevocationList;

pub use identity::IdentityFault;
pub(super) use identity::{Identity, Keyed};

/// An organisation's configuration that peers refuse, or that this verifier cannot judge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MspFault {
    /// Not an MSP of X.509 certificates.
    #[error("MSP type {0}, expected 0 (X.509)")]
    Type(i32),
    /// A message that does not decode.
    #[error("no FabricMSPConfig: {0}")]
    Protobuf(String),
    /// An MSP has a name.
    #[error("an MSP without a name")]
    NoName,
    /// Signatures or identifiers use a hash that is not implemented here.
    #[error("hash {0}, expected SHA2 and SHA256")]
    HashFunction(String),
    /// No root certificate.
    #[error("no root certificate")]
    NoRoot,
    /// More certificates than anybody needs.
    #[error("{0} authorities, at most {MAX_AUTHORITIES}")]
    TooMany(usize),
    /// A certificate or a revocation list that cannot be read.
    #[error("{what}: {fault}")]
    Certificate {
        /// Where it stands.
        what: &'static str,
        /// What is wrong with it.
        fault: CertificateFault,
    },
    /// A certificate that peers refuse where it stands.
    #[error("{what}: {reason}")]
    Refused {
        /// Where it stands.
        what: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A certificate whose algorithm or constraints are not implemented here.
    #[error("{what} uses {feature}, which is not supported")]
    Unsupported {
        /// Where it stands.
        what: &'static str,
        /// What it uses.
        feature: &'static str,
    },
    /// Nobody could administer it.
    #[error("no administrator, and no organisational unit for them")]
    NoAdmins,
}

/// Authorities of one MSP. The largest real ones have a handful.
const MAX_AUTHORITIES: usize = 64;

/// The rules in force, by the channel's capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum MspVersion {
    /// V1_4_3 and V2_0.
    V1_4_3,
    /// V3_0: Ed25519 counts.
    V3_0,
}

/// An organisational unit that stands for a role.
#[derive(Debug, Clone)]
struct NodeOu {
    unit: String,
    /// The certification path that it has to come by, if it is named.
    certifiers: Option<[u8; 32]>,
}

/// Units that tell roles apart. They are all `None` where node OUs are not enabled.
#[derive(Debug, Default)]
struct NodeOus {
    client: Option<NodeOu>,
    peer: Option<NodeOu>,
    admin: Option<NodeOu>,
    orderer: Option<NodeOu>,
}

/// An organisation's MSP.
#[derive(Debug)]
pub(super) struct Msp {
    name: String,
    version: MspVersion,
    roots: Vec<Certificate>,
    /// SHA-256 of each root certificate as it was given (DER): what people compare.
    fingerprints: Vec<[u8; 32]>,
    intermediates: Vec<Certificate>,
    /// Authorities above an intermediate one (DER): they issue no identities.
    inner: Vec<Vec<u8>>,
    revoked: Vec<RevocationList>,
    /// Units that an identity has to have one of, with their certification paths; none: any.
    units: BTreeMap<String, Vec<[u8; 32]>>,
    /// `None` where roles are not told apart by units.
    node_ous: Option<NodeOus>,
    /// Certificates named as administrators', by [`Certificate::identifier`].
    admins: Vec<[u8; 32]>,
}

impl Msp {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of each root certificate, DER.
    pub(super) fn fingerprints(&self) -> &[[u8; 32]] {
        &self.fingerprints
    }
}
