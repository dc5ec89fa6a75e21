//! The `geth` binary of the pinned GoQuorum: built once, then found.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use tiny_keccak::{Hasher, Keccak};

use crate::NodeError;

/// What `go build` is asked for; `go.mod` replaces it by GoQuorum.
const PACKAGE: &str = "github.com/ethereum/go-ethereum/cmd/geth";

/// Path of the GoQuorum binary, built first if this `go.mod` and `go.sum` have not been built yet.
///
/// `CAUSEWAY_GOQUORUM` names a binary to use instead. Otherwise it lives in `goquorum/<digest>/geth` of the target
/// folder (`CARGO_TARGET_DIR`, else the workspace's `target`); a file lock lets tests that run in parallel build
/// it once. Blocks for a minute or two when it has to build.
///
/// # Errors
/// [`NodeError::Unavailable`] when there is no Go, or it cannot build; [`NodeError::Io`] when the folder cannot be
/// written.
pub fn geth() -> Result<PathBuf, NodeError> {
    if let Some(given) = std::env::var_os("CAUSEWAY_GOQUORUM") {
        let given = PathBuf::from(given);
        return if given.is_file() {
            Ok(given)
        } else {
            Err(NodeError::Unavailable {
                reason: format!("CAUSEWAY_GOQUORUM names no file: {}", given.display()),
            })
        };
    }
    let module = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = target_folder(module).join("goquorum").join(digest(module)?);
    let binary = folder.join("geth");
    if binary.is_file() {
        return Ok(binary);
    }
    fs::create_dir_all(&folder).map_err(NodeError::io("creating", &folder))?;
    let lock_path = folder.join("lock");
    let lock = File::create(&lock_path).map_err(NodeError::io("creating", &lock_path))?;
    lock.lock().map_err(NodeError::io("locking", &lock_path))?;
    // Whoever held the lock before us may have built it.
    if !binary.is_file() {
        build(module, &folder.join("geth.new"))?;
        fs::rename(folder.join("geth.new"), &binary).map_err(NodeError::io("renaming to", &binary))?;
    }
    Ok(binary)
}

/// The folder that build products of this workspace go to.
fn target_folder(module: &Path) -> PathBuf {
    let workspace = module.join("../../..");
    // An absolute CARGO_TARGET_DIR replaces the workspace in `join`, a relative one is meant from there.
    workspace.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Names a build by what it is built from.
fn digest(module: &Path) -> Result<String, NodeError> {
    let mut keccak = Keccak::v256();
    for name in ["go.mod", "go.sum"] {
        let path = module.join(name);
        keccak.update(&fs::read(&path).map_err(NodeError::io("reading", &path))?);
    }
    let mut hash = [0; 32];
    keccak.finalize(&mut hash);
    Ok(const_hex::encode(&hash[..8]))
}

/// Runs `go build`; every failure of it means that the node is not available here.
fn build(module: &Path, output: &Path) -> Result<(), NodeError> {
    let run = Command::new("go")
        .args(["build", "-mod=readonly", "-buildvcs=false"])
        // Its dependencies reach into the Go runtime by name, which newer linkers refuse by default.
        .arg("-ldflags=-checklinkname=0")
        .arg("-o")
        .arg(output)
        .arg(PACKAGE)
        .current_dir(module)
        .output();
    let reason = match run {
        Ok(done) if done.status.success() => return Ok(()),
        Ok(done) => {
            let said = String::from_utf8_lossy(&done.stderr);
            let lines: Vec<&str> = said.lines().rev().take(15).collect();
            let tail: Vec<&str> = lines.into_iter().rev().collect();
            format!("`go build` ended with {}:\n{}", done.status, tail.join("\n"))
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
        let refused = build(empty.path(), &empty.path().join("geth")).unwrap_err();
        assert!(
            matches!(&refused, NodeError::Unavailable { reason } if reason.contains("go build")),
            "{refused}"
        );
    }
}
