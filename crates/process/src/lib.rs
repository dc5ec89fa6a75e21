//! Processes that cannot outlive the one that started them, and ports kept for them.
//!
//! Tests against real nodes start a dozen servers; one that survives its test holds a port, a folder and a core:
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

mod port;
mod process;

pub use port::Port;
pub use process::{Process, tail};
