//! The transparency log: an append-only Merkle tree over everything the hub recorded, in formats that others read.
//!
//! Pure: no I/O, no clock, builds for wasm32. The hub's ledger stores what is computed here, and a bundle's verifier checks
//! with the same code. From the bottom up:
//! - [`Fact`] is what the hub recorded, in canonical bytes; [`Entry`] is a leaf: it commits to a fact and shows only its kind;
//! - [`Frontier`] grows the tree and yields full [tiles](Tile), [`ProofPlan`] builds proofs from tiles, [`verify_inclusion`] and
//!   [`verify_consistency`] check them (RFC 6962 over SHA-256);
//! - [`Resource`] names what is served (C2SP tlog-tiles);
//! - [`Checkpoint`] states the tree's head, signed as a [`Note`] (C2SP tlog-checkpoint, signed-note);
//! - [`AddCheckpoint`] and [`WitnessAnswer`] are how a witness is asked to cosign (C2SP tlog-witness, tlog-cosignature).
//!
//! ```
//! use causeway_log::{Checkpoint, Entry, FactKind, Frontier, KeyKind, KeyName, NoteSigner, Salt, SignedCheckpoint};
//!
//! let mut tree = Frontier::new();
//! tree.append(Entry::new(FactKind::Approval, Salt([7; 32]), b"canonical fact").leaf_hash());
//!
//! let signer = NoteSigner::new(KeyName::new("hub.example/log")?, KeyKind::Note, &[1; 32])?;
//! let signed = Checkpoint::new("hub.example/log", tree.head()).sign(&[&signer])?;
//!
//! let known = [signer.verifier().clone()];
//! let opened = SignedCheckpoint::open(signed.note().encode().as_bytes(), "hub.example/log", &known)?;
//! assert_eq!(opened.head(), tree.head());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod checkpoint;
mod entry;
pub mod fact;
mod manifest;
mod note;
mod tile;
mod tree;
mod witness;

pub use checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
pub use entry::{Entry, EntryError, FactKind, Salt};
pub use fact::Fact;
pub use manifest::{ExportManifest, ManifestError};
pub use note::{
    KeyError, KeyId, KeyKind, KeyName, MAX_NOTE, MAX_SIGNATURES, Note, NoteError, NoteSignature, NoteSigner,
    VerifiedSignature, VerifierKey,
};
pub use tile::{
    Bundle, BundleError, Entries, PathError, Resource, TILE_WIDTH, Tile, TileHashes, TileLength,
    encode_bundle,
};
pub use tree::{
    Frontier, FullTile, MissingTile, ProofError, ProofPlan, Span, Tiles, TreeHead, UnfitEdge, empty_root,
    leaf_hash, node_hash, sha256, verify_consistency, verify_inclusion, verify_subtree_consistency,
    verify_subtree_inclusion,
};
pub use witness::{AddCheckpoint, AddCheckpointError, MAX_PROOF, TREE_SIZE, WitnessAnswer, WitnessRefusal};
