//! Why the database did not do what it was asked.

/// Why the ledger has no answer.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Postgres refused, or could not be reached.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("migration: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The schema is not the one this program was built with.
    #[error("the database has schema version {came:?}, expected {expected}")]
    Schema {
        /// The newest migration this program knows.
        expected: i64,
        /// The newest one applied.
        came: Option<i64>,
    },
    /// A row holds what this program never wrote.
    #[error("{what} in the database is not what it has to be: {came}")]
    Corrupt {
        /// The column.
        what: &'static str,
        /// What stands there.
        came: String,
    },
}

impl LedgerError {
    /// Whether the same request can succeed later, unchanged: the connection broke, the server is restarting, or two
    /// transactions met.
    pub fn is_transient(&self) -> bool {
        let Self::Database(error) = self else { return false };
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => true,
            // Classes of SQLSTATE: 08 connection, 40 rollback (serialisation, deadlock), 53 resources, 57 operator's
            // intervention (shutdown, crash recovery).
            sqlx::Error::Database(refusal) => refusal
                .code()
                .is_some_and(|code| ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class))),
            _ => false,
        }
    }

    pub(crate) fn corrupt(what: &'static str, came: impl std::fmt::Debug) -> Self {
        Self::Corrupt { what, came: format!("{came:?}") }
    }
}
