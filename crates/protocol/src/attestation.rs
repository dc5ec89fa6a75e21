//! Attestations: what attestors sign about packets, alone or in batches.

use serde::{Deserialize, Serialize};

use crate::hash::Hasher;
use crate::merkle::{MerkleError, Tree};
use crate::sign::domain_separator;
use crate::{GatewayId, Hash, PacketId};

/// Most leaves a batch may have.
pub const MAX_BATCH: usize = 1024;

/// What an attestation says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
#[repr(u8)]
pub enum AttestationKind {
    /// For the destination: this packet was sent; deliver it.
    Deliver = 1,
    /// For the destination: policy refuses this packet; let it expire at once.
    Refuse = 2,
    /// For the source: the packet was delivered with this result.
    Result = 3,
    /// For the source: the packet expired.
    Expired = 4,
    /// For the source: the destination is declared dead.
    Void = 5,
}

/// A number that is not an attestation's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("attestation kind {0}; known: 1 DELIVER, 2 REFUSE, 3 RESULT, 4 EXPIRED, 5 VOID")]
pub struct UnknownAttestationKind(pub u8);

impl TryFrom<u8> for AttestationKind {
    type Error = UnknownAttestationKind;

    fn try_from(kind: u8) -> Result<Self, UnknownAttestationKind> {
        Ok(match kind {
            1 => Self::Deliver,
            2 => Self::Refuse,
            3 => Self::Result,
            4 => Self::Expired,
            5 => Self::Void,
            other => return Err(UnknownAttestationKind(other)),
        })
    }
}

impl AttestationKind {
    /// Whether the gateway that checks it is the packet's destination; else it is the source.
    pub fn checked_by_destination(self) -> bool {
        matches!(self, Self::Deliver | Self::Refuse)
    }

    /// Whether it states how a packet ended: an attestor signs at most one of these about a packet, ever.
    pub fn is_outcome(self) -> bool {
        matches!(self, Self::Result | Self::Expired)
    }
}

/// One statement about one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Attestation {
    /// What it says.
    pub kind: AttestationKind,
    /// About which packet.
    pub packet: PacketId,
    /// RESULT: whether the receiver succeeded; else false.
    pub success: bool,
    /// RESULT: `H(result bytes)`; else zero.
    pub result: Hash,
}

/// The struct hash of an attestation: a leaf of a batch's tree.
pub type Leaf = Hash;

impl Attestation {
    /// `Attestation(uint8 kind,bytes32 packet,bool success,bytes32 result)`
    pub const TYPE: &'static [u8] = b"Attestation(uint8 kind,bytes32 packet,bool success,bytes32 result)";

    /// A statement without a result: every kind but RESULT.
    pub fn plain(kind: AttestationKind, packet: PacketId) -> Self {
        Self { kind, packet, success: false, result: Hash::ZERO }
    }

    /// The statement that `packet` was delivered with `result`.
    pub fn result(packet: PacketId, success: bool, result: &[u8]) -> Self {
        Self { kind: AttestationKind::Result, packet, success, result: crate::keccak256(result) }
    }

    /// Whether success and result are zero where the kind has none.
    pub fn is_canonical(&self) -> bool {
        self.kind == AttestationKind::Result || (!self.success && self.result.is_zero())
    }

    /// The leaf: `hashStruct` as in EIP-712.
    pub fn leaf(&self) -> Leaf {
        Hasher::new()
            .hashed(Self::TYPE)
            .uint(self.kind as u64)
            .word(self.packet)
            .uint(u64::from(self.success))
            .word(self.result)
            .finish()
    }
}

/// What is signed: the root over the leaves of one or more attestations, for one gateway's epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Batch {
    /// The epoch of the attestor set that signs.
    #[serde(with = "crate::json::decimal")]
    #[cfg_attr(feature = "schema", schema(value_type = crate::schema::Decimal))]
    pub epoch: u64,
    /// How many leaves: 1 to 1024.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 1024))]
    pub count: u32,
    /// The root over the leaves.
    pub root: Hash,
}

/// The place of one leaf in a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BatchProof {
    /// The leaf's index, from 0.
    pub index: u32,
    /// The nodes from the leaf to the root.
    pub path: Vec<Hash>,
}

impl Batch {
    /// `Batch(uint64 epoch,uint32 count,bytes32 root)`
    pub const TYPE: &'static [u8] = b"Batch(uint64 epoch,uint32 count,bytes32 root)";

    /// The batch of `attestations`, in this order; nothing unless there are 1 to 1024 of them.
    pub fn of(epoch: u64, attestations: &[Attestation]) -> Option<Self> {
        let count = u32::try_from(attestations.len()).ok()?;
        if attestations.is_empty() || attestations.len() > MAX_BATCH {
            return None;
        }
        Some(Self { epoch, count, root: Self::tree(attestations).root() })
    }

    /// The tree over the leaves of `attestations`.
    pub fn tree(attestations: &[Attestation]) -> Tree {
        Tree::new(attestations.iter().map(Attestation::leaf).collect())
    }

    /// The digest attestors sign for `gateway`, the gateway that checks.
    pub fn digest(&self, gateway: GatewayId) -> Hash {
        let fields = Hasher::new()
            .hashed(Self::TYPE)
            .uint(self.epoch)
            .uint(u64::from(self.count))
            .word(self.root)
            .finish();
        Hasher::new().bytes(&[0x19, 0x01]).word(domain_separator(gateway)).word(fields).finish()
    }

    /// Checks that `attestation` is in this batch at the place `proof` says.
    pub fn includes(&self, attestation: &Attestation, proof: &BatchProof) -> Result<bool, MerkleError> {
        let root = Tree::implied_root(attestation.leaf(), proof.index, self.count, &proof.path)?;
        Ok(root == self.root)
    }
}
