//! How a relayer's configuration file names a channel.

use core::fmt::Display;
use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Identity, IdentityError, PeerSettings, Peers, PeersError, PeersSettings, TlsSettings};

/// A channel of Hyperledger Fabric, and who the relayer is on it. `S` is how the file names secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound(serialize = "S: Serialize", deserialize = "S: Deserialize<'de>"))]
pub struct ChannelConfig<S> {
    /// The channel's name.
    #[schemars(length(min = 1))]
    pub channel: String,
    /// The MSP id of the organisation whose client the relayer is.
    #[schemars(length(min = 1))]
    pub msp: String,
    /// The client's certificate, a PEM file.
    pub certificate: PathBuf,
    /// The client's secret key: P-256 in PEM, PKCS #8 or SEC 1.
    pub key: S,
    /// The client's TLS certificate, where peers ask for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<ClientTls<S>>,
    /// Peers, the preferred one first: at least one of every organisation that the gateway's endorsement policy needs, for
    /// facts are proven by reads that these endorse.
    #[schemars(length(min = 1))]
    pub peers: Vec<PeerConfig>,
    /// Orderers: they serve blocks when no peer does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orderers: Vec<PeerConfig>,
    /// Deliver and settle here too, as this client; else evidence is submitted and packets are numbered, and no more.
    #[serde(default = "yes")]
    pub deliver: bool,
    /// How long one call to one peer may take, in seconds.
    #[serde(default = "timeout")]
    #[schemars(range(min = 1, max = 300))]
    pub timeout_seconds: u64,
}

/// What the relayer shows to peers that ask for a TLS certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientTls<S> {
    /// A PEM file.
    pub certificate: PathBuf,
    /// Its secret key, PEM.
    pub key: S,
}

/// One peer, or one orderer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeerConfig {
    /// `grpcs://host:port`; `grpc://host:port` without TLS, for loopback and private networks only.
    #[schemars(regex(pattern = r"^grpcs?://[^/]+:[0-9]+$"))]
    pub url: String,
    /// The MSP id of its organisation.
    #[schemars(length(min = 1))]
    pub msp: String,
    /// The certificates that its TLS certificate has to chain to, a PEM file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_roots: Option<PathBuf>,
    /// The name in its TLS certificate, where that is not the host's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_name: Option<String>,
}

fn yes() -> bool {
    true
}

fn timeout() -> u64 {
    10
}

/// A configuration that leads to no channel.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that cannot be read.
    #[error("{key}: {path}: {source}")]
    File {
        /// The key that names it.
        key: String,
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// A secret that cannot be had.
    #[error("{key}: {why}")]
    Secret {
        /// The key that names it.
        key: &'static str,
        /// What its reader says.
        why: String,
    },
    /// A peer with TLS, and nothing to check its certificate by.
    #[error("{place}.tls_roots: expected a PEM file, as {url} speaks TLS")]
    NoRoots {
        /// Its key: `peers[0]` is the first one.
        place: String,
        /// Its URL.
        url: String,
    },
    /// No identity of a member.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// No peers.
    #[error(transparent)]
    Peers(#[from] PeersError),
}

impl<S> ChannelConfig<S> {
    /// The peers, asked as this client. `read` reads a secret.
    pub fn peers<E: Display>(&self, read: impl Fn(&S) -> Result<String, E>) -> Result<Peers, ConfigError> {
        let secret = |key: &'static str, secret: &S| {
            read(secret).map_err(|error| ConfigError::Secret { key, why: error.to_string() })
        };
        let certificate = file("certificate", &self.certificate)?;
        let identity = Identity::new(&self.msp, &certificate, &secret("key", &self.key)?)?;
        let ours = match &self.tls {
            None => None,
            Some(tls) => Some((file("tls.certificate", &tls.certificate)?, secret("tls.key", &tls.key)?)),
        };
        let peers = nodes("peers", &self.peers, ours.as_ref())?;
        let orderers = nodes("orderers", &self.orderers, ours.as_ref())?;
        let timeout = Duration::from_secs(self.timeout_seconds);
        let settings = PeersSettings { orderers, timeout, ..PeersSettings::new(&self.channel, peers) };
        Ok(Peers::new(&settings, identity)?)
    }
}

/// How each of these nodes is called, by somebody who shows `ours` (certificate and key) where it asks.
fn nodes(
    key: &str,
    nodes: &[PeerConfig],
    ours: Option<&(String, String)>,
) -> Result<Vec<PeerSettings>, ConfigError> {
    let settings = |(index, node): (usize, &PeerConfig)| {
        let place = format!("{key}[{index}]");
        let roots = match &node.tls_roots {
            Some(path) => file(&format!("{place}.tls_roots"), path)?,
            None if node.url.starts_with("grpcs:") => {
                return Err(ConfigError::NoRoots { place, url: node.url.clone() });
            }
            None => String::new(),
        };
        let tls = TlsSettings { roots, name: node.tls_name.clone(), identity: ours.cloned() };
        Ok(PeerSettings { url: node.url.clone(), msp: node.msp.clone(), tls })
    };
    nodes.iter().enumerate().map(settings).collect()
}

fn file(key: &str, path: &Path) -> Result<String, ConfigError> {
    let failed = |source| ConfigError::File { key: key.into(), path: path.into(), source };
    fs::read_to_string(path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> ChannelConfig<String> {
        ChannelConfig {
            channel: "trade".into(),
            msp: "Org1MSP".into(),
            certificate: "/nowhere/certificate.pem".into(),
            key: "key".into(),
            tls: None,
            peers: vec![PeerConfig {
                url: "grpcs://peer.org1.example:7051".into(),
                msp: "Org1MSP".into(),
                tls_roots: None,
                tls_name: None,
            }],
            orderers: Vec::new(),
            deliver: true,
            timeout_seconds: 10,
        }
    }

    #[test]
    fn what_is_left_out_has_its_usual_value_and_what_is_unknown_is_refused() {
        let text = serde_json::json!({
            "channel": "trade", "msp": "Org1MSP", "certificate": "/nowhere/certificate.pem", "key": "key",
            "peers": [{ "url": "grpcs://peer.org1.example:7051", "msp": "Org1MSP" }],
        });
        assert_eq!(serde_json::from_value::<ChannelConfig<String>>(text.clone()).unwrap(), config());
        let mut unknown = text;
        unknown["chanel"] = "trade".into();
        serde_json::from_value::<ChannelConfig<String>>(unknown).unwrap_err();
    }

    #[test]
    fn an_error_names_the_key_at_fault() {
        let read = |secret: &String| Ok::<_, String>(secret.clone());
        let error = config().peers(read).unwrap_err();
        assert!(error.to_string().starts_with("certificate: /nowhere/certificate.pem: "), "{error}");

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("certificate.pem");
        fs::write(&path, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n").unwrap();
        let config = ChannelConfig { certificate: path, ..config() };
        let error = config.peers(read).unwrap_err();
        assert!(matches!(error, ConfigError::Identity(IdentityError::Key(_))), "{error}");
        let error = config.peers(|_| Err::<String, _>("no such credential")).unwrap_err();
        assert_eq!(error.to_string(), "key: no such credential");
    }
}
