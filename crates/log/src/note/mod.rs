//! Signed notes (C2SP signed-note): text, an empty line, and a line for every signature.

mod base64;
mod key;
mod signer;

use core::fmt;

pub use key::{KeyError, KeyId, KeyKind, KeyName, VerifierKey};
pub use signer::NoteSigner;

pub(crate) use base64::{decimal, decode_hash, encode as encode_base64};

/// The longest note that is read, in bytes: far above sixteen signatures of the longest kind there is.
pub const MAX_NOTE: usize = 256 * 1024;
/// The most signatures that are read in a note.
pub const MAX_SIGNATURES: usize = 100;

/// One signature line: `— name base64(id ‖ bytes)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Who is said to have signed.
    pub name: KeyName,
    /// With which key.
    pub id: KeyId,
    /// The signature itself; what it looks like is the key's business.
    pub bytes: Vec<u8>,
}

/// A text with signatures, not verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// A signature of a known key that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedSignature<'a> {
    /// The key.
    pub key: &'a VerifierKey,
    /// For a cosignature: when it was made, in Unix seconds.
    pub time: Option<u64>,
}

/// Bytes that are no note, or a note that nobody known has signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than a note can be.
    #[error("a note of {came} bytes; at most {MAX_NOTE} are read")]
    TooLong {
        /// Its length.
        came: usize,
    },
    /// Not UTF-8, or with control characters other than newlines.
    #[error("a note is UTF-8 text without control characters other than newlines")]
    Text,
    /// Not text, an empty line, and signature lines.
    #[error("expected text, an empty line, and signature lines, each ended by a newline")]
    Form,
    /// A line where a signature has to be is none.
    #[error("signature line {line}: expected an em dash, a name, and base64 of at least five bytes")]
    Line {
        /// Which line after the empty one, from 1.
        line: usize,
    },
    /// More signatures than are read.
    #[error("a note with more than {MAX_SIGNATURES} signatures")]
    TooMany,
    /// A known key's signature does not hold.
    #[error("the signature of {name} ({id}) does not hold")]
    Signature {
        /// The key's name.
        name: KeyName,
        /// The key's id.
        id: KeyId,
    },
    /// No known key has signed.
    #[error("no known key has signed the note")]
    Unsigned,
}

/// What a cosigner signs: a line that says what it is, the time, and the text.
fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

fn clean(text: &str) -> bool {
    !text.chars().any(|c| c < ' ' && c != '\n')
}

impl Note {
    /// A note to be signed. The text has to end in a newline.
    pub fn new(text: String) -> Result<Self, NoteError> {
        if !clean(&text) {
            return Err(NoteError::Text);
        }
        if text.ends_with('\n') { Ok(Self { text, signatures: Vec::new() }) } else { Err(NoteError::Form) }
    }

    /// Reads a note. What it says must not be used before [`Note::verify`].
    pub fn decode(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE {
            return Err(NoteError::TooLong { came: bytes.len() });
        }
        let whole = core::str::from_utf8(bytes).ok().filter(|text| clean(text)).ok_or(NoteError::Text)?;
        let (text, lines) = whole.rsplit_once("\n\n").ok_or(NoteError::Form)?;
        let signatures = decode_lines(lines)?;
        if signatures.is_empty() {
            return Err(NoteError::Form);
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The note as it travels.
    pub fn encode(&self) -> String {
        let mut whole = format!("{}\n", self.text);
        for signature in &self.signatures {
            whole.push_str(&signature.to_string());
        }
        whole
    }

    /// The text, its last newline included.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every signature line, of known keys and others.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature; one of the same key that is there already is replaced.
    pub fn add(&mut self, signature: NoteSignature) {
        self.signatures.retain(|held| (&held.name, held.id) != (&signature.name, signature.id));
        self.signatures.push(signature);
    }

    /// Signs with each of `signers`. Two keys of one log are how a key is replaced: readers know either.
    pub fn sign(&mut self, signers: &[&NoteSigner], time: u64) {
        for signer in signers {
            let signature = signer.sign(&self.text, time);
            self.add(signature);
        }
    }

    /// The signatures of `known` keys, each key once. A signature of a known key that does not hold spoils the note, and
    /// signatures of other keys count for nothing; at least one known key has to have signed.
    pub fn verify<'a>(&self, known: &'a [VerifierKey]) -> Result<Vec<VerifiedSignature<'a>>, NoteError> {
        let mut verified: Vec<VerifiedSignature<'a>> = Vec::new();
        for signature in &self.signatures {
            let Some(key) = known.iter().find(|key| signature.claims(key)) else { continue };
            let found = signature.verify(&self.text, key)?;
            if verified.iter().all(|held| held.key != key) {
                verified.push(found);
            }
        }
        if verified.is_empty() { Err(NoteError::Unsigned) } else { Ok(verified) }
    }
}

/// Reads signature lines, each ended by a newline; there may be none.
pub(crate) fn decode_lines(lines: &str) -> Result<Vec<NoteSignature>, NoteError> {
    let mut signatures = Vec::new();
    let mut rest = lines;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').ok_or(NoteError::Form)?;
        if signatures.len() == MAX_SIGNATURES {
            return Err(NoteError::TooMany);
        }
        let signature = NoteSignature::decode(line);
        signatures.push(signature.ok_or(NoteError::Line { line: signatures.len() + 1 })?);
        rest = after;
    }
    Ok(signatures)
}

impl NoteSignature {
    fn decode(line: &str) -> Option<Self> {
        let (name, signature) = line.strip_prefix("— ")?.split_once(' ')?;
        let bytes = base64::decode(signature)?;
        let (id, bytes) = bytes.split_first_chunk::<4>().filter(|(_, bytes)| !bytes.is_empty())?;
        Some(Self { name: KeyName::new(name).ok()?, id: KeyId(*id), bytes: bytes.to_vec() })
    }

    /// Whether it says to be of this key.
    pub fn claims(&self, key: &VerifierKey) -> bool {
        self.name == *key.name() && self.id == key.id()
    }

    /// Checks it over `text` with the key that it claims.
    pub fn verify<'a>(&self, text: &str, key: &'a VerifierKey) -> Result<VerifiedSignature<'a>, NoteError> {
        let refuse = || NoteError::Signature { name: self.name.clone(), id: self.id };
        let time = match key.kind() {
            KeyKind::Note => None,
            KeyKind::Cosignature => {
                let (time, _) = self.bytes.split_first_chunk::<8>().ok_or_else(refuse)?;
                // tlog-cosignature: at most 2^63 - 1, and a v1 cosignature always states a time.
                Some(u64::from_be_bytes(*time)).filter(|time| (1..1 << 63).contains(time))
            }
        };
        let (signature, message) = match (key.kind(), time) {
            (KeyKind::Note, _) => (self.bytes.as_slice(), text.to_owned()),
            (KeyKind::Cosignature, Some(time)) => (&self.bytes[8..], cosigned(text, time)),
            (KeyKind::Cosignature, None) => return Err(refuse()),
        };
        let signature = signature.try_into().map_err(|_| refuse())?;
        if !self.claims(key) || !key.verifies(message.as_bytes(), signature) {
            return Err(refuse());
        }
        Ok(VerifiedSignature { key, time })
    }
}

/// The line, its newline included.
impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.id.0.as_slice(), &self.bytes].concat();
        writeln!(f, "— {} {}", self.name, base64::encode(&bytes))
    }
}
