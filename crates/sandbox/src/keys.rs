//! Keys and secrets of the sandbox. New ones each time, but for the log's: a log that is kept goes on under its key.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use causeway_log::{KeyKind, KeyName, NoteSigner, VerifierKey};
use causeway_protocol::LocalSigner;
use rand::TryRngCore;
use rand::rngs::OsRng;

use crate::SandboxError;

/// A new random key for `whom`.
pub(crate) fn signer(whom: &str) -> Result<LocalSigner, SandboxError> {
    // Nearly every 32 bytes are a key; those that are not are drawn again.
    for _ in 0..8 {
        if let Ok(signer) = LocalSigner::from_bytes(&random(whom)?) {
            return Ok(signer);
        }
    }
    Err(SandboxError::Randomness(whom.to_owned()))
}

/// A new random bearer token for `whom`.
pub(crate) fn secret(whom: &str) -> Result<String, SandboxError> {
    Ok(format!("causeway_{}", const_hex::encode(random(whom)?)))
}

/// The key that signs the log of `origin`, from `file`; a new one where there is none. Answers what readers know it by.
pub(crate) fn log_key(file: &Path, origin: &str) -> Result<VerifierKey, SandboxError> {
    let unfit = |_| SandboxError::LogKey(file.to_owned());
    if file.exists() {
        let text = std::fs::read_to_string(file).map_err(SandboxError::files(file))?;
        let signer: NoteSigner = text.trim().parse().map_err(unfit)?;
        return Ok(signer.verifier().clone());
    }
    let name = KeyName::new(origin).map_err(unfit)?;
    let signer = NoteSigner::new(name, KeyKind::Note, &random("the log")?).map_err(unfit)?;
    let mut made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map_err(SandboxError::files(file))?;
    made.write_all(signer.to_secret_text().as_bytes()).map_err(SandboxError::files(file))?;
    Ok(signer.verifier().clone())
}

fn random(whom: &str) -> Result<[u8; 32], SandboxError> {
    let mut bytes = [0; 32];
    OsRng.try_fill_bytes(&mut bytes).map_err(|_| SandboxError::Randomness(whom.to_owned()))?;
    Ok(bytes)
}
