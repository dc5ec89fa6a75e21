//! Why a server did not start.

use std::path::PathBuf;

/// Why a private Postgres could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No `postgres` and `initdb` on this machine.
    #[error(
        "no Postgres found in PATH or /usr/lib/postgresql/*/bin: install one (Debian: `apt-get install postgresql`) or name a database of your own"
    )]
    NoBinaries,
    /// No Postgres on this machine, and none could be fetched.
    #[error("no Postgres on this machine, and fetching one failed: {0}")]
    Download(String),
    /// Nowhere to keep a fetched Postgres.
    #[error("neither XDG_CACHE_HOME nor HOME is set: nowhere to keep a fetched Postgres")]
    NoCache,
    /// Postgres does not run as root, and there is no account to run it under.
    #[error("running as root, and neither an account `postgres` nor `nobody` exists to run the server under")]
    NoAccount,
    /// A file or folder could not be read, made or given away.
    #[error("{what} {path}: {cause}")]
    Files {
        /// What was being done.
        what: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The folder holds something, but no Postgres cluster of ours.
    #[error("{0} is neither empty nor a data folder made by this program")]
    NotOurs(PathBuf),
    /// Another server runs on the folder.
    #[error("{data} is in use by another server, process {pid}")]
    InUse {
        /// The server's data folder.
        data: PathBuf,
        /// Its process.
        pid: i32,
    },
    /// A program could not be run at all.
    #[error("could not run {program}: {cause}")]
    Run {
        /// The program.
        program: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// `initdb` ran and failed.
    #[error("initdb failed: {0}")]
    InitDb(String),
    /// The server ended, or did not get ready in time. The text is the end of its log.
    #[error("the server did not get ready: {0}")]
    NotReady(String),
}

impl StartError {
    pub(crate) fn files(what: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |cause| Self::Files { what, path, cause }
    }
}
