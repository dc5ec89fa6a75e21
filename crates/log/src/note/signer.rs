//! Keys that sign notes.

use core::fmt;
use core::str::FromStr;

use ed25519_dalek::{Signer as _, SigningKey};
use zeroize::Zeroizing;

use super::key::{KeyError, KeyKind, KeyName, VerifierKey, read_tail};
use super::{NoteSignature, base64, cosigned};

/// A private key with its name. Its text is `PRIVATE+KEY+name+id+base64(kind ‖ seed)`, as Go's `note` package writes it;
/// wiped from memory when dropped, and never shown.
pub struct NoteSigner {
    key: SigningKey,
    verifier: VerifierKey,
}

impl NoteSigner {
    /// A signer of this name and kind for the 32-byte seed of an Ed25519 key.
    pub fn new(name: KeyName, kind: KeyKind, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let key = SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, kind, key.verifying_key().as_bytes())?;
        Ok(Self { key, verifier })
    }

    /// What readers are configured with.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The private key as text, to be kept in a file.
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; 33]);
        bytes[0] = self.verifier.kind() as u8;
        bytes[1..].copy_from_slice(self.key.as_bytes());
        let key = Zeroizing::new(base64::encode(bytes.as_slice()));
        let (name, id) = (self.verifier.name(), self.verifier.id());
        Zeroizing::new(format!("PRIVATE+KEY+{name}+{id}+{}", key.as_str()))
    }

    /// Signs a note's text. `time` is what a cosignature states, in Unix seconds; other signatures carry none.
    pub fn sign(&self, text: &str, time: u64) -> NoteSignature {
        let bytes = match self.verifier.kind() {
            KeyKind::Note => self.key.sign(text.as_bytes()).to_bytes().to_vec(),
            KeyKind::Cosignature => {
                let signature = self.key.sign(cosigned(text, time).as_bytes());
                [time.to_be_bytes().as_slice(), &signature.to_bytes()].concat()
            }
        };
        NoteSignature { name: self.verifier.name().clone(), id: self.verifier.id(), bytes }
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteSigner").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

impl FromStr for NoteSigner {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let rest = text.strip_prefix("PRIVATE+KEY+").ok_or(KeyError::Form)?;
        let (name, rest) = rest.split_once('+').ok_or(KeyError::Form)?;
        let (came, kind, seed) = read_tail(rest)?;
        let seed = Zeroizing::new(seed);
        let kind = match kind {
            0x01 => KeyKind::Note,
            0x04 => KeyKind::Cosignature,
            came => return Err(KeyError::Kind { came }),
        };
        let signer = Self::new(KeyName::new(name)?, kind, &seed)?;
        let expected = signer.verifier.id();
        if expected == came { Ok(signer) } else { Err(KeyError::Id { expected, came }) }
    }
}
