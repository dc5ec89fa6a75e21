//! Delivering to one island: follow what the hub has ready, submit it, and remember what is on its way back as proof.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use causeway_adapter::{Destination, Outcome, Statement};
use causeway_api::Deliveries;
use causeway_client::{ClientError, HubClient};
use tokio::time::Instant;

use crate::config::{Pace, RelayerConfig};
use crate::convert;
use crate::pause::{Backoff, jittered};
use crate::status::Status;

/// How often a refused statement is tried again: what makes it unacceptable seldom changes.
const REFUSED_PAUSE: Duration = Duration::from_mins(2);
/// How long a failing sequence of `NotYet` grows its pause.
const LONGEST_NOT_YET: Duration = Duration::from_secs(15);

/// Delivers to one island.
pub(crate) struct Deliverer {
    hub: HubClient,
    island: String,
    destination: Arc<dyn Destination>,
    pace: Pace,
    status: Status,
    open: Open,
}

/// What is ready and not proven done, as far as the hub told.
#[derive(Default)]
struct Open {
    /// By the sequence in which they became ready.
    entries: BTreeMap<u64, Entry>,
    /// Pass it to the hub to hear of later ones only.
    after: u64,
}

struct Entry {
    statement: Statement,
    /// Not before.
    due: Instant,
    backoff: Backoff,
}

impl Deliverer {
    pub(crate) fn new(
        config: &RelayerConfig,
        island: String,
        destination: Arc<dyn Destination>,
        status: Status,
    ) -> Self {
        let (hub, pace) = (config.hub.clone(), config.pace.clone());
        Self { hub, island, destination, pace, status, open: Open::default() }
    }

    /// Delivers for ever.
    pub(crate) async fn run(mut self) {
        let mut backoff = Backoff::new(self.pace.first_pause, self.pace.longest_pause);
        loop {
            match self.follow().await {
                Ok(never) => match never {},
                Err(error) => {
                    let pause = backoff.failed();
                    tracing::warn!(%error, ?pause, "following deliveries failed");
                    self.status.update(|status| status.last_failure = Some(error.to_string()));
                    // What is known to be open goes on meanwhile: the hub may be down for long.
                    let resume = Instant::now() + pause;
                    while let Some(due) = self.open.next_due().filter(|due| *due < resume) {
                        tokio::time::sleep_until(due).await;
                        self.submit_due().await;
                    }
                    tokio::time::sleep_until(resume).await;
                }
            }
        }
    }

    /// Reads everything that is open, follows what becomes ready, and submits what is due, until the hub fails.
    async fn follow(&mut self) -> Result<core::convert::Infallible, ClientError> {
        loop {
            self.read_all().await?;
            let reread = Instant::now() + jittered(self.pace.reread);
            loop {
                self.submit_due().await;
                if Instant::now() >= reread {
                    break;
                }
                let wake = self.open.next_due().map_or(reread, |due| due.min(reread));
                let hub = self.hub.clone();
                tokio::select! {
                    ready = hub.deliveries(&self.island, self.open.after, self.pace.wait) => {
                        self.take_in(ready?);
                        self.status.update(|status| status.open = self.open.entries.len() as u64);
                    }
                    () = tokio::time::sleep_until(wake) => {}
                }
            }
        }
    }

    /// Reads everything that is open. What is not among it any more is proven done.
    async fn read_all(&mut self) -> Result<(), ClientError> {
        let mut fresh = Open::default();
        loop {
            let page = self.hub.deliveries(&self.island, fresh.after, Duration::ZERO).await?;
            if page.items.is_empty() {
                break;
            }
            let before = fresh.after;
            fresh.take_in(page, &self.pace);
            if fresh.after <= before {
                break; // a hub that does not move on is not followed in circles
            }
        }
        for (sequence, entry) in &mut fresh.entries {
            if let Some(known) = self.open.entries.remove(sequence) {
                (entry.due, entry.backoff) = (known.due, known.backoff);
            }
        }
        self.open = fresh;
        self.status.update(|status| status.open = self.open.entries.len() as u64);
        Ok(())
    }

    fn take_in(&mut self, deliveries: Deliveries) {
        self.open.take_in(deliveries, &self.pace);
    }

    /// Submits what is due, oldest first, at most so many at once.
    async fn submit_due(&mut self) {
        let now = Instant::now();
        let due = self.open.entries.iter().filter(|(_, entry)| entry.due <= now);
        let (sequences, statements): (Vec<u64>, Vec<Statement>) =
            due.take(self.pace.at_once).map(|(sequence, entry)| (*sequence, entry.statement.clone())).unzip();
        if sequences.is_empty() {
            return;
        }
        match self.destination.submit(&statements).await {
            Ok(submission) => {
                for (sequence, outcome) in sequences.into_iter().zip(submission.outcomes) {
                    self.settle(sequence, outcome);
                }
            }
            Err(error) => {
                tracing::warn!(%error, count = sequences.len(), "delivering failed");
                self.status.update(|status| status.last_failure = Some(error.to_string()));
                for sequence in sequences {
                    self.open.postpone(sequence, self.pace.longest_pause);
                }
            }
        }
    }

    /// Takes in what became of one statement.
    fn settle(&mut self, sequence: u64, outcome: Outcome) {
        let Some(entry) = self.open.entries.get_mut(&sequence) else { return };
        let (packet, kind) = (entry.statement.id(), entry.statement.attestation.kind);
        match outcome {
            Outcome::Done { .. } => {
                tracing::info!(%packet, ?kind, "accepted by the gateway");
                self.status.update(|status| status.delivered += 1);
                entry.due = Instant::now() + self.pace.settling;
            }
            Outcome::AlreadyDone => {
                tracing::debug!(%packet, ?kind, "accepted before");
                entry.due = Instant::now() + self.pace.settling;
            }
            Outcome::NotYet { reason } => {
                tracing::debug!(%packet, ?kind, reason, "not yet");
                self.open.postpone(sequence, LONGEST_NOT_YET);
            }
            Outcome::Refused { reason } => {
                tracing::warn!(%packet, ?kind, reason, "refused by the gateway");
                self.status.update(|status| status.last_failure = Some(format!("packet {packet}: {reason}")));
                entry.due = Instant::now() + jittered(REFUSED_PAUSE);
            }
        }
    }
}

impl Open {
    /// Adds what the hub says is ready; what is known keeps its time.
    fn take_in(&mut self, deliveries: Deliveries, pace: &Pace) {
        for delivery in deliveries.items {
            self.entries.entry(delivery.sequence).or_insert_with(|| Entry {
                statement: convert::statement(delivery),
                due: Instant::now(),
                backoff: Backoff::new(pace.first_pause, pace.longest_pause),
            });
        }
        self.after = self.after.max(deliveries.after);
    }

    fn next_due(&self) -> Option<Instant> {
        self.entries.values().map(|entry| entry.due).min()
    }

    fn postpone(&mut self, sequence: u64, longest: Duration) {
        if let Some(entry) = self.entries.get_mut(&sequence) {
            entry.due = Instant::now() + entry.backoff.failed().min(longest);
        }
    }
}
