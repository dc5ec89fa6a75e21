//! Manifests of exports: what a hub signs about a part of an answer that somebody takes away.
//!
//! A signed note (C2SP signed-note) of nine lines: `causeway export`, the log's origin, the query, the format, how many rows, SHA-256 of the
//! bytes in base64, where the rest begins or `-`, and size and root of the newest signed tree. Its first line is no origin, so that
//! nobody takes it for a checkpoint.

use core::fmt;
use core::str::FromStr;

use causeway_protocol::Hash;

use crate::note::{decimal, decode_hash, encode_base64};
use crate::{Note, NoteError, NoteSigner, TreeHead, VerifierKey, sha256};

/// The first line.
const TITLE: &str = "causeway export";

/// What is signed about one part of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportManifest {
    /// The name of the hub's log.
    pub origin: String,
    /// What was asked: path and query.
    pub query: String,
    /// `ndjson` or `csv`.
    pub format: String,
    /// How many rows.
    pub rows: u64,
    /// SHA-256 of the bytes.
    pub digest: Hash,
    /// Where the rest begins; nothing at the end.
    pub next: Option<String>,
    /// The newest signed tree of the log.
    pub tree: TreeHead,
}

/// Text that is no manifest, or not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The note it should be in is refused, or no key of the log signed it.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not the nine lines, or one that holds what it cannot.
    #[error("line {line} of the manifest is not what it has to be: {came:?}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// The line, at most its first 80 characters.
        came: String,
    },
}

impl ExportManifest {
    /// Signs it with every key of the log that is in force.
    pub fn sign(&self, signers: &[&NoteSigner]) -> Result<String, ManifestError> {
        let text = self.to_string();
        // What it reads back as is what it says: a query of two lines, for one, is not.
        if text.parse::<Self>()? != *self {
            return Err(ManifestError::Line { line: 0, came: text.chars().take(80).collect() });
        }
        let mut note = Note::new(text)?;
        note.sign(signers, 0);
        if note.signatures().is_empty() {
            return Err(NoteError::Unsigned.into());
        }
        Ok(note.encode())
    }

    /// Reads a manifest that at least one of `keys` has signed.
    pub fn open(note: &[u8], keys: &[VerifierKey]) -> Result<Self, ManifestError> {
        let note = Note::decode(note)?;
        note.verify(keys)?;
        note.text().parse()
    }

    /// Whether these are the bytes it is about.
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        sha256(bytes) == self.digest
    }
}

impl fmt::Display for ExportManifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, query, format, rows, digest, next, tree } = self;
        let (digest, root) = (encode_base64(&digest.0), encode_base64(&tree.root.0));
        let next = next.as_deref().unwrap_or("-");
        writeln!(f, "{TITLE}\n{origin}\n{query}\n{format}\n{rows}\n{digest}\n{next}\n{}\n{root}", tree.size)
    }
}

impl FromStr for ExportManifest {
    type Err = ManifestError;

    fn from_str(text: &str) -> Result<Self, ManifestError> {
        let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or_default().split('\n').collect();
        let wrong = |line: usize| ManifestError::Line {
            line,
            came: lines.get(line - 1).copied().unwrap_or_default().chars().take(80).collect(),
        };
        let [title, origin, query, format, rows, digest, next, size, root] = lines.as_slice() else {
            return Err(wrong(lines.len().min(9)));
        };
        if *title != TITLE {
            return Err(wrong(1));
        }
        for (line, text) in [(2, origin), (3, query), (4, format), (7, next)] {
            if text.is_empty() {
                return Err(wrong(line));
            }
        }
        let tree = TreeHead {
            size: decimal(size).ok_or_else(|| wrong(8))?,
            root: decode_hash(root).ok_or_else(|| wrong(9))?,
        };
        Ok(Self {
            origin: (*origin).into(),
            query: (*query).into(),
            format: (*format).into(),
            rows: decimal(rows).ok_or_else(|| wrong(5))?,
            digest: decode_hash(digest).ok_or_else(|| wrong(6))?,
            next: (*next != "-").then(|| (*next).into()),
            tree,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyKind, KeyName};

    fn manifest() -> ExportManifest {
        ExportManifest {
            origin: "hub.test/log".into(),
            query: "/v1/exports/packets/csv?limit=2".into(),
            format: "csv".into(),
            rows: 2,
            digest: sha256(b"rows"),
            next: Some("17".into()),
            tree: TreeHead { size: 9, root: Hash([7; 32]) },
        }
    }

    fn signer(seed: u8) -> NoteSigner {
        NoteSigner::new(KeyName::new("hub.test/log").unwrap(), KeyKind::Note, &[seed; 32]).unwrap()
    }

    #[test]
    fn what_is_signed_is_read_back_and_nobody_elses() {
        let note = manifest().sign(&[&signer(1)]).unwrap();
        let keys = [signer(1).verifier().clone()];
        let read = ExportManifest::open(note.as_bytes(), &keys).unwrap();
        assert_eq!(read, manifest());
        assert!(read.is_of(b"rows") && !read.is_of(b"rowz"));
        let others = [signer(2).verifier().clone()];
        assert!(ExportManifest::open(note.as_bytes(), &others).is_err());
        assert!(note.parse::<crate::Checkpoint>().is_err(), "nor is it a checkpoint");
        for at in 0..note.len() {
            let mut changed = note.clone().into_bytes();
            changed[at] ^= 1;
            assert!(ExportManifest::open(&changed, &keys).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_manifest_has_nine_lines_and_each_is_what_it_has_to_be() {
        let good = manifest().to_string();
        for line in 0..9 {
            let mut lines: Vec<&str> = good.lines().collect();
            lines[line] = "";
            assert!((lines.join("\n") + "\n").parse::<ExportManifest>().is_err(), "line {line}");
            lines.remove(line);
            assert!((lines.join("\n") + "\n").parse::<ExportManifest>().is_err());
        }
        let two_lines = ExportManifest { query: "a\nb".into(), ..manifest() };
        assert!(two_lines.sign(&[&signer(1)]).is_err());
    }
}
