//! What an adapter does for one island, in two traits: [`Source`] watches the island and proves what happened there,
//! [`Destination`] submits attested statements to its gateways.
//!
//! An adapter knows its kind of chain and nothing else: it never sees the hub, and whoever drives it never sees the
//! chain. It is trusted with nothing but its own transactions' key: evidence is verified by those who receive it.
//!
//! To drive a source is a loop of three steps:
//!
//! ```
//! # use causeway_adapter::{AdapterError, Evidence, Source, Standing};
//! # async fn example(
//! #     source: &dyn Source,
//! #     standing: impl AsyncFn() -> Standing,
//! #     submit: impl AsyncFn(Evidence),
//! # ) -> Result<(), AdapterError> {
//! let standing = standing().await; // where the hub stands with this island
//! if let Some(evidence) = source.next(&standing).await? {
//!     submit(evidence).await; // and ask again where it stands
//! }
//! # Ok(()) }
//! ```
//!
//! [`testkit`] holds what every adapter has to keep, as checks that an adapter's tests run.

mod destination;
mod error;
mod source;
pub mod testkit;

pub use destination::{Destination, Outcome, Statement, Submission, group};
pub use error::AdapterError;
pub use source::{Evidence, GatewayStanding, Head, Health, NodeHealth, Recorded, Source, Standing};
