//! Chaincode as a service: its package, and the builder scripts that make a peer take it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::node::Server;
use crate::{NodeError, Policy};

/// A chaincode to run and define on the channel.
#[derive(Debug, Clone)]
pub struct Chaincode {
    /// Its name on the channel.
    pub name: String,
    /// The program: it serves at `CHAINCODE_SERVER_ADDRESS` as `CHAINCODE_ID`, without TLS.
    pub binary: PathBuf,
    /// Whose endorsements its transactions need.
    pub policy: Policy,
    /// The program's arguments.
    pub arguments: Vec<String>,
    /// What else its environment holds.
    pub environment: Vec<(String, String)>,
}

impl Chaincode {
    /// A chaincode whose program takes no arguments and nothing else from its environment.
    pub fn new(name: &str, binary: PathBuf, policy: Policy) -> Self {
        Self { name: name.into(), binary, policy, arguments: Vec::new(), environment: Vec::new() }
    }
}

/// A chaincode of the network.
#[derive(Debug)]
pub(crate) struct Deployed {
    pub(crate) name: String,
    pub(crate) policy: Policy,
    pub(crate) sequence: u64,
    pub(crate) package: Package,
    pub(crate) server: Server,
}

/// What is installed on peers.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    /// `label:hash`; the label is the chaincode's name.
    pub(crate) id: String,
    /// Its file.
    pub(crate) path: PathBuf,
}

/// Writes the package of a chaincode that serves at `address` into `folder`.
pub(crate) fn package(folder: &Path, name: &str, address: &str) -> Result<Package, NodeError> {
    let path = folder.join(format!("{name}.tar.gz"));
    let connection = json!({ "address": address, "dial_timeout": "10s", "tls_required": false }).to_string();
    let metadata = json!({ "type": "ccaas", "label": name }).to_string();
    let failed = NodeError::io("packing", &path);
    let packed = archive(&[("connection.json", connection.as_bytes())])
        .and_then(|code| archive(&[("metadata.json", metadata.as_bytes()), ("code.tar.gz", &code)]));
    let bytes = packed.map_err(failed)?;
    fs::write(&path, &bytes).map_err(NodeError::io("writing", &path))?;
    Ok(Package { id: format!("{name}:{}", const_hex::encode(Sha256::digest(&bytes))), path })
}

/// A compressed archive of small files.
fn archive(files: &[(&str, &[u8])]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, *bytes)?;
    }
    archive.into_inner()?.finish()
}

/// Writes the external builder into `folder`: a peer asks it whether a package is its business, and takes from it where the
/// chaincode serves.
pub(crate) fn write_builder(folder: &Path) -> Result<(), NodeError> {
    use std::os::unix::fs::PermissionsExt as _;
    let scripts = [
        ("detect", "#!/bin/sh\ngrep -q '\"type\":\"ccaas\"' \"$2/metadata.json\"\n"),
        ("build", "#!/bin/sh\ncp \"$1/connection.json\" \"$3/\"\n"),
        (
            "release",
            "#!/bin/sh\nmkdir -p \"$2/chaincode/server\" && cp \"$1/connection.json\" \"$2/chaincode/server/\"\n",
        ),
    ];
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).map_err(NodeError::io("creating", &bin))?;
    for (name, script) in scripts {
        let path = bin.join(name);
        fs::write(&path, script).map_err(NodeError::io("writing", &path))?;
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&path, executable).map_err(NodeError::io("marking as executable", &path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_package_says_what_it_is_and_where_it_serves() {
        let folder = tempfile::tempdir().unwrap();
        let package = package(folder.path(), "gateway", "127.0.0.1:20000").unwrap();
        let bytes = fs::read(&package.path).unwrap();
        assert_eq!(package.id, format!("gateway:{}", const_hex::encode(Sha256::digest(&bytes))));

        let contents = |bytes: &[u8]| {
            let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
            let mut files = Vec::new();
            for entry in archive.entries().unwrap() {
                let mut entry = entry.unwrap();
                let mut contents = Vec::new();
                entry.read_to_end(&mut contents).unwrap();
                files.push((entry.path().unwrap().display().to_string(), contents));
            }
            files
        };
        let outer = contents(&bytes);
        assert_eq!(outer[0], ("metadata.json".into(), br#"{"label":"gateway","type":"ccaas"}"#.to_vec()));
        assert_eq!(outer[1].0, "code.tar.gz");
        let inner = contents(&outer[1].1);
        assert_eq!(inner[0].0, "connection.json");
        assert!(String::from_utf8_lossy(&inner[0].1).contains("127.0.0.1:20000"));
    }

    #[test]
    fn the_builder_takes_a_service_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        write_builder(folder.path()).unwrap();
        let detects = |metadata: &str| {
            fs::write(folder.path().join("metadata.json"), metadata).unwrap();
            let detect = folder.path().join("bin/detect");
            std::process::Command::new(detect).arg("source").arg(folder.path()).status().unwrap().success()
        };
        assert!(detects(r#"{"label":"gateway","type":"ccaas"}"#));
        assert!(!detects(r#"{"label":"gateway","type":"golang"}"#));
    }
}
