//! What running real nodes takes: their programs, built once by Go; processes that cannot outlive the one that started
//! them; ports kept for them.
//!
//! [`GoModule`] builds. A network of nodes is a dozen servers; one that survives who started it holds a port, a folder and a
//! core:
//!
//! ```
//! use std::process::Command;
//!
//! use causeway_process::{Port, Process};
//!
//! # fn main() -> std::io::Result<()> {
//! let port = Port::reserve()?;
//! let log = std::env::temp_dir().join(format!("causeway-process-{}.log", port.number()));
//! let mut command = Command::new("/bin/sleep");
//! command.arg("60").env("PORT", port.number().to_string());
//! let process = Process::start(command, &log)?;
//! drop(process); // it is gone
//! # std::fs::remove_file(log)
//! # }
//! ```

mod cache;
mod go;
mod port;
mod process;

pub use cache::cache_folder;
pub use go::{BuildError, GoModule};
pub use port::Port;
pub use process::{Process, tail};
