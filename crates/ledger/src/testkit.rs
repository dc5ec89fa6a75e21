//! Fresh databases for tests: one private server a process, one migrated template, a copy of it for every test.

use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};

use causeway_postgres::Server;
use causeway_protocol::IslandId;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::sync::OnceCell;

use crate::{Ledger, Options};

/// A ledger of its own.
#[derive(Debug)]
pub struct TestLedger {
    /// The ledger.
    pub ledger: Ledger,
    /// Its database's URL.
    pub url: String,
}

impl Deref for TestLedger {
    type Target = Ledger;

    fn deref(&self) -> &Ledger {
        &self.ledger
    }
}

/// Lives as long as the process; the server ends with it.
static SERVER: OnceCell<Server> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A ledger on a fresh, migrated database.
///
/// # Panics
///
/// When no Postgres can be started: a test without its database has nothing to say.
pub async fn fresh() -> TestLedger {
    let url = fresh_database().await;
    let options = Options { max_connections: 4 };
    let ledger = Ledger::connect(&url, options).await.unwrap_or_else(|error| panic!("{error}"));
    TestLedger { ledger, url }
}

/// The URL of a fresh, migrated database.
///
/// # Panics
///
/// As [`fresh`].
pub async fn fresh_database() -> String {
    let server = SERVER.get_or_init(start).await;
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let copy = async {
        let mut admin = PgConnection::connect(&server.url("postgres")).await?;
        // The name is made two lines above.
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template_ledger")))
            .execute(&mut admin)
            .await?;
        admin.close().await
    };
    copy.await.unwrap_or_else(|error| panic!("a fresh database: {error}"));
    server.url(&name)
}

/// Makes a pending island active, as if another gateway of it had been proven and the island approved: for tests of what follows.
///
/// # Panics
///
/// When the database does not do it.
pub async fn activate(ledger: &Ledger, island: IslandId) {
    let history = "INSERT INTO island_changes (island, change, state, actor, reason, at)
                   VALUES ($1, $3, $2, 'a test', '', now())";
    for (state, change) in [("proven", "proven"), ("active", "approved")] {
        for statement in [history, "UPDATE island_states SET state = $2 WHERE island = $1 AND $3 <> ''"] {
            sqlx::query(statement)
                .bind(island.as_ref())
                .bind(state)
                .bind(change)
                .execute(&ledger.pool)
                .await
                .unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

async fn start() -> Server {
    let options = causeway_postgres::Options {
        durable: false,
        max_connections: 200,
        ..causeway_postgres::Options::default()
    };
    let server = Server::start(options).await.unwrap_or_else(|error| panic!("{error}"));
    let migrate = async {
        let mut admin = PgConnection::connect(&server.url("postgres")).await?;
        sqlx::query("CREATE DATABASE template_ledger").execute(&mut admin).await?;
        let ledger = Ledger::connect(&server.url("template_ledger"), Options::default()).await?;
        ledger.migrate().await?;
        // A template cannot be copied while somebody is connected to it.
        ledger.close().await;
        Ok::<_, crate::LedgerError>(())
    };
    migrate.await.unwrap_or_else(|error| panic!("the template database: {error}"));
    server
}
