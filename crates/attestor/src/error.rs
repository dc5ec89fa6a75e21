//! What can go wrong in an attestor.

use causeway_protocol::{DecodeError, SignError};

use crate::JournalConflict;

/// The attestor's own store failed. Nothing is signed after it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database or the disk below it.
    #[error("the attestor's store failed: {0}")]
    Database(Box<redb::Error>),
    /// The folder could not be made.
    #[error("the attestor's store cannot be placed in {}: {cause}", path.display())]
    Folder {
        /// The folder.
        path: std::path::PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A record does not read back.
    #[error("the attestor's store holds a record that does not read back: {0}")]
    Record(#[from] DecodeError),
    /// An island that was followed is no longer in the store.
    #[error("the attestor's store has lost island {island}")]
    Missing {
        /// The island.
        island: causeway_protocol::IslandId,
    },
    /// The store was made for another trust anchor of this island.
    #[error("the store follows island {island} as family {stored}, the configuration says {configured}")]
    OtherFamily {
        /// The island.
        island: causeway_protocol::IslandId,
        /// The family in the store.
        stored: causeway_protocol::Family,
        /// The family in the configuration.
        configured: causeway_protocol::Family,
    },
}

/// Any of the database's many error types.
pub(crate) fn database(cause: impl Into<redb::Error>) -> StoreError {
    StoreError::Database(Box::new(cause.into()))
}

/// An attestor cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum AttestorError {
    /// Its store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A pinned trust anchor does not read.
    #[error("island {island}: the pinned trust anchor is refused: {cause}")]
    Anchor {
        /// The island's name.
        island: String,
        /// Why.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Two pinned islands are one and the same, or two gateways share an id.
    #[error("{what} {id} is pinned twice")]
    Twice {
        /// `island` or `gateway`.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// Its key.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// It would have contradicted itself.
    #[error(transparent)]
    Journal(#[from] JournalConflict),
    /// A part of it ended without being told to.
    #[error("the attestor's {0} stopped unexpectedly")]
    Stopped(String),
}
