//! The transparency log's storage: which facts wait, how they become leaves, and what is served of them.
//!
//! One hub at a time is the [`LogHolder`] that appends, chosen by Postgres; the tree moves by compare-and-swap on size and holder,
//! so a holder that was thought dead cannot fork it. Full tiles and entries are append-only; everything partial follows from them.

mod append;
mod facts;
mod holder;
mod keys;
mod read;

#[cfg(test)]
pub(crate) use facts::FORMS;

pub use append::{AppendError, Appended};
pub use holder::{LogHead, LogHolder};
pub use keys::FactKey;
pub use read::{LogProofError, LoggedFact};
