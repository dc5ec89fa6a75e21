//! Organisations' keys and certificates, as `cryptogen` makes them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::command::Tool;
use crate::node::Server;
use crate::{Binaries, NodeError};

/// The domain of the organisation that orders.
pub(crate) const ORDERER_DOMAIN: &str = "orderer.example";
/// The orderer's host name in it.
pub(crate) const ORDERER_NAME: &str = "orderer0.orderer.example";

/// One organisation with peers.
#[derive(Debug)]
pub struct Organisation {
    pub(crate) msp: String,
    pub(crate) domain: String,
    pub(crate) folder: PathBuf,
    pub(crate) peers: Vec<Server>,
}

/// Somebody who can sign: a user of an organisation.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The MSP's id.
    pub msp: String,
    /// The MSP folder that Fabric's tools read.
    pub(crate) folder: PathBuf,
    /// Where its TLS certificate, key and root stand.
    pub(crate) tls: TlsFiles,
    /// The certificate, PEM.
    pub certificate: String,
    /// The P-256 secret key, PKCS #8 in PEM.
    pub key: String,
}

/// The files of somebody's TLS.
#[derive(Debug, Clone)]
pub(crate) struct TlsFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) root: PathBuf,
}

impl TlsFiles {
    /// Of a node or user whose keys `cryptogen` put into `folder`; `role` is `server` or `client`.
    pub(crate) fn of(folder: &Path, role: &str) -> Self {
        let folder = folder.join("tls");
        Self {
            certificate: folder.join(format!("{role}.crt")),
            key: folder.join(format!("{role}.key")),
            root: folder.join("ca.crt"),
        }
    }
}

impl Organisation {
    /// The organisation with this number, from 1, and no peers yet.
    pub(crate) fn numbered(crypto: &Path, number: usize) -> Self {
        let domain = format!("org{number}.example");
        let folder = crypto.join("peerOrganizations").join(&domain);
        Self { msp: format!("Org{number}MSP"), domain, folder, peers: Vec::new() }
    }

    /// Its MSP's id.
    pub fn msp(&self) -> &str {
        &self.msp
    }

    /// Where its peers listen, `127.0.0.1:port`.
    pub fn peer_addresses(&self) -> Vec<String> {
        self.peers.iter().map(Server::address).collect()
    }

    /// Where its first peer listens.
    pub(crate) fn first_peer(&self) -> Result<String, NodeError> {
        let none = || NodeError::NoSuch { what: "peer of", name: self.msp.clone() };
        self.peers.first().map(Server::address).ok_or_else(none)
    }

    /// A user of it: `Admin`, or a client, `User1`.
    pub fn user(&self, name: &str) -> Result<Identity, NodeError> {
        Identity::read(&self.msp, &self.folder.join(format!("users/{name}@{}", self.domain)), "client")
    }

    /// The identity of one of its peers, from 0: its certificate is one of a peer, not of a client.
    pub fn peer_identity(&self, index: usize) -> Result<Identity, NodeError> {
        Identity::read(&self.msp, &self.peer_folder(index), "server")
    }

    /// The certificate that its TLS certificates chain to, PEM.
    pub fn tls_root(&self) -> Result<String, NodeError> {
        read(&self.tls_root_file())
    }

    /// The file of [`Self::tls_root`].
    pub(crate) fn tls_root_file(&self) -> PathBuf {
        TlsFiles::of(&self.peer_folder(0), "server").root
    }

    /// Where the keys of one of its peers are.
    pub(crate) fn peer_folder(&self, index: usize) -> PathBuf {
        self.folder.join(format!("peers/peer{index}.{}", self.domain))
    }
}

impl Identity {
    fn read(msp: &str, folder: &Path, role: &str) -> Result<Self, NodeError> {
        let tls = TlsFiles::of(folder, role);
        let folder = folder.join("msp");
        let certificate = only_file(&folder.join("signcerts"))?;
        let key = only_file(&folder.join("keystore"))?;
        Ok(Self { msp: msp.into(), folder, tls, certificate, key })
    }

    /// Its TLS certificate and secret key, PEM: every node here asks for one.
    pub fn tls(&self) -> Result<(String, String), NodeError> {
        Ok((read(&self.tls.certificate)?, read(&self.tls.key)?))
    }
}

fn read(path: &Path) -> Result<String, NodeError> {
    fs::read_to_string(path).map_err(NodeError::io("reading", path))
}

/// The contents of the one file of a folder.
fn only_file(folder: &Path) -> Result<String, NodeError> {
    let mut entries = fs::read_dir(folder).map_err(NodeError::io("listing", folder))?;
    let entry = entries.next().transpose().map_err(NodeError::io("listing", folder))?;
    let path = entry.ok_or_else(|| NodeError::shape(folder.display().to_string(), "a file", "none"))?.path();
    read(&path)
}

/// Makes the keys of the orderer, and of organisations 1 to `organisations` with `peers` peers each.
pub(crate) async fn generate(
    binaries: &Binaries,
    folder: &Path,
    organisations: std::ops::RangeInclusive<usize>,
    peers: usize,
) -> Result<(), NodeError> {
    let with_peers: Vec<Value> = organisations
        .map(|number| {
            json!({
                "Name": format!("Org{number}"),
                "Domain": format!("org{number}.example"),
                "EnableNodeOUs": true,
                "Template": { "Count": peers, "SANS": ["127.0.0.1"] },
                "Users": { "Count": 1 },
            })
        })
        .collect();
    let orderer = json!({
        "Name": "Orderer",
        "Domain": ORDERER_DOMAIN,
        "EnableNodeOUs": true,
        "Specs": [{ "Hostname": "orderer0", "SANS": ["127.0.0.1"] }],
    });
    let crypto = folder.join("crypto");
    // Adding to what is there must not ask for the orderer again.
    let orderers = if crypto.exists() { json!([]) } else { json!([orderer]) };
    let config = folder.join("crypto-config.yaml");
    // JSON is YAML.
    let text = json!({ "OrdererOrgs": orderers, "PeerOrgs": with_peers }).to_string();
    fs::write(&config, text).map_err(NodeError::io("writing", &config))?;
    let flags = [format!("--config={}", config.display()), format!("--output={}", crypto.display())];
    let arguments = ["generate".to_owned()].into_iter().chain(flags).collect::<Vec<_>>();
    Tool::new(binaries, "cryptogen", &arguments).run().await.map(drop)
}
