//! ECDSA on P-256 over SHA-256, as Fabric's nodes sign: strict DER, low s.
//!
//! Natively by aws-lc-rs, in WebAssembly by p256.

use sha2::{Digest, Sha256};

/// SHA-256 over parts in order.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().into()
}
