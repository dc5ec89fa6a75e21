//! The batcher: groups new leaves into batches for attestors to sign, and ends islands that retire. Nothing else runs in the
//! background.

use std::sync::Arc;
use std::time::Duration;

use causeway_ledger::{Actor, Ledger};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::metrics::Metrics;

/// How long leaves are gathered before they become batches: one signature then covers many.
const GATHER: Duration = Duration::from_millis(25);
/// How long after a failure, or without any signal, to look anyway.
const LOOK_ANYWAY: Duration = Duration::from_secs(15);

/// Forms batches whenever the ledger signals new leaves, until `stopping`.
pub(crate) async fn run(
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    stopping: CancellationToken,
) {
    let mut leaves = ledger.signals().leaves();
    loop {
        leaves.mark_unchanged();
        match ledger.form_batches(clock.now()).await {
            Ok(0) => {}
            Ok(formed) => metrics.together("batches-formed", formed),
            Err(error) => tracing::warn!(%error, "no batches formed; trying again"),
        }
        let hub = Actor { token: None, name: "hub".to_owned() };
        match ledger.end_retiring(&hub, clock.now()).await {
            Ok(ended) => {
                for island in ended {
                    tracing::info!(%island, "retired: no packet is open");
                }
            }
            Err(error) => tracing::warn!(%error, "retiring islands could not be looked at"),
        }
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(LOOK_ANYWAY) => {}
            rung = leaves.changed() => {
                if rung.is_err() {
                    return;
                }
                tokio::time::sleep(GATHER).await;
            }
        }
    }
}
