//! Postgres: the only crate that speaks SQL.
//!
//! What a light client verified becomes a row here, and only that: [`Ledger::record`] takes nothing but
//! [`Verified`](causeway_verifier::Verified) facts. Tables of facts are append-only by trigger; the others are projections of
//! them, rebuilt by the state machines of this crate and mirrored by CHECK constraints in `migrations/`.
//!
//! Everything that records goes through the [`Writer`]: one transaction serves all requests that wait, and nobody is answered
//! before COMMIT.
//!
//! ```no_run
//! # async fn run() -> Result<(), causeway_ledger::LedgerError> {
//! use causeway_ledger::{Ledger, Options, Writer, WriterOptions};
//!
//! let ledger = Ledger::connect("postgres://localhost/causeway", Options::default()).await?;
//! ledger.migrate().await?;
//! let writer = Writer::spawn(ledger.clone(), WriterOptions::default());
//! # Ok(())
//! # }
//! ```

mod access;
mod attestation;
mod column;
mod error;
mod gateway;
mod island;
mod ledger;
mod log;
mod packet;
mod record;
mod signals;
mod stats;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
#[cfg(test)]
mod tests;
mod writer;

pub use access::{Access, Actor, Begin, IdempotencyKey, RotateError, StoredAnswer};
pub use attestation::{AttestRefusal, Attested, CheckedSignature};
pub use error::LedgerError;
pub use gateway::{GatewayLife, GatewayRefusal};
pub use island::{
    ChangeError, ClaimError, ClientHeadRow, IslandChange, IslandLife, IslandRecord, IslandRef, IslandRefusal,
    RegisterError, Registration,
};
pub use ledger::{Ledger, Options};
pub use log::{AppendError, Appended, FactKey, LogHead, LogHolder, LogProofError, LoggedFact};
pub use packet::{
    BundleError, HoursFilter, Outcome, PacketEvent, PacketFilter, PacketLife, PacketPage, PacketRefusal,
    Settlement,
};
pub use record::{ProofLimits, RecordRefusal, Recorded, Submission, Way};
pub use signals::Signals;
pub use writer::{Ticket, Writer, WriterClosed, WriterOptions};
