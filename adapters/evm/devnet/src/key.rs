//! Keys of validators and of funded accounts.

use std::fmt;
use std::sync::Arc;

use causeway_protocol::{Address, Hash, Hasher, LocalSigner, Signature, Signer};

use crate::DevnetError;

/// A secp256k1 key of a devnet. Keys made by [`Key::derived`] are known to everyone who reads this: they hold
/// nothing of value, ever.
#[derive(Clone)]
pub struct Key {
    secret: [u8; 32],
    signer: Arc<LocalSigner>,
}

impl Key {
    /// The key with this secret.
    pub fn from_secret(secret: [u8; 32]) -> Result<Self, DevnetError> {
        let signer = LocalSigner::from_bytes(&secret).map_err(DevnetError::Key)?;
        Ok(Self { secret, signer: Arc::new(signer) })
    }

    /// The key number `index` for `purpose` on the chain called `name`; the same one every time.
    pub fn derived(name: &str, purpose: &str, index: usize) -> Result<Self, DevnetError> {
        let seed = Hasher::new().hashed(name.as_bytes()).hashed(purpose.as_bytes()).uint(index as u64);
        Self::from_secret(seed.finish().0)
    }

    /// The secret itself: tests hand it to wallets and signers.
    pub fn secret(&self) -> [u8; 32] {
        self.secret
    }

    /// The address that its signatures recover to.
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// Signs a 32-byte digest; v is 27 or 28.
    pub fn sign(&self, digest: Hash) -> Result<Signature, DevnetError> {
        self.signer.sign(digest).map_err(DevnetError::Key)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.address())
    }
}
