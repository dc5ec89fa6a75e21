//! The log's signing keys, from their files.

use std::path::PathBuf;

use causeway_log::{KeyKind, NoteSigner};
use zeroize::Zeroizing;

use crate::serve::HubError;

/// Reads every key. Each file holds one, as `PRIVATE+KEY+<name>+<id>+<base64>`; its name has to be the log's origin.
pub(crate) fn read(files: &[PathBuf], origin: &str) -> Result<Vec<NoteSigner>, HubError> {
    files.iter().map(|file| read_one(file, origin)).collect()
}

fn read_one(file: &std::path::Path, origin: &str) -> Result<NoteSigner, HubError> {
    let refuse = |why: String| HubError::LogKey { path: file.display().to_string(), why };
    let text =
        std::fs::read_to_string(file).map(Zeroizing::new).map_err(|error| refuse(error.to_string()))?;
    let signer: NoteSigner =
        text.trim().parse().map_err(|error: causeway_log::KeyError| refuse(error.to_string()))?;
    let verifier = signer.verifier();
    if verifier.name().as_str() != origin {
        return Err(refuse(format!("the key is named {}, the log {origin}", verifier.name())));
    }
    if verifier.kind() != KeyKind::Note {
        return Err(refuse("a witness's key cannot sign a log's checkpoints".to_owned()));
    }
    Ok(signer)
}
