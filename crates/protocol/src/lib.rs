//! The protocol of Causeway: packets, lanes, islands, gateway events, their ids and digests, envelopes and attestations.
//!
//! Types and encodings only: no I/O, no clock, builds for wasm32. Every id is keccak-256 over 32-byte words, or an
//! EIP-712 struct hash, so that a Solidity gateway and a wallet compute the same values natively.
//!
//! ```
//! use causeway_protocol::{Family, Hash, Island};
//!
//! let island = Island { family: Family::Qbft, fingerprint: Hash([0x11; 32]), anchor: Hash([0x12; 32]) };
//! assert_eq!(
//!     island.id().to_string(),
//!     "0x08c2f5053171a8701382bc467ce230786fc7db158211549c4edc0f19dd7196f1",
//! );
//! ```

mod address;
mod attestation;
mod codec;
mod envelope;
mod event;
mod family;
mod gateway;
mod hash;
mod island;
pub mod json;
mod lane;
mod merkle;
mod packet;
mod rotation;
#[cfg(feature = "schema")]
pub mod schema;
pub mod sealed;
mod sign;

pub use address::Address;
pub use attestation::{
    Attestation, AttestationKind, Batch, BatchProof, Leaf, MAX_BATCH, UnknownAttestationKind,
};
pub use codec::{DecodeError, Reader, Writer};
pub use envelope::{Envelope, EnvelopeError, HubId, MEDIA_TYPE, SignedEnvelope};
pub use event::{AttestorSet, GatewayEvent, GatewayEventKind};
pub use family::{Family, UnknownFamily};
pub use gateway::GatewayId;
pub use hash::{Digest712, Hash, HashError, Hasher, keccak256, words};
pub use island::{Island, IslandId, anchor_digest};
pub use lane::{Lane, LaneId, LaneOrder, LaneTerms};
pub use merkle::{MerkleError, Tree};
pub use packet::{
    MAX_BUDGET, MAX_PARTY, MAX_PAYLOAD, MAX_RESULT, MAX_TIMEOUT_WINDOW, OVERDUE_AFTER, Packet, PacketError,
    PacketId,
};
pub use rotation::{Rotation, RotationError};
pub use sign::{LocalSigner, SignError, Signature, SignatureError, Signer, domain_separator};
