//! Keys and secrets of the sandbox. New ones each time: nothing in a sandbox is worth keeping a key for.

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

fn random(whom: &str) -> Result<[u8; 32], SandboxError> {
    let mut bytes = [0; 32];
    OsRng.try_fill_bytes(&mut bytes).map_err(|_| SandboxError::Randomness(whom.to_owned()))?;
    Ok(bytes)
}
