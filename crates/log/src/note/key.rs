//! Names and keys of those who sign notes (C2SP signed-note, tlog-cosignature).

use core::fmt;
use core::str::FromStr;

use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use super::base64;

/// The name of a key: not empty, without white space, control characters and `+`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

/// The first four bytes of SHA-256(name ‖ newline ‖ kind ‖ public key): which key signed, together with its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

/// What a key signs, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum KeyKind {
    /// Ed25519 over a note's text: a log's own signature.
    Note = 0x01,
    /// Ed25519 over a time and a checkpoint's text: a witness's `cosignature/v1`.
    Cosignature = 0x04,
}

/// Text that is no key, or a key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name is empty, or has white space, control characters or a plus sign in it.
    #[error("expected a name without white space and +, got {0:?}")]
    Name(String),
    /// The text is not `name+id+key`.
    #[error("expected a key as name+8 hex digits+base64")]
    Form,
    /// A kind of key that is not known here.
    #[error("a key of kind 0x{came:02x}, expected 0x01 (note) or 0x04 (cosignature)")]
    Kind {
        /// The kind's byte.
        came: u8,
    },
    /// The id does not follow from name and key.
    #[error("the key's id is {expected}, its text says {came}")]
    Id {
        /// What follows from name and key.
        expected: KeyId,
        /// What came.
        came: KeyId,
    },
    /// The bytes are no Ed25519 key, or one that verifies signatures nobody made.
    #[error("expected 32 bytes that are an Ed25519 key of full order")]
    Point,
}

impl KeyName {
    /// Takes `name` if it can stand in a signature line.
    pub fn new(name: &str) -> Result<Self, KeyError> {
        let odd = |c: char| c.is_whitespace() || c < ' ' || c == '+';
        if name.is_empty() || name.contains(odd) {
            return Err(KeyError::Name(name.chars().take(80).collect()));
        }
        Ok(Self(name.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl KeyId {
    fn of(name: &KeyName, kind: KeyKind, key: &VerifyingKey) -> Self {
        let digest = Sha256::new().chain_update(&name.0).chain_update([b'\n', kind as u8]).chain_update(key);
        let [a, b, c, d, ..]: [u8; 32] = digest.finalize().into();
        Self([a, b, c, d])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads `8 hex digits+base64(kind ‖ 32 bytes)`: what a public and a private key's text end in.
pub(super) fn read_tail(text: &str) -> Result<(KeyId, u8, [u8; 32]), KeyError> {
    let (id, key) = text.split_once('+').ok_or(KeyError::Form)?;
    let number = u32::from_str_radix(id, 16).map_err(|_| KeyError::Form)?;
    if format!("{number:08x}") != id {
        return Err(KeyError::Form);
    }
    let key = base64::decode(key).ok_or(KeyError::Form)?;
    let (kind, key) = key.split_first().ok_or(KeyError::Form)?;
    let key = key.try_into().map_err(|_| KeyError::Form)?;
    Ok((KeyId(number.to_be_bytes()), *kind, key))
}

/// A public key with its name: what a reader of notes is configured with. Its text is `name+id+base64(kind ‖ key)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    id: KeyId,
    kind: KeyKind,
    key: VerifyingKey,
}

impl VerifierKey {
    /// The key of this name, kind and 32 bytes.
    pub fn new(name: KeyName, kind: KeyKind, key: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(key).map_err(|_| KeyError::Point)?;
        if key.is_weak() {
            return Err(KeyError::Point);
        }
        Ok(Self { id: KeyId::of(&name, kind, &key), name, kind, key })
    }

    /// Its name.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Its id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// What it signs.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The 32 bytes of the key.
    pub fn public(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Whether `signature` is this key's over `message`, by the strict rule: no second form of a signature passes.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind as u8], self.public().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, self.id, base64::encode(&key))
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, rest) = text.split_once('+').ok_or(KeyError::Form)?;
        let name = KeyName::new(name)?;
        let (came, kind, key) = read_tail(rest)?;
        let kind = match kind {
            0x01 => KeyKind::Note,
            0x04 => KeyKind::Cosignature,
            came => return Err(KeyError::Kind { came }),
        };
        let key = Self::new(name, kind, &key)?;
        if key.id == came { Ok(key) } else { Err(KeyError::Id { expected: key.id, came }) }
    }
}
