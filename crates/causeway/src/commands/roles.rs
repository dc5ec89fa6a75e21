//! `causeway hub`, `causeway relayer`, `causeway attestor`: the services.

use std::path::Path;
use std::sync::Arc;

use causeway_attestor::{Attestor, SystemClock};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::cli::RoleArgs;
use crate::config::{self, AttestorFile, Role};
use crate::notify;

/// Runs an attestor.
pub(crate) async fn attestor(args: &RoleArgs) -> anyhow::Result<()> {
    let file: AttestorFile = load(&args.config)?;
    let attestor = Attestor::open(file.to_config()?, Arc::new(SystemClock))?;
    let shutdown = shutdown_on_signal()?;
    let alive = tokio::spawn(notify::keep_alive(shutdown.clone()));
    let status = format!("attesting as {} for {} islands", attestor.address(), attestor.islands().len());
    tracing::info!("{status}");
    notify::ready(&status);
    let ended = attestor.run(shutdown.clone()).await;
    shutdown.cancel();
    alive.await?;
    Ok(ended?)
}

fn load<T: Role>(path: &Path) -> anyhow::Result<T> {
    Ok(config::load(path, std::env::vars())?)
}

/// A token that is cancelled by SIGTERM or SIGINT.
fn shutdown_on_signal() -> anyhow::Result<CancellationToken> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let shutdown = CancellationToken::new();
    let token = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("told to stop");
        token.cancel();
    });
    Ok(shutdown)
}
