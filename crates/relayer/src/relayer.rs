//! A relayer: tasks for every island, started, and started again should one die.

use core::pin::Pin;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::config::RelayerConfig;
use crate::deliver::Deliverer;
use crate::pause::jittered;
use crate::status::{IslandStatus, Status};
use crate::watch::Watcher;

/// A relayer for the islands of its configuration.
pub struct Relayer {
    config: RelayerConfig,
    statuses: Vec<Status>,
}

/// Which task of which island.
#[derive(Debug, Clone, Copy)]
enum Duty {
    Watch(usize),
    Deliver(usize),
}

/// Runs a relayer until `shutdown`. See [`Relayer`] for one whose status can be read.
pub async fn run(config: RelayerConfig, shutdown: CancellationToken) {
    Relayer::new(config).run(shutdown).await;
}

impl Relayer {
    /// A relayer that does nothing yet.
    pub fn new(config: RelayerConfig) -> Self {
        let statuses = config.islands.iter().map(|island| Status::of(&island.island)).collect();
        Self { config, statuses }
    }

    /// How every island stands, in the order of the configuration.
    pub fn status(&self) -> Vec<IslandStatus> {
        self.statuses.iter().map(Status::read).collect()
    }

    /// Runs until `shutdown`. May be dropped at any time: nothing is lost that cannot be asked for again.
    pub async fn run(&self, shutdown: CancellationToken) {
        let watching = (0..self.config.islands.len()).map(Duty::Watch);
        let delivering = (0..self.config.islands.len())
            .filter(|&index| self.config.islands[index].destination.is_some())
            .map(Duty::Deliver);
        let mut tasks = JoinSet::new();
        for duty in watching.chain(delivering) {
            self.start(&mut tasks, duty, &shutdown);
        }
        while let Some(ended) = tasks.join_next().await {
            match ended {
                _ if shutdown.is_cancelled() => {}
                Ok(duty) => {
                    // A duty ends by shutdown or by a panic in an adapter, which must not end the others.
                    tracing::error!(?duty, "a task died; it starts again");
                    tokio::select! {
                        () = shutdown.cancelled() => {}
                        () = tokio::time::sleep(jittered(self.config.pace.longest_pause)) => {}
                    }
                    self.start(&mut tasks, duty, &shutdown);
                }
                Err(error) => tracing::error!(%error, "a supervising task died"),
            }
        }
    }

    fn start(&self, tasks: &mut JoinSet<Duty>, duty: Duty, shutdown: &CancellationToken) {
        let (Duty::Watch(index) | Duty::Deliver(index)) = duty;
        let (config, status) = (self.config.clone(), self.statuses[index].clone());
        let island = config.islands[index].clone();
        let span = tracing::info_span!("island", island = %island.island);
        let work: Pin<Box<dyn Future<Output = ()> + Send>> = match (duty, island.destination.clone()) {
            (Duty::Watch(_), _) => Box::pin(Watcher::new(&config, island, status).run()),
            (Duty::Deliver(_), Some(destination)) => {
                Box::pin(Deliverer::new(&config, island.island, destination, status).run())
            }
            (Duty::Deliver(_), None) => return,
        };
        let shutdown = shutdown.clone();
        tasks.spawn(async move {
            // A task of its own, so that a panic is an answer here and not the end.
            let work = tokio::spawn(work.instrument(span));
            let abort = work.abort_handle();
            if shutdown.run_until_cancelled(work).await.is_none() {
                abort.abort();
            }
            duty
        });
    }
}
