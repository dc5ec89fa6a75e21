//! secp256k1 signatures as gateways check them: 65 bytes, low-s, v 27 or 28.

use k256::ecdsa::{RecoveryId, Signature as EcdsaSignature, SigningKey, VerifyingKey};

use crate::hash::{Hasher, bytes_newtype};
use crate::{Address, Hash};

/// A signature: r ‖ s ‖ v.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature(pub [u8; 65]);

bytes_newtype!(Signature, 65);

/// A signature that proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The recovery id is not 27 or 28.
    #[error("v is {0}, expected 27 or 28")]
    RecoveryId(u8),
    /// s lies in the upper half of the order: a malleated twin of another signature.
    #[error("s is in the upper half of the curve's order")]
    HighS,
    /// r and s are out of range, or lead to no key.
    #[error("r and s recover no public key")]
    NoKey,
}

impl Signature {
    /// Who signed `digest`: the address of the key that this signature recovers.
    pub fn signer(&self, digest: Hash) -> Result<Address, SignatureError> {
        let parity = match self.0[64] {
            27 => 0,
            28 => 1,
            other => return Err(SignatureError::RecoveryId(other)),
        };
        let signature = EcdsaSignature::from_slice(&self.0[..64]).map_err(|_| SignatureError::NoKey)?;
        if signature.normalize_s() != signature {
            return Err(SignatureError::HighS);
        }
        let id = RecoveryId::from_byte(parity).ok_or(SignatureError::RecoveryId(parity))?;
        let key = VerifyingKey::recover_from_prehash(&digest.0, &signature, id)
            .map_err(|_| SignatureError::NoKey)?;
        Ok(address_of(&key))
    }
}

/// The address of a public key: the last 20 bytes of keccak-256 of its 64 bytes.
fn address_of(key: &VerifyingKey) -> Address {
    let point = key.to_sec1_point(false);
    let hash = crate::keccak256(&point.as_bytes()[1..]);
    let mut address = [0; 20];
    address.copy_from_slice(&hash.0[12..]);
    Address(address)
}

/// Something that holds a key and signs digests with it: a local key now, a remote or hardware one behind the same trait.
pub trait Signer: Send + Sync {
    /// The address its signatures recover to.
    fn address(&self) -> Address;
    /// Signs a 32-byte digest.
    fn sign(&self, digest: Hash) -> Result<Signature, SignError>;
}

/// A key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The bytes are no secp256k1 secret key.
    #[error("expected a secp256k1 secret key as 0x and 64 hex digits")]
    NotAKey,
    /// The holder of the key did not answer with a signature.
    #[error("the signer refused: {0}")]
    Refused(String),
}

/// A key in memory, wiped when dropped.
pub struct LocalSigner {
    key: SigningKey,
    address: Address,
}

impl LocalSigner {
    /// A signer for the secret key `secret`.
    pub fn from_bytes(secret: &[u8; 32]) -> Result<Self, SignError> {
        let key = SigningKey::from_slice(secret).map_err(|_| SignError::NotAKey)?;
        let address = address_of(key.verifying_key());
        Ok(Self { key, address })
    }

    /// A signer for a secret key as `0x` and 64 hex digits; white space around it is ignored.
    pub fn from_hex(text: &str) -> Result<Self, SignError> {
        let digits = text.trim().strip_prefix("0x").ok_or(SignError::NotAKey)?;
        let mut secret = zeroize::Zeroizing::new([0; 32]);
        const_hex::decode_to_slice(digits, secret.as_mut_slice()).map_err(|_| SignError::NotAKey)?;
        Self::from_bytes(&secret)
    }
}

impl core::fmt::Debug for LocalSigner {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LocalSigner").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Signer for LocalSigner {
    fn address(&self) -> Address {
        self.address
    }

    fn sign(&self, digest: Hash) -> Result<Signature, SignError> {
        let (signature, id) = self.key.sign_prehash_recoverable(&digest.0);
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = 27 + id.to_byte();
        Ok(Signature(bytes))
    }
}

/// The EIP-712 domain of attestations and rotations: `EIP712Domain(string name,string version,bytes32 salt)` =
/// ("Causeway", "1", the gateway that checks).
pub fn domain_separator(gateway: crate::GatewayId) -> Hash {
    Hasher::new()
        .hashed(b"EIP712Domain(string name,string version,bytes32 salt)")
        .hashed(b"Causeway")
        .hashed(b"1")
        .word(gateway)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> LocalSigner {
        LocalSigner::from_bytes(&[7; 32]).unwrap()
    }

    #[test]
    fn a_signature_names_its_signer_and_no_other_digest() {
        let digest = crate::keccak256(b"one");
        let signature = signer().sign(digest).unwrap();
        assert_eq!(signature.signer(digest), Ok(signer().address()));
        assert_ne!(signature.signer(crate::keccak256(b"two")), Ok(signer().address()));
    }

    #[test]
    fn case_19_a_malleated_or_odd_signature_is_refused() {
        let digest = crate::keccak256(b"one");
        let signature = signer().sign(digest).unwrap();
        let mut odd = signature;
        odd.0[64] = 29;
        assert_eq!(odd.signer(digest), Err(SignatureError::RecoveryId(29)));

        // n - s with the other parity recovers the same key: the twin that a set of signatures must not count again.
        let parsed = EcdsaSignature::from_slice(&signature.0[..64]).unwrap();
        let high = EcdsaSignature::from_scalars(parsed.r(), -parsed.s()).unwrap();
        let mut twin = signature;
        twin.0[..64].copy_from_slice(&high.to_bytes());
        twin.0[64] = if signature.0[64] == 27 { 28 } else { 27 };
        assert_eq!(twin.signer(digest), Err(SignatureError::HighS));
    }

    #[test]
    fn a_key_never_shows_in_debug_output() {
        assert!(!format!("{:?}", signer()).contains("0707"));
    }
}
