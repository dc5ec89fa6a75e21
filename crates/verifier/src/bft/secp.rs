//! Seals: secp256k1 ECDSA on a 32-byte digest, low-s only, verified by known keys.

use causeway_protocol::{Address, Hash, keccak256};
use k256::ecdsa::signature::hazmat::PrehashVerifier;
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};

/// A public key: x ‖ y, as it is hashed into its address. Not compressed: undoing that costs a tenth of a verification.
pub type PublicKey = [u8; 64];

/// A signature that does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    /// r or s is zero or not below the curve's order.
    #[error("r or s is out of range")]
    OutOfRange,
    /// s lies in the upper half: the malleated twin of another seal.
    #[error("s is in the upper half of the curve's order")]
    HighS,
    /// The recovery id of a raw seal is none of 0, 1, 27, 28.
    #[error("v is {0}, expected 0, 1, 27 or 28")]
    RecoveryId(u8),
    /// The key that was recorded for the validator is no key, or belongs to another address.
    #[error("the recorded key does not belong to the validator's address")]
    KeyOfAnother,
    /// The validator did not sign this digest.
    #[error("the validator's key did not sign this header")]
    NotSigned,
}

/// A signature in the one form that evidence carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LowSignature(Signature);

impl LowSignature {
    /// From r ‖ s. Refuses s in the upper half.
    pub(crate) fn from_bytes(bytes: &[u8; 64]) -> Result<Self, SealFault> {
        let signature = Signature::from_slice(bytes).map_err(|_| SealFault::OutOfRange)?;
        if signature.normalize_s() == signature { Ok(Self(signature)) } else { Err(SealFault::HighS) }
    }

    /// Whether `key` made it over `digest`.
    pub(crate) fn verify(&self, key: &VerifyingKey, digest: Hash) -> Result<(), SealFault> {
        key.verify_prehash(&digest.0, &self.0).map_err(|_| SealFault::NotSigned)
    }

    /// The key of `address` that made it over `digest`, by trying both parities.
    pub(crate) fn recover(&self, address: Address, digest: Hash) -> Result<VerifyingKey, SealFault> {
        [false, true]
            .into_iter()
            .filter_map(|odd| {
                VerifyingKey::recover_from_prehash(&digest.0, &self.0, RecoveryId::new(odd, false)).ok()
            })
            .find(|key| address_of(key) == address)
            .ok_or(SealFault::NotSigned)
    }

    /// r ‖ s.
    pub(crate) fn to_bytes(self) -> [u8; 64] {
        self.0.to_bytes().into()
    }
}

/// A seal as nodes store it (r ‖ s ‖ v, s in either half): who signed, with which key, and the seal in evidence form.
pub(crate) fn recover_raw(raw: &[u8; 65], digest: Hash) -> Result<(VerifyingKey, LowSignature), SealFault> {
    let (signature, v) = (&raw[..64], raw[64]);
    let odd = match v {
        0 | 27 => false,
        1 | 28 => true,
        other => return Err(SealFault::RecoveryId(other)),
    };
    let signature = Signature::from_slice(signature).map_err(|_| SealFault::OutOfRange)?;
    let key = VerifyingKey::recover_from_prehash(&digest.0, &signature, RecoveryId::new(odd, false))
        .map_err(|_| SealFault::NotSigned)?;
    Ok((key, LowSignature(signature.normalize_s())))
}

/// The address of a key: the last 20 bytes of keccak-256 of its 64 bytes.
pub(crate) fn address_of(key: &VerifyingKey) -> Address {
    address_of_bytes(&key_bytes(key))
}

fn address_of_bytes(key: &PublicKey) -> Address {
    let hash = keccak256(key);
    let mut address = [0; 20];
    address.copy_from_slice(&hash.0[12..]);
    Address(address)
}

/// The bytes of a key.
pub(crate) fn key_bytes(key: &VerifyingKey) -> PublicKey {
    let mut bytes = [0; 64];
    bytes.copy_from_slice(&key.to_sec1_point(false).as_bytes()[1..]);
    bytes
}

/// The key of `address` that was recorded: it has to be on the curve, and its own.
pub(crate) fn known_key(bytes: &PublicKey, address: Address) -> Result<VerifyingKey, SealFault> {
    if address_of_bytes(bytes) != address {
        return Err(SealFault::KeyOfAnother);
    }
    let mut point = [4; 65];
    point[1..].copy_from_slice(bytes);
    VerifyingKey::from_sec1_bytes(&point).map_err(|_| SealFault::KeyOfAnother)
}

#[cfg(test)]
mod wycheproof;
