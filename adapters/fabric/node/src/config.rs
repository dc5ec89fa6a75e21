//! What a network looks like.

use std::time::Duration;

use crate::NodeError;

/// A network of Fabric nodes with one channel.
#[derive(Debug, Clone)]
pub struct NetworkConfig {
    /// The channel's name. `channel`.
    pub channel: String,
    /// Organisations with peers: `Org1MSP`, `Org2MSP`, … 2.
    pub organisations: usize,
    /// Peers of each. 1.
    pub peers: usize,
    /// How long the orderer waits for more transactions before it cuts a block. 300 ms.
    pub batch_timeout: Duration,
    /// How many transactions it cuts a block at. 100.
    pub batch_size: u32,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            channel: "channel".into(),
            organisations: 2,
            peers: 1,
            batch_timeout: Duration::from_millis(300),
            batch_size: 100,
        }
    }
}

impl NetworkConfig {
    /// Checks that it describes a network that can run.
    pub(crate) fn check(&self) -> Result<(), NodeError> {
        let name = self.channel.as_bytes();
        let starts = name.first().is_some_and(u8::is_ascii_lowercase);
        let rest = name
            .iter()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(byte));
        let wrong = if !starts || !rest || name.len() > 249 {
            "a channel's name is lower-case letters, digits, dots and dashes, a letter first"
        } else if !(1..=9).contains(&self.organisations) {
            "1 to 9 organisations"
        } else if !(1..=4).contains(&self.peers) {
            "1 to 4 peers an organisation"
        } else if self.batch_size == 0 || self.batch_timeout.is_zero() {
            "a block has at least one transaction and takes some time"
        } else {
            return Ok(());
        };
        Err(NodeError::Config(wrong.into()))
    }
}

/// Whose endorsements a chaincode's transactions need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Policy {
    /// A signature policy in Fabric's own words: `AND('Org1MSP.peer','Org2MSP.peer')`.
    Signature(String),
    /// A policy of the channel, by its path: `/Channel/Application/Endorsement`.
    Channel(String),
}

impl Policy {
    /// The flag of `peer lifecycle chaincode` that says so.
    pub(crate) fn flag(&self) -> [String; 2] {
        match self {
            Self::Signature(policy) => ["--signature-policy".into(), policy.clone()],
            Self::Channel(path) => ["--channel-config-policy".into(), path.clone()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_run_is_refused() {
        NetworkConfig::default().check().unwrap();
        let wrong = [
            NetworkConfig { channel: "Channel".into(), ..NetworkConfig::default() },
            NetworkConfig { channel: String::new(), ..NetworkConfig::default() },
            NetworkConfig { organisations: 0, ..NetworkConfig::default() },
            NetworkConfig { peers: 5, ..NetworkConfig::default() },
            NetworkConfig { batch_size: 0, ..NetworkConfig::default() },
        ];
        for config in wrong {
            assert!(matches!(config.check(), Err(NodeError::Config(_))), "{config:?}");
        }
    }
}
