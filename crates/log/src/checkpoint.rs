//! Checkpoints (C2SP tlog-checkpoint): a tree's head as the text of a signed note.

use core::fmt;
use core::str::FromStr;

use crate::note::{decimal, decode_hash, encode_base64};
use crate::{Note, NoteError, NoteSigner, TreeHead, VerifiedSignature, VerifierKey, empty_root};

/// What a log says about itself: who it is, how many leaves it has, and their root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name: the first line. The hub's id is its keccak-256.
    pub origin: String,
    /// The tree.
    pub head: TreeHead,
    /// Further lines, which the format allows and advises against: this log writes none. They are signed and kept, so that
    /// checkpoints of other logs are read as well.
    pub extensions: Vec<String>,
}

/// Text that is no checkpoint, or not the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note it should be in is refused.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not three lines or more, none of them empty, each ended by a newline.
    #[error("expected lines of origin, size and root, none of them empty, each ended by a newline")]
    Form,
    /// The second line is no number in its one form.
    #[error("expected a tree size without zeros in front, got {came:?}")]
    Size {
        /// The line, at most its first 80 characters.
        came: String,
    },
    /// The third line is no hash.
    #[error("expected a root of 32 bytes in base64, got {came:?}")]
    Root {
        /// The line, at most its first 80 characters.
        came: String,
    },
    /// A tree without leaves has one root, and this is another.
    #[error("a tree without leaves cannot have another root than the hash of nothing")]
    NotEmpty,
    /// It is another log's.
    #[error("a checkpoint of {came:?}, expected one of {expected:?}")]
    Origin {
        /// The log that was asked for.
        expected: String,
        /// The log it is of.
        came: String,
    },
}

impl Checkpoint {
    /// A checkpoint of the log `origin`.
    pub fn new(origin: &str, head: TreeHead) -> Self {
        Self { origin: origin.into(), head, extensions: Vec::new() }
    }

    /// Signs it with every key of the log that is in force: more than one while a key is being replaced.
    pub fn sign(&self, signers: &[&NoteSigner]) -> Result<SignedCheckpoint, CheckpointError> {
        let text = self.to_string();
        // What it reads back as is what it says: an origin of two lines, for one, is not.
        if text.parse::<Self>()? != *self {
            return Err(CheckpointError::Form);
        }
        let mut note = Note::new(text)?;
        note.sign(signers, 0);
        if note.signatures().is_empty() {
            return Err(NoteError::Unsigned.into());
        }
        Ok(SignedCheckpoint { checkpoint: self.clone(), note })
    }
}

/// The note's text.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.head.size, encode_base64(&self.head.root.0))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let body = text.strip_suffix('\n').ok_or(CheckpointError::Form)?;
        let mut lines = body.split('\n');
        let mut line = || lines.next().filter(|line| !line.is_empty()).ok_or(CheckpointError::Form);
        let (origin, size, root) = (line()?, line()?, line()?);
        let extensions: Vec<String> = lines.map(Into::into).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::Form);
        }
        let short = |line: &str| line.chars().take(80).collect();
        let head = TreeHead {
            size: decimal(size).ok_or_else(|| CheckpointError::Size { came: short(size) })?,
            root: decode_hash(root).ok_or_else(|| CheckpointError::Root { came: short(root) })?,
        };
        if head.size == 0 && head.root != empty_root() {
            return Err(CheckpointError::NotEmpty);
        }
        Ok(Self { origin: origin.into(), head, extensions })
    }
}

/// A checkpoint in a note that a key of its log has signed; cosignatures of witnesses may be on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Reads a checkpoint of the log `origin` that at least one of `keys` has signed. The log's keys only: whether enough
    /// witnesses have cosigned is asked of [`SignedCheckpoint::cosignatures`].
    pub fn open(bytes: &[u8], origin: &str, keys: &[VerifierKey]) -> Result<Self, CheckpointError> {
        let note = Note::decode(bytes)?;
        note.verify(keys)?;
        let checkpoint: Checkpoint = note.text().parse()?;
        if checkpoint.origin != origin {
            let expected = origin.into();
            return Err(CheckpointError::Origin { expected, came: checkpoint.origin });
        }
        Ok(Self { checkpoint, note })
    }

    /// What it says.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The tree.
    pub fn head(&self) -> TreeHead {
        self.checkpoint.head
    }

    /// The note with all its signatures.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// The signatures of these witnesses; one that does not hold spoils the checkpoint. Nobody has to have cosigned.
    pub fn cosignatures<'a>(
        &self,
        witnesses: &'a [VerifierKey],
    ) -> Result<Vec<VerifiedSignature<'a>>, NoteError> {
        match self.note.verify(witnesses) {
            Err(NoteError::Unsigned) => Ok(Vec::new()),
            answer => answer,
        }
    }

    /// Puts those of a witness's answered signatures on it that are of `witnesses` and hold; others are left aside, and one
    /// of a known key that does not hold refuses the answer. Answers how many were put on.
    pub fn cosign(
        &mut self,
        answered: &[crate::NoteSignature],
        witnesses: &[VerifierKey],
    ) -> Result<usize, NoteError> {
        let known = answered.iter().filter_map(|signature| {
            witnesses.iter().find(|key| signature.claims(key)).map(|key| (signature, key))
        });
        let known: Vec<_> = known.collect();
        for (signature, key) in &known {
            signature.verify(self.note.text(), key)?;
        }
        for (signature, _) in &known {
            self.note.add((*signature).clone());
        }
        Ok(known.len())
    }
}
