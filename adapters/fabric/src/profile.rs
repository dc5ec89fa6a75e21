//! Connection profiles: the file, in YAML or JSON, in which Fabric's own tools and SDKs name a network's nodes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{PeerSettings, TlsSettings};

/// What a connection profile says of a network's nodes.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The channels it names.
    pub channels: Vec<String>,
    /// The peers that belong to an organisation, in the order of their names.
    pub peers: Vec<PeerSettings>,
    /// The orderers, in the order of their names.
    pub orderers: Vec<PeerSettings>,
}

/// A file that is no connection profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The profile, or a file that it names, cannot be read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// Neither the JSON nor the YAML that a profile is.
    #[error("{path}: expected a connection profile, in YAML or JSON: {why}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        why: String,
    },
    /// An organisation names a peer that the profile does not describe.
    #[error("organisation {organisation} has peer {peer}, which the profile does not describe")]
    NoPeer {
        /// The organisation's MSP id.
        organisation: String,
        /// The peer.
        peer: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    channels: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    organizations: BTreeMap<String, Organisation>,
    #[serde(default)]
    orderers: BTreeMap<String, Node>,
    #[serde(default)]
    peers: BTreeMap<String, Node>,
}

#[derive(Deserialize)]
struct Organisation {
    mspid: String,
    #[serde(default)]
    peers: Vec<String>,
}

#[derive(Deserialize)]
struct Node {
    url: String,
    #[serde(default, rename = "tlsCACerts")]
    roots: Roots,
    #[serde(default, rename = "grpcOptions")]
    options: Options,
}

#[derive(Default, Deserialize)]
struct Roots {
    pem: Option<Pem>,
    path: Option<PathBuf>,
}

/// Some writers put certificates into a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Pem {
    One(String),
    Several(Vec<String>),
}

/// The name in a node's certificate, by either of its names; writers like to give both.
#[derive(Default, Deserialize)]
struct Options {
    #[serde(rename = "ssl-target-name-override")]
    target: Option<String>,
    #[serde(rename = "hostnameOverride")]
    host: Option<String>,
}

impl Profile {
    /// Reads the profile at `path`; files that it names are looked for beside it. `identity` is our TLS certificate and secret
    /// key, PEM, for nodes that ask for one: a profile has none.
    pub fn read(path: &Path, identity: Option<(String, String)>) -> Result<Self, ProfileError> {
        let text = read(path)?;
        let file = parse(&text).map_err(|why| ProfileError::Form { path: path.into(), why })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let settings = |node: &Node, msp: &str| {
            let roots = match (&node.roots.pem, &node.roots.path) {
                (Some(Pem::One(pem)), _) => pem.clone(),
                (Some(Pem::Several(pems)), _) => pems.join("\n"),
                (None, Some(path)) => read(&folder.join(path))?,
                (None, None) => String::new(),
            };
            let name = node.options.target.clone().or_else(|| node.options.host.clone());
            let tls = TlsSettings { roots, name, identity: identity.clone() };
            Ok(PeerSettings { url: node.url.clone(), msp: msp.into(), tls })
        };
        let mut peers = BTreeMap::new();
        for Organisation { mspid, peers: names } in file.organizations.values() {
            for name in names {
                let node = file.peers.get(name).ok_or_else(|| ProfileError::NoPeer {
                    organisation: mspid.clone(),
                    peer: name.clone(),
                })?;
                peers.insert(name, settings(node, mspid)?);
            }
        }
        let orderers = file.orderers.values().map(|node| settings(node, ""));
        Ok(Self {
            orderers: orderers.collect::<Result<_, _>>()?,
            peers: peers.into_values().collect(),
            channels: file.channels.into_keys().collect(),
        })
    }
}

/// JSON where it looks like it: nearly all JSON is YAML, but not all.
fn parse(text: &str) -> Result<File, String> {
    if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| error.to_string())
    } else {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }
}

fn read(path: &Path) -> Result<String, ProfileError> {
    fs::read_to_string(path).map_err(|source| ProfileError::File { path: path.into(), source })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_profile_names_the_peers_of_each_organisation_and_how_they_are_called() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("orderer.pem"), "ORDERER").unwrap();
        let profile = json!({
            "name": "trade", "version": "1.0.0",
            "client": { "organization": "Org1" },
            "channels": { "trade": { "orderers": ["orderer0"], "peers": { "peer0.org1": {} } } },
            "organizations": {
                "Org1": { "mspid": "Org1MSP", "peers": ["peer0.org1"], "certificateAuthorities": ["ca"] },
                "Org2": { "mspid": "Org2MSP", "peers": ["peer0.org2"] },
            },
            "orderers": { "orderer0": {
                "url": "grpcs://orderer0:7050", "tlsCACerts": { "path": "orderer.pem" },
            } },
            "peers": {
                "peer0.org2": { "url": "grpcs://b:7051", "tlsCACerts": { "pem": ["TWO", "MORE"] } },
                "peer0.org1": {
                    "url": "grpcs://a:7051", "tlsCACerts": { "pem": "ONE" },
                    "grpcOptions": { "ssl-target-name-override": "peer0.org1", "hostnameOverride": "other" },
                },
            },
        });
        let path = folder.path().join("profile.json");
        fs::write(&path, profile.to_string()).unwrap();
        let read = Profile::read(&path, None).unwrap();
        assert_eq!(read.channels, ["trade"]);
        let peers: Vec<_> = read
            .peers
            .iter()
            .map(|peer| (peer.url.as_str(), peer.msp.as_str(), peer.tls.roots.as_str()))
            .collect();
        assert_eq!(peers, [("grpcs://a:7051", "Org1MSP", "ONE"), ("grpcs://b:7051", "Org2MSP", "TWO\nMORE")]);
        assert_eq!(read.peers[0].tls.name.as_deref(), Some("peer0.org1"));
        assert_eq!(read.orderers[0].tls.roots, "ORDERER");
    }

    /// As the scripts write it that come with Fabric's own test network.
    #[test]
    fn a_profile_in_yaml_is_read_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connection-org1.yaml");
        let text = "---
name: test-network-org1
version: 1.0.0
client:
  organization: Org1
  connection:
    timeout:
      peer:
        endorser: '300'
organizations:
  Org1:
    mspid: Org1MSP
    peers:
    - peer0.org1.example.com
    certificateAuthorities:
    - ca.org1.example.com
peers:
  peer0.org1.example.com:
    url: grpcs://localhost:7051
    tlsCACerts:
      pem: |
          -----BEGIN CERTIFICATE-----
          MIIC
          -----END CERTIFICATE-----
    grpcOptions:
      ssl-target-name-override: peer0.org1.example.com
      hostnameOverride: peer0.org1.example.com
certificateAuthorities:
  ca.org1.example.com:
    url: https://localhost:7054
    caName: ca-org1
    tlsCACerts:
      pem:
        - |
          -----BEGIN CERTIFICATE-----
          -----END CERTIFICATE-----
    httpOptions:
      verify: false
";
        fs::write(&path, text).unwrap();
        let read = Profile::read(&path, None).unwrap();
        assert!(read.channels.is_empty() && read.orderers.is_empty());
        let [peer] = &read.peers[..] else { panic!("{:?}", read.peers) };
        assert_eq!((peer.url.as_str(), peer.msp.as_str()), ("grpcs://localhost:7051", "Org1MSP"));
        assert_eq!(peer.tls.roots, "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n");
        assert_eq!(peer.tls.name.as_deref(), Some("peer0.org1.example.com"));
    }

    #[test]
    fn a_profile_that_grows_as_it_is_read_is_refused() {
        let lines = (1..12).map(|level| {
            let below = format!("*a{}", level - 1);
            format!("a{level}: &a{level} [{}]\n", [below.as_str(); 10].join(", "))
        });
        let text = format!("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n{}", lines.collect::<String>());
        let started = std::time::Instant::now();
        assert!(parse(&text).is_err());
        assert!(started.elapsed() < std::time::Duration::from_secs(5));
    }

    #[test]
    fn what_is_no_profile_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profile.json");
        assert!(matches!(Profile::read(&path, None), Err(ProfileError::File { .. })));
        for text in ["{\"peers\": [1]}", "peers: [1]", "peers:\n  a: {}\n", "a: *b"] {
            fs::write(&path, text).unwrap();
            assert!(matches!(Profile::read(&path, None), Err(ProfileError::Form { .. })), "{text:?}");
        }
        let lost = json!({ "organizations": { "Org1": { "mspid": "Org1MSP", "peers": ["gone"] } } });
        fs::write(&path, lost.to_string()).unwrap();
        let error = Profile::read(&path, None).unwrap_err();
        assert!(matches!(&error, ProfileError::NoPeer { peer, .. } if peer == "gone"), "{error}");
    }
}
