//! A private Postgres server on loopback, for the sandbox and for tests.
//!
//! Finds the server's programs (with the feature `download` it fetches them where the machine has none), makes a data folder, starts the server under an account that Postgres accepts (it refuses
//! to run as root), and takes it down again: on [`Server::stop`], on drop, and also when this process is killed.
//!
//! ```no_run
//! # async fn run() -> Result<(), causeway_postgres::StartError> {
//! use causeway_postgres::{Options, Server};
//!
//! let server = Server::start(Options { durable: false, ..Options::default() }).await?;
//! println!("{}", server.url("postgres"));
//! server.stop().await;
//! # Ok(())
//! # }
//! ```

mod account;
mod binaries;
mod cluster;
#[cfg(feature = "download")]
mod download;
mod error;
mod process;
mod replica;
mod server;

pub use error::StartError;
pub use server::{Options, Server};
