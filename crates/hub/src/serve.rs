//! A hub from start to end: what runs, and how it stops without losing anything.

use std::sync::Arc;

use causeway_api::{CreateToken, Role};
use causeway_ledger::{Ledger, LedgerError, Options};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::Hub;
use crate::clock::{Clock, SystemClock};
use crate::config::HubConfig;
use crate::log::{Sequencer, read_signers};
use crate::oidc::Oidc;
use crate::{auth, batcher, router, server};

/// Connections to Postgres that a hub holds at most.
const DATABASE_CONNECTIONS: u32 = 16;

/// Why a hub did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// Postgres did not do what was asked.
    #[error("ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// The operator's token cannot be read.
    #[error("operator token file {path}: {why}")]
    OperatorToken {
        /// The file.
        path: String,
        /// What was expected or what went wrong.
        why: String,
    },
    /// A key of the log cannot be used.
    #[error("log key file {path}: {why}")]
    LogKey {
        /// The file.
        path: String,
        /// What was expected or what went wrong.
        why: String,
    },
    /// The issuer that people sign in at cannot be used.
    #[error("OpenID Connect: {0}")]
    Oidc(String),
    /// The metrics could not be set up: a defect.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The socket failed.
    #[error("listening: {0}")]
    Listen(#[from] std::io::Error),
}

/// Runs a hub on `listener` with the database at `url`, which is brought to the current schema, until `shutdown`.
pub async fn run(
    config: HubConfig,
    listener: TcpListener,
    url: &str,
    shutdown: CancellationToken,
) -> Result<(), HubError> {
    let ledger = Ledger::connect(url, Options { max_connections: DATABASE_CONNECTIONS }).await?;
    ledger.migrate().await?;
    serve(config, listener, ledger, Arc::new(SystemClock), shutdown).await
}

/// Serves until `shutdown`, then stops without losing anything: no new connections, long polls answered at once, requests in
/// flight finished, everything acknowledged committed, the pool closed.
///
/// `ledger` has to be at the current schema.
pub async fn serve(
    config: HubConfig,
    listener: TcpListener,
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> Result<(), HubError> {
    if let Some(path) = &config.operator_token_file {
        insert_operator(&ledger, path, clock.as_ref()).await?;
    }
    let signers = config.log.as_ref().map(|log| read_signers(&log.key_files, &config.origin)).transpose()?;
    let signers = Arc::new(signers.unwrap_or_default());
    let address = listener.local_addr()?;
    let oidc = config.oidc.clone().map(Oidc::new).transpose().map_err(HubError::Oidc)?;
    let hub = Hub::new(config, oidc, ledger.clone(), clock.clone(), shutdown.clone(), signers.clone())?;
    // It goes on after the last request is answered, so that what was recorded then is in the log too.
    let drained = CancellationToken::new();
    let sequencer = hub.config.log.as_ref().map(|log| {
        let (ledger, metrics) = (ledger.clone(), hub.metrics.clone());
        let sequencer = Sequencer::new(ledger, clock.clone(), metrics, &hub.config.origin, log, signers);
        tokio::spawn(sequencer.run(drained.clone()))
    });
    let batcher = tokio::spawn(batcher::run(ledger.clone(), clock, hub.metrics.clone(), shutdown.clone()));
    tracing::info!(%address, hub = %hub.config.hub_id(), origin = hub.config.origin, "the hub serves");
    server::serve(listener, router::router(&hub), &hub.config.limits, shutdown.clone()).await;
    hub.writer.clone().drain().await;
    // Also when it was the listener that ended, and nobody asked to stop.
    shutdown.cancel();
    if batcher.await.is_err() {
        tracing::error!("the batcher died");
    }
    drained.cancel();
    if let Some(sequencer) = sequencer
        && sequencer.await.is_err()
    {
        tracing::error!("the log's sequencer died");
    }
    ledger.close().await;
    tracing::info!("the hub has stopped");
    Ok(())
}

/// Makes sure that the operator's first token exists. It is stored hashed, and never logged.
async fn insert_operator(ledger: &Ledger, path: &std::path::Path, clock: &dyn Clock) -> Result<(), HubError> {
    let refuse = |why: String| HubError::OperatorToken { path: path.display().to_string(), why };
    let text = tokio::fs::read_to_string(path).await.map_err(|error| refuse(error.to_string()))?;
    let secret = text.trim();
    if secret.len() < 24 || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refuse("expected at least 24 visible characters".to_owned()));
    }
    let operator = CreateToken {
        name: "first operator".to_owned(),
        role: Role::Operator,
        address: None,
        island: None,
        held_by_hub: false,
        expires_at: None,
    };
    ledger.ensure_token(operator, auth::secret_hash(secret), clock.now()).await?;
    Ok(())
}
