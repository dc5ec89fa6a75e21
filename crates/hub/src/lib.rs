//! The relay service: takes evidence, verifies it, records what it proves, and hands relayers what attestors have signed.
//!
//! The hub never moves a packet on anyone's word: every state but *attested* is an event proven on an island. It speaks JSON
//! over HTTP (`/openapi.json`, `/docs`), keeps everything in Postgres, and can run several times over one database.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use causeway_hub::HubConfig;
//! use tokio_util::sync::CancellationToken;
//!
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let shutdown = CancellationToken::new();
//! let config = HubConfig::new("hub.example.org/log");
//! causeway_hub::run(config, listener, "postgres://localhost/causeway", shutdown).await?;
//! # Ok(()) }
//! ```
//!
//! Modules are the nouns of the interface, each with its routes; `router` is the table of them, `gate` what every request
//! passes before, and `ingest` the way of evidence from bytes to durable facts.

mod app;
mod attestations;
mod auth;
mod batcher;
mod bundle;
mod clock;
mod config;
mod deliveries;
mod evidence;
mod exports;
mod extract;
mod gate;
mod health;
mod history;
mod idempotency;
mod ingest;
mod islands;
mod log;
mod metrics;
mod misbehaviour;
mod oidc;
mod openapi;
mod packets;
mod problem;
mod proof;
mod router;
mod serve;
mod server;
mod stats;
mod tokens;
mod trust;
mod wake;

pub use causeway_ledger::ProofLimits;
pub use clock::{Clock, SystemClock};
pub use config::{Grant, HubConfig, Limits, LogConfig, OidcConfig, Witness};
pub use problem::{Problem, ProblemCode};
pub use serve::{HubError, run, serve};
