//! Evidence bundles: one file that proves a packet's life to whoever trusts neither the hub nor its database.
//!
//! A [`Bundle`] holds, for the islands at both ends of a packet, the evidence from the trust anchor on; the statements about the packet
//! with their attestors' signatures; and the leaves of the hub's log with a checkpoint. [`verify()`] goes through all of it again, with
//! the same light clients that hub and attestors use, and says in a [`Report`] what is proven and what had to be believed.
//!
//! No I/O, no clock, builds for wasm32: the command line and a browser run the same code. The canonical form is in `docs/formats.md`.
//!
//! ```no_run
//! use causeway_bundle::{Bundle, Trust, verify};
//!
//! let bytes = std::fs::read("packet.bundle").unwrap();
//! let report = verify(&Bundle::decode(&bytes).unwrap(), &Trust::default()).unwrap();
//! println!("{}", report.believed.join("\n"));
//! ```

mod chain;
mod fault;
mod format;
mod leaves;
mod life;
mod report;
mod statements;
mod verify;
mod words;

pub use fault::Fault;
pub use format::{Bundle, IslandPart, LeafPart, MAX_BUNDLE, MAX_PIECES, Piece, StatementPart};
pub use report::{Report, ReportedAttestor, ReportedEvent, ReportedIsland, ReportedLog, ReportedStatement};
pub use verify::{Trust, verify};
