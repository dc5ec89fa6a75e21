//! Policies: who has to sign.
//!
//! Two kinds: signature policies, n of several rules over principals (Fabric's `common/cauthdsl`), and implicit meta policies,
//! some of the policies by one name in the groups directly below (`common/policies`).

mod principal;
mod signers;

use std::collections::BTreeMap;
use std::sync::Arc;

use prost::Message;

use super::msp::{Identity, IdentityFault, Msp};
use super::proto::{
    ImplicitMetaPolicy, ImplicitMetaRule, SignaturePolicy, SignaturePolicyEnvelope, SignaturePolicyType,
};
use super::signature::SignatureFault;
use principal::Principal;

pub use signers::Signed;
pub(super) use signers::Signers;

/// Rules and principals of one signature policy. The largest real ones have some dozens.
const MAX_RULES: usize = 4096;

/// A policy that cannot be read, or that signatures do not satisfy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// No policy by this path.
    #[error("the channel has no policy {0}")]
    Unknown(String),
    /// A message that does not decode.
    #[error("no {what}: {cause}")]
    Protobuf {
        /// The message.
        what: &'static str,
        /// What its decoder says.
        cause: String,
    },
    /// A policy of a kind that no peer knows.
    #[error("a policy of type {0}")]
    Type(i32),
    /// A form of signature policies that no peer knows.
    #[error("a signature policy of version {0}, expected 0")]
    Version(i32),
    /// A rule that says nothing.
    #[error("a rule without a type")]
    EmptyRule,
    /// A rule names a principal that is not there.
    #[error("principal {index}, the policy has {principals}")]
    Principal {
        /// The place it names.
        index: i32,
        /// How many there are.
        principals: usize,
    },
    /// More rules and principals than are judged.
    #[error("a signature policy of {0} rules and principals, at most {MAX_RULES}")]
    TooLarge(usize),
    /// A signer who is nobody in this channel.
    #[error("signer {index}: {fault}")]
    Identity {
        /// The signature's place.
        index: usize,
        /// What is wrong with the signer.
        fault: IdentityFault,
    },
    /// A signature that does not count.
    #[error("signature {index}: {fault}")]
    Signature {
        /// Its place.
        index: usize,
        /// What is wrong with it.
        fault: SignatureFault,
    },
    /// Principals combined within principals, deeper than anybody needs.
    #[error("principals nested deeper than {}", principal::MAX_DEPTH)]
    TooDeep,
    /// The same signer twice.
    #[error("signer {0} stands twice")]
    Duplicate(usize),
    /// Too few of those who would have to sign.
    #[error("{signers} valid signatures do not satisfy {policy}")]
    Unsatisfied {
        /// The policy's path.
        policy: String,
        /// How many signed.
        signers: usize,
    },
}

impl PolicyFault {
    /// A stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "policy-unknown",
            Self::Protobuf { .. }
            | Self::Type(_)
            | Self::Version(_)
            | Self::EmptyRule
            | Self::Principal { .. } => "policy-malformed",
            Self::TooLarge(_) | Self::TooDeep => "policy-too-large",
            Self::Identity { fault: IdentityFault::ForeignKey(_), .. } => "key-unsupported",
            Self::Identity { fault: IdentityFault::Revoked, .. } => "signer-revoked",
            Self::Identity { .. } => "signer-unknown",
            Self::Signature { fault: SignatureFault::HighS, .. } => "signature-high-s",
            Self::Signature { .. } => "signature-invalid",
            Self::Duplicate(_) => "signer-twice",
            Self::Unsatisfied { .. } => "policy-unsatisfied",
        }
    }
}

/// A policy of a channel, ready to judge.
#[derive(Debug, Clone)]
pub struct Policy {
    name: String,
    rule: Arc<Rule>,
}

#[derive(Debug)]
enum Rule {
    Signature {
        rule: SignatureRule,
        principals: Vec<Principal>,
    },
    Meta {
        threshold: usize,
        below: Vec<Policy>,
    },
    /// A name that some group below does not have.
    Never,
}

#[derive(Debug)]
enum SignatureRule {
    SignedBy(usize),
    NOutOf { n: i32, rules: Vec<SignatureRule> },
}

impl Policy {
    /// Its path, or what kind it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A serialised `SignaturePolicyEnvelope` of a channel's configuration.
    pub(super) fn signature(name: String, bytes: &[u8]) -> Result<Self, PolicyFault> {
        let envelope = SignaturePolicyEnvelope::decode(bytes).map_err(|error| PolicyFault::Protobuf {
            what: "SignaturePolicyEnvelope",
            cause: error.to_string(),
        })?;
        if envelope.version != 0 {
            return Err(PolicyFault::Version(envelope.version));
        }
        Self::from_envelope(name, &envelope)
    }

    /// A signature policy of a chaincode, whose version peers do not look at.
    pub(super) fn from_envelope(
        name: String,
        envelope: &SignaturePolicyEnvelope,
    ) -> Result<Self, PolicyFault> {
        let mut size = envelope.identities.len();
        let rule = envelope.rule.as_ref().ok_or(PolicyFault::EmptyRule)?;
        let rule = SignatureRule::read(rule, envelope.identities.len(), &mut size)?;
        if size > MAX_RULES {
            return Err(PolicyFault::TooLarge(size));
        }
        let principals: Result<_, _> =
            envelope.identities.iter().map(|principal| Principal::read(principal, 0)).collect();
        Ok(Self { name, rule: Arc::new(Rule::Signature { rule, principals: principals? }) })
    }

    /// A serialised `ImplicitMetaPolicy`: some of the policies that `below` finds by its name, one for each group.
    pub(super) fn implicit_meta<'a>(
        name: String,
        bytes: &[u8],
        groups: usize,
        below: impl Fn(&str) -> Vec<Option<&'a Policy>>,
    ) -> Result<Self, PolicyFault> {
        let definition = ImplicitMetaPolicy::decode(bytes).map_err(|error| PolicyFault::Protobuf {
            what: "ImplicitMetaPolicy",
            cause: error.to_string(),
        })?;
        let threshold = match ImplicitMetaRule::try_from(definition.rule) {
            // With no group below, none is asked for.
            _ if groups == 0 => 0,
            Ok(ImplicitMetaRule::Any) => 1,
            Ok(ImplicitMetaRule::All) => groups,
            Ok(ImplicitMetaRule::Majority) => groups / 2 + 1,
            // Peers take it for 0 policies, and are satisfied if none is.
            Err(_) => return Err(PolicyFault::Type(definition.rule)),
        };
        let below = below(&definition.sub_policy);
        let below = below.into_iter().map(|policy| policy.cloned().unwrap_or_else(Self::never)).collect();
        Ok(Self { name, rule: Arc::new(Rule::Meta { threshold, below }) })
    }

    fn never() -> Self {
        Self { name: String::new(), rule: Arc::new(Rule::Never) }
    }

    /// Whether these identities, distinct and each by a valid signature, satisfy it.
    pub(super) fn is_satisfied(&self, msps: &BTreeMap<String, Msp>, identities: &[&Identity]) -> bool {
        match &*self.rule {
            Rule::Never => false,
            Rule::Meta { threshold, below } => {
                let satisfied = below.iter().filter(|policy| policy.is_satisfied(msps, identities));
                satisfied.take(*threshold).count() == *threshold
            }
            Rule::Signature { rule, principals } => {
                let judge = |principal: usize, identity: usize| {
                    principals
                        .get(principal)
                        .zip(identities.get(identity))
                        .is_some_and(|(principal, identity)| principal.is_satisfied(msps, identity))
                };
                rule.is_satisfied(&judge, &mut vec![false; identities.len()])
            }
        }
    }
}

impl SignatureRule {
    fn read(rule: &SignaturePolicy, principals: usize, size: &mut usize) -> Result<Self, PolicyFault> {
        *size += 1;
        if *size > MAX_RULES {
            return Err(PolicyFault::TooLarge(*size));
        }
        match rule.r#type.as_ref().ok_or(PolicyFault::EmptyRule)? {
            SignaturePolicyType::SignedBy(index) => match usize::try_from(*index) {
                Ok(place) if place < principals => Ok(Self::SignedBy(place)),
                _ => Err(PolicyFault::Principal { index: *index, principals }),
            },
            SignaturePolicyType::NOutOf(n_out_of) => {
                let rules: Result<_, _> =
                    n_out_of.rules.iter().map(|rule| Self::read(rule, principals, size)).collect();
                Ok(Self::NOutOf { n: n_out_of.n, rules: rules? })
            }
        }
    }

    /// Takes identities greedily, in order: a rule takes the first that fits and is not taken yet, and a gate that fails
    /// gives back what its rules took (`compile`).
    fn is_satisfied(&self, judge: &impl Fn(usize, usize) -> bool, used: &mut Vec<bool>) -> bool {
        match self {
            Self::SignedBy(principal) => {
                let fits = (0..used.len()).find(|identity| !used[*identity] && judge(*principal, *identity));
                fits.inspect(|identity| used[*identity] = true).is_some()
            }
            Self::NOutOf { n, rules } => {
                let mut satisfied = 0;
                for rule in rules {
                    let mut tried = used.clone();
                    if rule.is_satisfied(judge, &mut tried) {
                        satisfied += 1;
                        *used = tried;
                    }
                }
                satisfied >= *n
            }
        }
    }
}
