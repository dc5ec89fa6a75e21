//! Principals: whom a signature policy names.

use std::collections::BTreeMap;

use prost::Message;

use crate::fabric::PolicyFault;
use crate::fabric::certificate::Certificate;
use crate::fabric::msp::{Identity, Msp};
use crate::fabric::proto::{
    Classification, CombinedPrincipal, MspIdentityAnonymity, MspPrincipal, MspRole, MspRoleType,
    OrganizationUnit, SerializedIdentity,
};

/// A principal, read. What peers cannot read is satisfied by nobody.
#[derive(Debug)]
pub(super) enum Principal {
    Role {
        msp: String,
        role: MspRoleType,
    },
    Unit {
        msp: String,
        unit: String,
        certifiers: Vec<u8>,
    },
    /// One certificate.
    Identity {
        msp: String,
        identifier: [u8; 32],
    },
    /// Whoever shows a certificate.
    Nominal,
    All(Vec<Principal>),
    Nobody,
}

/// How deep principals may be combined. Fabric sets no limit; nobody combines combinations.
pub(super) const MAX_DEPTH: usize = 8;

impl Principal {
    pub(super) fn read(principal: &MspPrincipal, depth: usize) -> Result<Self, PolicyFault> {
        if principal.principal_classification != i32::from(Classification::Combined) {
            return Ok(Self::single(principal).unwrap_or(Self::Nobody));
        }
        if depth == MAX_DEPTH {
            return Err(PolicyFault::TooDeep);
        }
        match CombinedPrincipal::decode(&principal.principal[..]) {
            Ok(combined) if !combined.principals.is_empty() => {
                let all = combined.principals.iter().map(|principal| Self::read(principal, depth + 1));
                Ok(Self::All(all.collect::<Result<_, _>>()?))
            }
            _ => Ok(Self::Nobody),
        }
    }

    fn single(principal: &MspPrincipal) -> Option<Self> {
        let bytes = &principal.principal[..];
        Some(match Classification::try_from(principal.principal_classification).ok()? {
            Classification::Role => {
                let MspRole { msp_identifier: msp, role } = MspRole::decode(bytes).ok()?;
                Self::Role { msp, role: MspRoleType::try_from(role).ok()? }
            }
            Classification::OrganizationUnit => {
                let unit = OrganizationUnit::decode(bytes).ok()?;
                Self::Unit {
                    msp: unit.msp_identifier,
                    unit: unit.organizational_unit_identifier,
                    certifiers: unit.certifiers_identifier,
                }
            }
            Classification::Identity => {
                let identity = SerializedIdentity::decode(bytes).ok()?;
                let identifier = Certificate::from_pem(&identity.id_bytes).ok()?.identifier();
                Self::Identity { msp: identity.mspid, identifier }
            }
            Classification::Anonymity => match MspIdentityAnonymity::decode(bytes).ok()?.anonymity_type {
                0 => Self::Nominal,
                _ => Self::Nobody,
            },
            Classification::Combined => return None,
        })
    }

    /// `SatisfiesPrincipal` of the identity's MSP.
    pub(super) fn is_satisfied(&self, msps: &BTreeMap<String, Msp>, identity: &Identity) -> bool {
        match self {
            Self::Role { msp, role } => {
                *msp == identity.msp && msps.get(msp).is_some_and(|msp| msp.has_role(identity, *role))
            }
            Self::Unit { msp, unit, certifiers } => {
                *msp == identity.msp && identity.valid.is_ok() && identity.has_unit(unit, certifiers)
            }
            Self::Identity { msp, identifier } => {
                *msp == identity.msp && identity.valid.is_ok() && *identifier == identity.identifier
            }
            Self::Nominal => true,
            Self::All(principals) => {
                principals.iter().all(|principal| principal.is_satisfied(msps, identity))
            }
            Self::Nobody => false,
        }
    }
}
