//! A channel's configuration, parsed and ready to judge.

use super::{Policy, PolicyFault, Signed, UpdateFault};

/// Bytes that are no channel configuration that this verifier can judge.
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
}

impl ConfigFault {
    /// A stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Protobuf { .. } => "config-malformed",
        }
    }
}

/// A channel's configuration: organisations, their MSPs, and policies at every level.
#[derive(Debug)]
pub struct Channel {}

impl Channel {
    /// Reads a serialised `common.Config`.
    pub fn read(_config: &[u8]) -> Result<Self, ConfigFault> {
        todo!()
    }

    /// The policy at an absolute path, such as `/Channel/Orderer/BlockValidation`.
    pub fn policy(&self, _path: &str) -> Result<Policy, PolicyFault> {
        todo!()
    }

    /// A chaincode's endorsement policy: a serialised `protos.ApplicationPolicy`.
    pub fn application_policy(&self, _bytes: &[u8]) -> Result<Policy, PolicyFault> {
        todo!()
    }

    /// The serialised identity of a BFT channel's consenter.
    pub fn consenter(&self, _identifier: u32) -> Option<Vec<u8>> {
        todo!()
    }

    /// Whether a policy is satisfied as peers judge: signatures that count for nothing are skipped, identities count once.
    pub fn satisfied(&self, _policy: &Policy, _signed: &[Signed<'_>]) -> bool {
        todo!()
    }

    /// Every signature valid, every identity distinct and of an MSP of this channel, and the policy satisfied.
    pub fn require(&self, _policy: &Policy, _signed: &[Signed<'_>]) -> Result<(), PolicyFault> {
        todo!()
    }

    /// The configuration after a config block: the serialised `common.Config` of its serialised `common.ConfigEnvelope`.
    pub fn update(&self, _channel_id: &str, _config_envelope: &[u8]) -> Result<Vec<u8>, UpdateFault> {
        todo!()
    }

    /// SHA-256 of each root CA certificate (DER) of orderer and application organisations, ascending.
    pub fn roots(&self) -> Vec<[u8; 32]> {
        todo!()
    }
}
