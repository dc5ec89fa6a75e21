//! The pinned Fabric's binaries, and chaincode: built once, then found.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::NodeError;

/// What `go build` is asked for.
const PACKAGE: &str = "github.com/hyperledger/fabric/cmd/";
/// The commands of Fabric that a network needs.
const COMMANDS: [&str; 6] = ["peer", "orderer", "configtxgen", "configtxlator", "cryptogen", "osnadmin"];
/// Packages that one build compiles at once: tests share their machine with others.
const PARALLEL: &str = "2";

/// Where the pinned Fabric's binaries are.
#[derive(Debug, Clone)]
pub struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// Finds the binaries, building them first if this `go.mod` and `go.sum` have not been built yet.
    ///
    /// `CAUSEWAY_FABRIC` names a folder of binaries to use instead. Otherwise they live in `fabric/<digest>` of the target
    /// folder (`CARGO_TARGET_DIR`, else the workspace's `target`); a file lock lets tests that run in parallel build
    /// them once. Blocks for a minute or two when it has to build.
    ///
    /// # Errors
    /// [`NodeError::Unavailable`] when there is no Go, or it cannot build; [`NodeError::Io`] when the folder cannot be
    /// written.
    pub fn find() -> Result<Self, NodeError> {
        if let Some(given) = std::env::var_os("CAUSEWAY_FABRIC") {
            let folder = PathBuf::from(given);
            return match COMMANDS.iter().find(|command| !folder.join(command).is_file()) {
                None => Ok(Self { folder }),
                Some(missing) => Err(NodeError::Unavailable {
                    reason: format!("CAUSEWAY_FABRIC has no {missing}: {}", folder.display()),
                }),
            };
        }
        let module = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = target_folder().join("fabric").join(digest(module)?);
        let complete = folder.join("complete");
        if !complete.is_file() {
            let _lock = lock(&folder)?;
            // Whoever held the lock before us may have built them.
            if !complete.is_file() {
                let packages: Vec<String> = COMMANDS.iter().map(|name| format!("{PACKAGE}{name}")).collect();
                build(module, &folder, &packages)?;
                File::create(&complete).map_err(NodeError::io("creating", &complete))?;
            }
        }
        Ok(Self { folder })
    }

    /// The path of one of them.
    pub(crate) fn path(&self, command: &str) -> PathBuf {
        self.folder.join(command)
    }
}

/// Builds the chaincode `package` (such as `./cmd/gateway`) of the Go module in `module`, and answers its binary.
///
/// # Errors
/// As [`Binaries::find`].
pub async fn build_chaincode(module: &Path, package: &str) -> Result<PathBuf, NodeError> {
    let (module, package) = (module.to_owned(), package.to_owned());
    let built = tokio::task::spawn_blocking(move || {
        let module = module.canonicalize().map_err(NodeError::io("finding", &module))?;
        let named = Sha256::digest(format!("{}\n{package}", module.display()));
        let folder = target_folder().join("fabric/chaincode").join(const_hex::encode(&named[..8]));
        let _lock = lock(&folder)?;
        let (new, binary) = (folder.join("chaincode.new"), folder.join("chaincode"));
        // Go's own cache knows what has changed. A running chaincode keeps the file it was started from.
        build(&module, &new, &[package])?;
        fs::rename(&new, &binary).map_err(NodeError::io("renaming to", &binary))?;
        Ok(binary)
    });
    built
        .await
        .map_err(|error| NodeError::Unavailable { reason: format!("the build did not finish: {error}") })?
}

/// The folder that build products of this workspace go to.
fn target_folder() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    // An absolute CARGO_TARGET_DIR replaces the workspace in `join`, a relative one is meant from there.
    workspace.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Holds `folder`, created if need be, against other builders.
fn lock(folder: &Path) -> Result<File, NodeError> {
    fs::create_dir_all(folder).map_err(NodeError::io("creating", folder))?;
    let path = folder.join("lock");
    let lock = File::create(&path).map_err(NodeError::io("creating", &path))?;
    lock.lock().map_err(NodeError::io("locking", &path))?;
    Ok(lock)
}

/// Names a build by what it is built from.
fn digest(module: &Path) -> Result<String, NodeError> {
    let mut hash = Sha256::new();
    for name in ["go.mod", "go.sum"] {
        let path = module.join(name);
        hash.update(fs::read(&path).map_err(NodeError::io("reading", &path))?);
    }
    Ok(const_hex::encode(&hash.finalize()[..8]))
}

/// Runs `go build`; every failure of it means that what it builds is not available here.
fn build(module: &Path, output: &Path, packages: &[String]) -> Result<(), NodeError> {
    let run = Command::new("go")
        .args(["build", "-p", PARALLEL, "-mod=readonly", "-buildvcs=false", "-o"])
        .arg(output)
        .args(packages)
        .current_dir(module)
        .output();
    let reason = match run {
        Ok(done) if done.status.success() => return Ok(()),
        Ok(done) => {
            let said = String::from_utf8_lossy(&done.stderr);
            format!("`go build` ended with {}:\n{}", done.status, crate::command::last_lines(&said, 15))
        }
        Err(error) => format!("`go build` did not start: {error}"),
    };
    Err(NodeError::Unavailable { reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_named_by_go_mod_and_go_sum() {
        let module = Path::new(env!("CARGO_MANIFEST_DIR"));
        let other = tempfile::tempdir().unwrap();
        fs::copy(module.join("go.mod"), other.path().join("go.mod")).unwrap();
        fs::copy(module.join("go.sum"), other.path().join("go.sum")).unwrap();
        assert_eq!(digest(module).unwrap(), digest(other.path()).unwrap());

        fs::write(other.path().join("go.sum"), "another").unwrap();
        assert_ne!(digest(module).unwrap(), digest(other.path()).unwrap());
    }

    #[test]
    fn a_module_that_does_not_build_is_unavailable_and_says_why() {
        let empty = tempfile::tempdir().unwrap();
        let refused = build(empty.path(), &empty.path().join("peer"), &["./cmd/peer".into()]).unwrap_err();
        assert!(
            matches!(&refused, NodeError::Unavailable { reason } if reason.contains("go build")),
            "{refused}"
        );
    }
}
