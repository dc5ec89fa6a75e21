//! Signatures, and whose they are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Policy, PolicyFault};
use crate::fabric::msp::{Identity, IdentityFault, Keyed, Msp};
use crate::fabric::signature::{Form, SignatureFault};
use crate::fabric::wire::Message;

/// One signature as a policy judges it.
#[derive(Debug, Clone)]
pub struct Signed<'a> {
    /// A serialised `msp.SerializedIdentity`.
    pub identity: &'a [u8],
    /// The signed message, in parts, in order.
    pub message: Vec<&'a [u8]>,
    /// ASN.1 DER.
    pub signature: &'a [u8],
}

type Reading = Result<Arc<Identity>, IdentityFault>;

/// A channel's MSPs, and the identities that were read with them: a channel has few signers, and each one's chain is
/// checked once.
#[derive(Debug)]
pub(in super::super) struct Signers {
    pub(in super::super) msps: BTreeMap<String, Msp>,
    read: Mutex<BTreeMap<Vec<u8>, Reading>>,
}

impl Signers {
    pub(in super::super) fn new(msps: BTreeMap<String, Msp>) -> Self {
        Self { msps, read: Mutex::default() }
    }

    fn identity(&self, serialised: &[u8]) -> Reading {
        let known = self.read.lock().unwrap_or_else(PoisonError::into_inner).get(serialised).cloned();
        known.unwrap_or_else(|| {
            let reading = self.read_identity(serialised).map(Arc::new);
            let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            read.insert(serialised.to_vec(), reading.clone());
            reading
        })
    }

    /// Whoever endorses writes its own identity: it is read as Go reads it.
    fn read_identity(&self, serialised: &[u8]) -> Result<Identity, IdentityFault> {
        let message = Message::read(serialised).map_err(IdentityFault::Protobuf)?;
        let name = message.string(1).map_err(IdentityFault::Protobuf)?;
        let msp = self.msps.get(name).ok_or_else(|| IdentityFault::UnknownMsp(name.to_owned()))?;
        msp.identity(message.bytes(2))
    }

    /// Whether signatures satisfy a policy as peers judge (`EvaluateSignedData`): what does not count is skipped, and every
    /// identity counts once. An error where a key that peers count cannot be checked here: their verdict is then unknown.
    pub(in super::super) fn satisfied(
        &self,
        policy: &Policy,
        signed: &[Signed<'_>],
    ) -> Result<bool, PolicyFault> {
        let mut identities: Vec<Arc<Identity>> = Vec::new();
        for (index, signed) in signed.iter().enumerate() {
            let Ok(identity) = self.identity(signed.identity) else { continue };
            if identities.iter().any(|other| is_same(other, &identity)) {
                continue;
            }
            match check(&identity, signed, Form::AsPeers) {
                Ok(()) => identities.push(identity),
                Err(Refused::Signature(_)) => {}
                Err(Refused::Foreign(kind)) => {
                    return Err(PolicyFault::Identity { index, fault: IdentityFault::ForeignKey(kind) });
                }
            }
        }
        let identities: Vec<&Identity> = identities.iter().map(|identity| &**identity).collect();
        Ok(policy.is_satisfied(&self.msps, &identities))
    }

    /// Every signature in its one form and valid, every identity valid and distinct, and the policy satisfied.
    pub(in super::super) fn require(
        &self,
        policy: &Policy,
        signed: &[Signed<'_>],
    ) -> Result<(), PolicyFault> {
        let mut identities: Vec<Arc<Identity>> = Vec::new();
        for (index, signed) in signed.iter().enumerate() {
            let refused = |fault| PolicyFault::Identity { index, fault };
            let identity = self.identity(signed.identity).map_err(refused)?;
            identity.valid.clone().map_err(refused)?;
            if identities.iter().any(|other| is_same(other, &identity)) {
                return Err(PolicyFault::Duplicate(index));
            }
            check(&identity, signed, Form::Strict).map_err(|fault| match fault {
                Refused::Signature(fault) => PolicyFault::Signature { index, fault },
                Refused::Foreign(kind) => refused(IdentityFault::ForeignKey(kind)),
            })?;
            identities.push(identity);
        }
        let identities: Vec<&Identity> = identities.iter().map(|identity| &**identity).collect();
        if policy.is_satisfied(&self.msps, &identities) {
            Ok(())
        } else {
            Err(PolicyFault::Unsatisfied { policy: policy.name.clone(), signers: identities.len() })
        }
    }
}

enum Refused {
    Signature(SignatureFault),
    Foreign(&'static str),
}

fn check(identity: &Identity, signed: &Signed<'_>, form: Form) -> Result<(), Refused> {
    match &identity.key {
        Keyed::Ecdsa(key) => key.verify(&signed.message, signed.signature, form).map_err(Refused::Signature),
        Keyed::Foreign(kind) => Err(Refused::Foreign(kind)),
    }
}

fn is_same(one: &Identity, other: &Identity) -> bool {
    one.identifier == other.identifier && one.msp == other.msp
}
