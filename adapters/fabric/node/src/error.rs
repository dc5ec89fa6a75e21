//! What can go wrong between asking for a network and having one.

use std::path::PathBuf;
use std::time::Duration;

use causeway_process::BuildError;

/// Why a network could not be built, started or asked.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The binaries cannot be had here: no Go, no modules, or a build that failed. Tests may skip on this one only.
    #[error("Hyperledger Fabric is not available: {reason}")]
    Unavailable {
        /// What was tried and what came back.
        reason: String,
    },
    /// The configuration describes no network that could run.
    #[error("bad network configuration: {0}")]
    Config(String),
    /// A file or process operation failed.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, with its path.
        doing: String,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// One of Fabric's own tools refused.
    #[error("`{command}` ended with {status}:\n{said}")]
    Command {
        /// The tool and its first arguments.
        command: String,
        /// Its exit status.
        status: String,
        /// The last lines it wrote.
        said: String,
    },
    /// A node process ended although nobody asked it to.
    #[error("{node} ended: {status}; the end of its log:\n{log}")]
    Ended {
        /// Which node.
        node: String,
        /// Its exit status.
        status: String,
        /// The last lines it wrote.
        log: String,
    },
    /// Something did not happen in time.
    #[error("gave up after {waited:?} waiting for {what}; the end of the log of {node}:\n{log}")]
    Timeout {
        /// What was waited for.
        what: String,
        /// How long.
        waited: Duration,
        /// Whose log is shown.
        node: String,
        /// The last lines of that log.
        log: String,
    },
    /// A tool's output has another shape than it promises.
    #[error("{what}: expected {expected}, got {got}")]
    Shape {
        /// Whose output.
        what: String,
        /// What was expected.
        expected: &'static str,
        /// What came, cut short.
        got: String,
    },
    /// There is no such node, organisation, user or chaincode.
    #[error("no {what} {name}")]
    NoSuch {
        /// What kind of thing.
        what: &'static str,
        /// The one asked for.
        name: String,
    },
}

impl From<BuildError> for NodeError {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Io { doing, cause } => Self::Io { doing, source: cause },
            other => Self::Unavailable { reason: other.to_string() },
        }
    }
}

impl NodeError {
    /// Wraps an operating-system error with what was being done and where.
    pub(crate) fn io(doing: &str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let doing = format!("{doing} {}", path.into().display());
        move |source| Self::Io { doing, source }
    }

    /// Output that is not what it should be.
    pub(crate) fn shape(what: impl Into<String>, expected: &'static str, got: impl ToString) -> Self {
        let got = got.to_string().chars().take(200).collect();
        Self::Shape { what: what.into(), expected, got }
    }
}
