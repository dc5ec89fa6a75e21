//! Asking a witness for its cosignature (C2SP tlog-witness, `add-checkpoint`): the request's body and what its answers mean.

use causeway_protocol::Hash;

use crate::note::{decimal, decode_hash, decode_lines, encode_base64};
use crate::{Note, NoteError, NoteSignature};

/// The most hashes in a request's proof.
pub const MAX_PROOF: usize = 63;
/// The media type of the size that a witness answers with status 409.
pub const TREE_SIZE: &str = "text/x.tlog.size";

/// A request to cosign: the size that the witness is thought to have cosigned last, the proof that the checkpoint goes on
/// from it, and the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size the witness cosigned last; 0 if it has not yet, or if that is not known.
    pub old: u64,
    /// The consistency proof from there; empty from 0.
    pub proof: Vec<Hash>,
    /// The checkpoint with its log's signatures.
    pub checkpoint: Note,
}

/// A body that is no such request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddCheckpointError {
    /// Not an `old` line, hashes, an empty line and a note.
    #[error("expected a line with the old size, lines with hashes, an empty line, and a checkpoint")]
    Form,
    /// A proof from nothing, or a longer one than any tree needs.
    #[error("a proof of {came} hashes from size {old}; at most {MAX_PROOF} are sent, and none from 0")]
    Proof {
        /// The old size.
        old: u64,
        /// How many hashes came.
        came: usize,
    },
    /// What follows is no note.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl AddCheckpoint {
    /// The request's body.
    pub fn encode(&self) -> Result<String, AddCheckpointError> {
        self.check()?;
        let mut body = format!("old {}\n", self.old);
        for hash in &self.proof {
            body.push_str(&encode_base64(&hash.0));
            body.push('\n');
        }
        body.push('\n');
        body.push_str(&self.checkpoint.encode());
        Ok(body)
    }

    /// Reads a request's body, as a witness does. Neither signatures nor the proof are verified.
    pub fn decode(body: &[u8]) -> Result<Self, AddCheckpointError> {
        let end = body.windows(2).position(|pair| pair == b"\n\n").ok_or(AddCheckpointError::Form)?;
        let (lines, note) = (&body[..end], &body[end + 2..]);
        let mut lines = core::str::from_utf8(lines).map_err(|_| AddCheckpointError::Form)?.split('\n');
        let old = lines.next().and_then(|line| decimal(line.strip_prefix("old ")?));
        let old = old.ok_or(AddCheckpointError::Form)?;
        let mut proof = Vec::new();
        for line in lines {
            proof.push(decode_hash(line).ok_or(AddCheckpointError::Form)?);
            if proof.len() > MAX_PROOF {
                break;
            }
        }
        let request = Self { old, proof, checkpoint: Note::decode(note)? };
        request.check()?;
        Ok(request)
    }

    fn check(&self) -> Result<(), AddCheckpointError> {
        let most = if self.old == 0 { 0 } else { MAX_PROOF };
        let came = self.proof.len();
        if came > most { Err(AddCheckpointError::Proof { old: self.old, came }) } else { Ok(()) }
    }
}

/// What a witness answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WitnessAnswer {
    /// 200: its signature lines, to be checked before they are used.
    Cosigned(Vec<NoteSignature>),
    /// 409: it cosigned this size last; ask again from there.
    Conflict {
        /// That size.
        size: u64,
    },
}

/// An answer that brings no cosignature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WitnessRefusal {
    /// It says that the request is none (400).
    #[error("the witness cannot read the request")]
    BadRequest,
    /// It does not know the log (404).
    #[error("the witness does not know the log")]
    UnknownLog,
    /// It trusts none of the keys that signed the checkpoint, or found a signature that does not hold (403).
    #[error("the witness does not trust the checkpoint's signatures")]
    Untrusted,
    /// It says that the checkpoint does not go on from what it cosigned (422): a fork, or a wrong proof.
    #[error("the witness says that the checkpoint does not go on from the one it cosigned")]
    Inconsistent,
    /// Another status.
    #[error("the witness answered with status {0}")]
    Status(u16),
    /// The status is right and the body is not.
    #[error("the witness answered {status} with a body that does not belong to it")]
    Body {
        /// The status.
        status: u16,
    },
}

impl WitnessAnswer {
    /// Reads the answer to an `add-checkpoint` request.
    pub fn decode(status: u16, media_type: Option<&str>, body: &[u8]) -> Result<Self, WitnessRefusal> {
        let refuse = WitnessRefusal::Body { status };
        let text = || core::str::from_utf8(body).ok();
        match status {
            200 => {
                let lines = text().and_then(|lines| decode_lines(lines).ok());
                lines.filter(|lines| !lines.is_empty()).map(Self::Cosigned).ok_or(refuse)
            }
            409 => {
                // Parameters may follow the media type.
                let named = media_type.and_then(|value| value.split(';').next()).map(str::trim);
                let size =
                    text().filter(|_| named == Some(TREE_SIZE)).and_then(|body| body.strip_suffix('\n'));
                size.and_then(decimal).map(|size| Self::Conflict { size }).ok_or(refuse)
            }
            400 => Err(WitnessRefusal::BadRequest),
            403 => Err(WitnessRefusal::Untrusted),
            404 => Err(WitnessRefusal::UnknownLog),
            422 => Err(WitnessRefusal::Inconsistent),
            other => Err(WitnessRefusal::Status(other)),
        }
    }
}
