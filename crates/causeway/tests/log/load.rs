//! Facts, recorded all the time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use causeway_api::{CreateToken, Role};
use causeway_ledger::{Ledger, Options};
use causeway_protocol::keccak256;
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How many record at once, and how long each rests after a fact.
const AT_ONCE: usize = 4;
const REST: Duration = Duration::from_millis(5);

/// Some who admit tokens, one after another, whatever happens to the database.
pub(crate) struct Load {
    recorded: Arc<Mutex<Vec<Uuid>>>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Load {
    /// Begins.
    pub(crate) async fn begin(url: &str) -> Self {
        let ledger = Ledger::connect(url, Options { max_connections: 4 }).await.unwrap();
        let load = Self { recorded: Arc::default(), stop: CancellationToken::new(), tasks: JoinSet::new() };
        (0..AT_ONCE).fold(load, |mut load, _| {
            load.tasks.spawn(record(ledger.clone(), load.recorded.clone(), load.stop.clone()));
            load
        })
    }

    /// Ends, and answers every fact that the database acknowledged.
    pub(crate) async fn end(mut self) -> Vec<Uuid> {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
        std::mem::take(&mut *self.recorded.lock().unwrap())
    }
}

async fn record(ledger: Ledger, recorded: Arc<Mutex<Vec<Uuid>>>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let token = CreateToken {
            name: "one of many".to_owned(),
            role: Role::Auditor,
            address: None,
            island: None,
            held_by_hub: false,
            expires_at: None,
        };
        let hash = keccak256(Uuid::now_v7().as_bytes());
        // One that fails may have been recorded or not; one that succeeds must never be missing.
        if let Ok(made) = ledger.create_token(token, hash, OffsetDateTime::now_utc()).await {
            recorded.lock().unwrap().push(made.id);
        }
        tokio::time::sleep(REST).await;
    }
}
