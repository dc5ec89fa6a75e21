//! What can go wrong between asking for a network and having one.

use std::path::PathBuf;
use std::time::Duration;

use causeway_process::BuildError;

/// Why a node could not be built, started or asked.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The binary cannot be had here: no Go, no modules, or a build that failed. Tests may skip on this one only.
    #[error("GoQuorum is not available: {reason}")]
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
    /// A node process ended although nobody asked it to.
    #[error("node {index} ended: {status}; the end of its log:\n{log}")]
    Ended {
        /// Which node, from 0.
        index: usize,
        /// Its exit status.
        status: String,
        /// The last lines it wrote.
        log: String,
    },
    /// Something did not happen in time.
    #[error("gave up after {waited:?} waiting for {what}; the end of node {index}'s log:\n{log}")]
    Timeout {
        /// What was waited for.
        what: String,
        /// How long.
        waited: Duration,
        /// Whose log is shown.
        index: usize,
        /// The last lines of that log.
        log: String,
    },
    /// No HTTP answer, or one that is not JSON-RPC.
    #[error("{method} at {url}: {source}")]
    Http {
        /// The JSON-RPC method.
        method: String,
        /// The node's address.
        url: String,
        /// The client's error.
        source: reqwest::Error,
    },
    /// The node answered with a JSON-RPC error.
    #[error("{method}: the node answered error {code}: {message}")]
    Refused {
        /// The JSON-RPC method.
        method: String,
        /// JSON-RPC error code.
        code: i64,
        /// The node's words.
        message: String,
    },
    /// The answer has another shape than the method promises.
    #[error("{method}: expected {expected}, got {got}")]
    Shape {
        /// The JSON-RPC method.
        method: String,
        /// What was expected.
        expected: String,
        /// What came, cut short.
        got: String,
    },
    /// There is no node or account with this index.
    #[error("no {what} {index}: there are {count}")]
    NoSuch {
        /// `node` or `account`.
        what: &'static str,
        /// The index asked for.
        index: usize,
        /// How many there are.
        count: usize,
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
}
