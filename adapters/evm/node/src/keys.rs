//! Throw-away secp256k1 keys for nodes and accounts, derived from a network's seed.

use k256::ecdsa::{SigningKey, VerifyingKey};
use tiny_keccak::{Hasher, Keccak};

use crate::NodeError;

/// A key of a test network: a node's identity or a funded account. Never use one outside tests: its secret is
/// derived from a seed that anyone can read.
#[derive(Clone)]
pub struct Key {
    secret: [u8; 32],
    signing: SigningKey,
    address: [u8; 20],
}

impl Key {
    /// Derives the `index`-th key of this `role` (`node`, `account`) in the network of this seed.
    pub(crate) fn derive(seed: &str, role: &str, index: usize) -> Result<Self, NodeError> {
        Self::from_secret(keccak256(format!("causeway/test-key/{seed}/{role}/{index}").as_bytes()))
    }

    /// The key with this secret scalar.
    ///
    /// # Errors
    /// [`NodeError::Config`] when the scalar is zero or not below the curve's order.
    pub fn from_secret(secret: [u8; 32]) -> Result<Self, NodeError> {
        let signing = SigningKey::from_slice(&secret).map_err(|_| {
            NodeError::Config("a secret key must be between 1 and the curve's order − 1".to_owned())
        })?;
        let hash = keccak256(&uncompressed(signing.verifying_key()));
        let mut address = [0; 20];
        address.copy_from_slice(&hash[12..]);
        Ok(Self { secret, signing, address })
    }

    /// The secret scalar, big-endian.
    pub fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// The Ethereum address: the last 20 bytes of keccak-256 over the public key.
    pub fn address(&self) -> [u8; 20] {
        self.address
    }

    /// The 64-byte public key as an `enode` URL spells it, in hex.
    pub(crate) fn enode_id(&self) -> String {
        const_hex::encode(uncompressed(self.signing.verifying_key()))
    }

    /// Signs a 32-byte digest: r ‖ s with low s, and the parity of the signature's point.
    pub(crate) fn sign(&self, digest: &[u8; 32]) -> ([u8; 64], bool) {
        let (signature, recovery) = self.signing.sign_prehash_recoverable(digest);
        (signature.to_bytes().into(), recovery.is_y_odd())
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Key({})", const_hex::encode_prefixed(self.address))
    }
}

/// X ‖ Y, without the leading 0x04.
fn uncompressed(key: &VerifyingKey) -> [u8; 64] {
    let point = key.to_sec1_point(false);
    let mut bytes = [0; 64];
    bytes.copy_from_slice(&point.as_bytes()[1..]);
    bytes
}

/// keccak-256.
pub(crate) fn keccak256(bytes: &[u8]) -> [u8; 32] {
    let mut keccak = Keccak::v256();
    keccak.update(bytes);
    let mut hash = [0; 32];
    keccak.finalize(&mut hash);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_one_wallets_compute() {
        let mut one = [0; 32];
        one[31] = 1;
        let key = Key::from_secret(one).unwrap();
        assert_eq!(const_hex::encode(key.address()), "7e5f4552091a69125d5dfcb7b8c2659029395bdf");
    }

    #[test]
    fn one_seed_gives_the_same_keys_and_another_seed_others() {
        let key = |seed: &str, role: &str, index| Key::derive(seed, role, index).unwrap().address();
        assert_eq!(key("a", "node", 0), key("a", "node", 0));
        assert_ne!(key("a", "node", 0), key("a", "node", 1));
        assert_ne!(key("a", "node", 0), key("a", "account", 0));
        assert_ne!(key("a", "node", 0), key("b", "node", 0));
    }

    #[test]
    fn a_zero_secret_is_refused() {
        assert!(matches!(Key::from_secret([0; 32]), Err(NodeError::Config(_))));
    }

    #[test]
    fn debug_output_does_not_hold_the_secret() {
        let key = Key::derive("a", "node", 0).unwrap();
        assert!(!format!("{key:?}").contains(&const_hex::encode(key.secret())));
    }
}
