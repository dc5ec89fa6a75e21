//! What is wrong with a bundle.

use causeway_log::{CheckpointError, NoteError, ProofError};
use causeway_protocol::{
    Address, AttestationKind, DecodeError, Family, GatewayId, Hash, HubId, MerkleError, PacketId,
    SignatureError,
};
use causeway_verifier::Refusal;

/// Why a bundle proves nothing. Parts are named by their place, from 0.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It does not hold an island's part for each end of the packet.
    #[error(
        "{came} islands, expected {expected}: the packet's source, and its destination if that is another island"
    )]
    Islands {
        /// How many it takes.
        expected: usize,
        /// How many there are.
        came: usize,
    },
    /// A trust anchor is no anchor.
    #[error("islands[{island}]: the trust anchor: {fault}")]
    Anchor {
        /// The island's place.
        island: usize,
        /// Why.
        fault: Refusal,
    },
    /// The fingerprint is not that of the anchor.
    #[error("islands[{island}]: the anchor is the genesis block {expected}, the fingerprint is {came}")]
    Fingerprint {
        /// The island's place.
        island: usize,
        /// The anchor's.
        expected: Hash,
        /// The bundle's.
        came: Hash,
    },
    /// An anchor that was given is in no part of the bundle.
    #[error("no island of the bundle starts at the trust anchor with SHA-256 {0}, which you trust")]
    OtherAnchor(Hash),
    /// Evidence does not verify.
    #[error("islands[{island}].pieces[{piece}]: {fault}")]
    Piece {
        /// The island's place.
        island: usize,
        /// The piece's place.
        piece: usize,
        /// Why.
        fault: Refusal,
    },
    /// The hub's clock went back.
    #[error("islands[{island}].pieces[{piece}]: recorded at {came}, the piece before at {before}")]
    Clock {
        /// The island's place.
        island: usize,
        /// The piece's place.
        piece: usize,
        /// When the one before was recorded.
        before: u64,
        /// When this one was.
        came: u64,
    },
    /// The last piece proves nothing of this packet.
    #[error("islands[{island}].pieces[{piece}]: the last piece proves nothing that this packet needs")]
    Useless {
        /// The island's place.
        island: usize,
        /// The piece's place.
        piece: usize,
    },
    /// No evidence proves that the packet was sent.
    #[error("no evidence proves that packet {0} was sent: its PacketSent is missing")]
    NotSent(PacketId),
    /// A gateway of the packet is not open in the evidence.
    #[error("no evidence proves that gateway {0} opened")]
    NotOpen(GatewayId),
    /// A gateway opened for another hub.
    #[error("gateway {gateway} opened for hub {came}, the bundle is of {expected}")]
    OtherHub {
        /// The gateway.
        gateway: GatewayId,
        /// The bundle's hub.
        expected: HubId,
        /// The one in `Opened`.
        came: HubId,
    },
    /// The packet has two ends.
    #[error("the evidence proves two ends of the packet, which no honest gateway has")]
    TwoEnds,
    /// A settlement that nothing led to.
    #[error("the packet was settled as {0:?}, and no evidence proves that it ended so")]
    SettledWithoutEnd(AttestationKind),
    /// A statement is not about this packet, or not in its one form.
    #[error("statements[{statement}]: it is not about this packet, or says what its kind cannot")]
    OtherStatement {
        /// The statement's place.
        statement: usize,
    },
    /// A statement says what no evidence proves.
    #[error("statements[{statement}]: {kind:?} is signed, and no evidence proves it")]
    Unproven {
        /// The statement's place.
        statement: usize,
        /// What it says.
        kind: AttestationKind,
    },
    /// A statement is not in its batch.
    #[error("statements[{statement}]: its place in the batch: {fault}")]
    Place {
        /// The statement's place.
        statement: usize,
        /// Why.
        fault: MerkleError,
    },
    /// A statement is not in its batch.
    #[error("statements[{statement}]: the batch that was signed does not hold it")]
    NotInBatch {
        /// The statement's place.
        statement: usize,
    },
    /// No evidence proves an attestor set of that epoch.
    #[error(
        "statements[{statement}]: no evidence proves the attestor set of epoch {epoch} of gateway {gateway}"
    )]
    NoSet {
        /// The statement's place.
        statement: usize,
        /// The gateway that checks it.
        gateway: GatewayId,
        /// The epoch.
        epoch: u64,
    },
    /// A signature is none.
    #[error("statements[{statement}].signatures[{signature}]: {fault}")]
    Signature {
        /// The statement's place.
        statement: usize,
        /// The signature's place.
        signature: usize,
        /// Why.
        fault: SignatureError,
    },
    /// Somebody signed who is no attestor of that epoch, or signers are out of order.
    #[error(
        "statements[{statement}].signatures[{signature}]: signed by {signer}, who is no attestor of that epoch, or out of order"
    )]
    Signer {
        /// The statement's place.
        statement: usize,
        /// The signature's place.
        signature: usize,
        /// Who signed.
        signer: Address,
    },
    /// Nobody signed.
    #[error("statements[{statement}]: nobody signed it")]
    Unsigned {
        /// The statement's place.
        statement: usize,
    },
    /// The checkpoint is none of this log, or its signature does not hold.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A witness's cosignature does not hold.
    #[error("the checkpoint's cosignatures: {0}")]
    Cosignature(NoteError),
    /// A leaf's fact cannot be read.
    #[error("leaves[{leaf}]: {fault}")]
    Fact {
        /// The leaf's place.
        leaf: usize,
        /// Why.
        fault: DecodeError,
    },
    /// A leaf is not in the checkpoint's tree.
    #[error("leaves[{leaf}]: it is not leaf {index} of the checkpoint's tree: {fault}")]
    NotIncluded {
        /// The leaf's place.
        leaf: usize,
        /// The index it claims.
        index: u64,
        /// Why.
        fault: ProofError,
    },
    /// A leaf says something else than evidence and signatures prove.
    #[error("leaves[{leaf}]: the log says of {what} something else than the evidence proves")]
    Contradicted {
        /// The leaf's place.
        leaf: usize,
        /// What it is about.
        what: &'static str,
    },
    /// A leaf has nothing to do with this packet, or stands twice.
    #[error("leaves[{leaf}]: it has nothing to say of this packet, or says it twice")]
    UselessLeaf {
        /// The leaf's place.
        leaf: usize,
    },
    /// A leaf is missing.
    #[error("a leaf is missing: {0}")]
    MissingLeaf(String),
    /// Two islands at the packet's ends, and one of them of no family that was expected.
    #[error("islands[{island}] is of family {family}, and holds no gateway of this packet")]
    OtherIsland {
        /// The island's place.
        island: usize,
        /// Its family.
        family: Family,
    },
}

impl Fault {
    /// The stable, kebab-case name of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Islands { .. } => "bundle-islands",
            Self::Anchor { fault, .. } | Self::Piece { fault, .. } => fault.code(),
            Self::Fingerprint { .. } => "fingerprint",
            Self::OtherAnchor(_) => "other-anchor",
            Self::Clock { .. } => "clock-went-back",
            Self::Useless { .. } => "useless-piece",
            Self::NotSent(_) => "not-sent",
            Self::NotOpen(_) => "gateway-not-opened",
            Self::OtherHub { .. } => "opened-for-other-hub",
            Self::TwoEnds => "two-ends",
            Self::SettledWithoutEnd(_) => "settled-without-end",
            Self::OtherStatement { .. } => "other-statement",
            Self::Unproven { .. } => "statement-unproven",
            Self::Place { .. } | Self::NotInBatch { .. } => "not-in-batch",
            Self::NoSet { .. } => "attestor-set-unknown",
            Self::Signature { .. } => "bad-signature",
            Self::Signer { .. } => "no-attestor",
            Self::Unsigned { .. } => "unsigned",
            Self::Checkpoint(_) => "checkpoint",
            Self::Cosignature(_) => "cosignature",
            Self::Fact { .. } => "malformed-fact",
            Self::NotIncluded { .. } => "not-in-log",
            Self::Contradicted { .. } => "log-contradicts",
            Self::UselessLeaf { .. } => "useless-leaf",
            Self::MissingLeaf(_) => "leaf-missing",
            Self::OtherIsland { .. } => "other-island",
        }
    }
}
