//! `causeway hub`, `causeway relayer`, `causeway attestor`: the services.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use causeway_attestor::{Attestor, SystemClock};
use causeway_relayer::Relayer;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::cli::RoleArgs;
use crate::config::{self, AttestorFile, HubFile, RelayerFile, Role};
use crate::notify;

/// Runs the hub.
pub(crate) async fn hub(args: &RoleArgs) -> anyhow::Result<()> {
    let file: HubFile = load(&args.config)?;
    let config = file.to_config()?;
    let shutdown = shutdown_on_signal()?;
    let listener =
        TcpListener::bind(&file.listen).await.with_context(|| format!("listen on {}", file.listen))?;
    let ledger = file.ledger().await?;
    if file.database.migrate {
        ledger.migrate().await.context("database")?;
    }
    let alive = tokio::spawn(notify::keep_alive(shutdown.clone()));
    // Connections wait at the listener from here on, so whoever is told that the hub is up can talk to it.
    notify::ready(&format!("serving on {}", listener.local_addr()?));
    let clock = Arc::new(causeway_hub::SystemClock);
    let ended = causeway_hub::serve(config, listener, ledger, clock, shutdown.clone()).await;
    shutdown.cancel();
    alive.await?;
    Ok(ended?)
}

/// Runs a relayer.
pub(crate) async fn relayer(args: &RoleArgs) -> anyhow::Result<()> {
    let file: RelayerFile = load(&args.config)?;
    let relayer = Relayer::new(file.to_config()?);
    let shutdown = shutdown_on_signal()?;
    let alive = tokio::spawn(notify::keep_alive(shutdown.clone()));
    let status = format!("relaying for {} islands", file.islands.len());
    tracing::info!("{status}");
    notify::ready(&status);
    relayer.run(shutdown.clone()).await;
    shutdown.cancel();
    alive.await?;
    Ok(())
}

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
pub(crate) fn shutdown_on_signal() -> anyhow::Result<CancellationToken> {
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
