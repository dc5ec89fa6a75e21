//! The connection to Postgres.

use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Postgres, Transaction};

use crate::LedgerError;
use crate::signals::Signals;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// How to connect.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Most connections held at once.
    pub max_connections: u32,
}

/// How long to wait for a connection before the database counts as unreachable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

impl Default for Options {
    fn default() -> Self {
        Self { max_connections: 16 }
    }
}

/// Everything the hub knows, in Postgres. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(crate) pool: PgPool,
    signals: Arc<Signals>,
}

/// The counters that one transaction at a time holds: see `tails` in the migrations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tails {
    pub(crate) evidence: i64,
    pub(crate) packets: i64,
    pub(crate) leaves: i64,
    pub(crate) batches: i64,
    pub(crate) ready: i64,
}

impl Ledger {
    /// Connects to the database at `url`. [`Ledger::migrate`] brings its schema up to date.
    pub async fn connect(url: &str, options: Options) -> Result<Self, LedgerError> {
        let connect: PgConnectOptions = url.parse()?;
        let connect = connect.application_name("causeway").options([
            // Compiling queries never pays for the short ones asked here.
            ("jit", "off"),
            // One statement serves a look-up by id and a filtered list: a plan kept for all its uses would suit the wrong one.
            ("plan_cache_mode", "force_custom_plan"),
            // A client that hangs inside a transaction must not keep the others from recording.
            ("idle_in_transaction_session_timeout", "30s"),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(connect)
            .await?;
        Ok(Self { pool, signals: Arc::default() })
    }

    /// Applies the migrations this program was built with and the database does not have yet.
    pub async fn migrate(&self) -> Result<(), LedgerError> {
        Ok(MIGRATIONS.run(&self.pool).await?)
    }

    /// Whether the database answers and has the schema this program was built with.
    pub async fn ping(&self) -> Result<(), LedgerError> {
        let came = sqlx::query_scalar!("SELECT max(version) FROM _sqlx_migrations WHERE success")
            .fetch_one(&self.pool)
            .await?;
        let expected = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
        if came == Some(expected) { Ok(()) } else { Err(LedgerError::Schema { expected, came }) }
    }

    /// Closes every connection; requests after it fail.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// What long polls wait on.
    pub fn signals(&self) -> &Signals {
        &self.signals
    }

    /// Begins a transaction that nobody else who records can overlap, and the counters it continues.
    pub(crate) async fn begin(&self) -> Result<(Transaction<'static, Postgres>, Tails), LedgerError> {
        let mut transaction = self.pool.begin().await?;
        let tails =
            sqlx::query_as!(Tails, "SELECT evidence, packets, leaves, batches, ready FROM tails FOR UPDATE")
                .fetch_one(&mut *transaction)
                .await?;
        Ok((transaction, tails))
    }
}

impl Tails {
    /// Stores the counters for the next transaction.
    pub(crate) async fn store(
        self,
        transaction: &mut Transaction<'static, Postgres>,
    ) -> Result<(), LedgerError> {
        sqlx::query!(
            "UPDATE tails SET evidence = $1, packets = $2, leaves = $3, batches = $4, ready = $5",
            self.evidence,
            self.packets,
            self.leaves,
            self.batches,
            self.ready,
        )
        .execute(&mut **transaction)
        .await?;
        Ok(())
    }
}
