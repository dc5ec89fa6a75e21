//! Why a configuration was refused.

use crate::fabric::PolicyFault;
use crate::fabric::msp::MspFault;

/// Bytes that are no channel configuration that peers accept and this verifier can judge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFault {
    /// A protobuf message that does not decode.
    #[error("no {what}: {cause}")]
    Protobuf {
        /// The message.
        what: &'static str,
        /// What its decoder says.
        cause: String,
    },
    /// Something that every channel has.
    #[error("no {0}")]
    Missing(&'static str),
    /// The configuration stands twice in its envelope.
    #[error("two configurations in one envelope")]
    Twice,
    /// A name with characters that names do not have, too long, or empty.
    #[error("key {key:?} in {path}")]
    Key {
        /// The group.
        path: String,
        /// The name.
        key: String,
    },
    /// A group that no application channel has.
    #[error("a group {0}, expected Application and Orderer with organisations")]
    Group(String),
    /// A capability that this verifier does not know: its rules may be others.
    #[error("{section} capability {name}, which is not supported")]
    Capability {
        /// Where it stands.
        section: &'static str,
        /// Its name.
        name: String,
    },
    /// A channel of an older Fabric.
    #[error("no {section} capability {expected} or above")]
    TooOld {
        /// Where it is missing.
        section: &'static str,
        /// The oldest that is supported.
        expected: &'static str,
    },
    /// Blocks are hashed otherwise.
    #[error("hash {0:?}, expected SHA256")]
    HashFunction(String),
    /// Data is hashed as a tree.
    #[error("a data hash of width {0}, expected 2^32 - 1")]
    DataHash(u32),
    /// More organisations than are judged.
    #[error("{0} organisations, at most 256")]
    Organisations(usize),
    /// An organisation's MSP.
    #[error("organisation {organisation}: {fault}")]
    Msp {
        /// Its name in the configuration.
        organisation: String,
        /// What is wrong with it.
        fault: MspFault,
    },
    /// Two organisations name one MSP and define it differently.
    #[error("two definitions of MSP {0}")]
    TwoMsps(String),
    /// A policy that no peer can read.
    #[error("policy {path}: {fault}")]
    Policy {
        /// Its path.
        path: String,
        /// What is wrong with it.
        fault: PolicyFault,
    },
}

impl ConfigFault {
    /// A stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Capability { .. }
            | Self::TooOld { .. }
            | Self::HashFunction(_)
            | Self::Msp {
                fault: MspFault::Type(_) | MspFault::HashFunction(_) | MspFault::Unsupported { .. },
                ..
            } => "config-unsupported",
            Self::Protobuf { .. } | Self::Missing(_) | Self::Twice | Self::Key { .. } | Self::DataHash(_) => {
                "config-malformed"
            }
            Self::Group(_) | Self::Organisations(_) => "config-groups",
            Self::Msp { .. } | Self::TwoMsps(_) => "config-msp",
            Self::Policy { .. } => "config-policy",
        }
    }
}
