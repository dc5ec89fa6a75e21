//! The `geth` binary of the pinned GoQuorum: built once, then found.

use std::path::PathBuf;

use causeway_process::GoModule;

use crate::NodeError;

/// What `go build` is asked for; `go.mod` replaces it by GoQuorum.
const PACKAGE: &str = "github.com/ethereum/go-ethereum/cmd/geth";

/// Path of the GoQuorum binary, built first where it has not been built yet, which takes a minute or two. It is kept in the
/// user's cache. `CAUSEWAY_GOQUORUM` names a binary to use instead.
///
/// # Errors
/// [`NodeError::Unavailable`] when there is no Go, or it cannot build; [`NodeError::Io`] when the folder cannot be
/// written.
pub async fn geth() -> Result<PathBuf, NodeError> {
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
    let module = GoModule {
        name: "goquorum",
        files: vec![
            ("go.mod".into(), include_bytes!("../go.mod").to_vec()),
            ("go.sum".into(), include_bytes!("../go.sum").to_vec()),
        ],
        packages: vec![PACKAGE.into()],
        // Its dependencies reach into the Go runtime by name, which newer linkers refuse by default.
        flags: vec!["-ldflags=-checklinkname=0".into()],
    };
    Ok(module.programs().await?.join("geth"))
}
