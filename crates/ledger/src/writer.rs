//! The group-commit writer: one transaction serves all who wait.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use crate::record::{RecordRefusal, Recorded, Submission};
use crate::{Ledger, LedgerError};

/// How the writer works.
#[derive(Debug, Clone, Copy)]
pub struct WriterOptions {
    /// Most submissions that wait; whoever brings more waits to be let in.
    pub queue: usize,
    /// Most submissions in one transaction.
    pub most: usize,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self { queue: 256, most: 64 }
    }
}

/// The writer has stopped: whether the submission was recorded is to be asked of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the writer has stopped")]
pub struct WriterClosed;

/// A handle on the writer's task. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    stop: Arc<watch::Sender<bool>>,
    capacity: usize,
}

/// A submission that is with the writer.
#[derive(Debug)]
pub struct Ticket {
    answer: oneshot::Receiver<Result<Recorded, RecordRefusal>>,
}

#[derive(Debug)]
struct Job {
    item: Submission,
    answer: oneshot::Sender<Result<Recorded, RecordRefusal>>,
}

/// First and longest pause before a transaction is tried again.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

impl Writer {
    /// Starts the writer's task on `ledger`.
    pub fn spawn(ledger: Ledger, options: WriterOptions) -> Self {
        let capacity = options.queue.max(1);
        let (jobs, queue) = mpsc::channel(capacity);
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(run(ledger, queue, stopped, options.most.max(1)));
        Self { jobs, stop: Arc::new(stop), capacity }
    }

    /// Hands in a submission, after those handed in before. Waits while the queue is full.
    pub async fn submit(&self, item: Submission) -> Result<Ticket, WriterClosed> {
        let (sender, answer) = oneshot::channel();
        self.jobs.send(Job { item, answer: sender }).await.map_err(|_| WriterClosed)?;
        Ok(Ticket { answer })
    }

    /// Hands in a submission and waits for its COMMIT.
    pub async fn record(&self, item: Submission) -> Result<Result<Recorded, RecordRefusal>, WriterClosed> {
        self.submit(item).await?.outcome().await
    }

    /// How many submissions wait to be taken up.
    pub fn depth(&self) -> usize {
        self.capacity.saturating_sub(self.jobs.capacity())
    }

    /// Lets nothing more in, and returns when everything in the queue is committed. Other handles may live on.
    pub async fn drain(self) {
        self.stop.send_replace(true);
        self.jobs.closed().await;
        // The receiver is dropped after the last answer.
        self.stop.closed().await;
    }
}

impl Ticket {
    /// Waits for the COMMIT.
    pub async fn outcome(self) -> Result<Result<Recorded, RecordRefusal>, WriterClosed> {
        self.answer.await.map_err(|_| WriterClosed)
    }
}

/// Takes up whatever waits and commits it together, until everybody is gone or the writer is drained.
async fn run(
    ledger: Ledger,
    mut queue: mpsc::Receiver<Job>,
    mut stopped: watch::Receiver<bool>,
    most: usize,
) {
    let mut jobs = Vec::with_capacity(most);
    loop {
        tokio::select! {
            biased;
            taken = queue.recv_many(&mut jobs, most) => if taken == 0 { return },
            // An error means that every handle is gone; the queue then ends by itself.
            Ok(_) = stopped.wait_for(|stopped| *stopped), if !queue.is_closed() => {
                queue.close();
                continue;
            }
        }
        commit(&ledger, std::mem::take(&mut jobs)).await;
    }
}

/// Commits `jobs` and answers each. Recording again what a lost connection left unknown is harmless: a digest is recorded once.
async fn commit(ledger: &Ledger, jobs: Vec<Job>) {
    let (items, answers): (Vec<Submission>, Vec<_>) =
        jobs.into_iter().map(|job| (job.item, job.answer)).unzip();
    let verdicts = match until_known(ledger, &items).await {
        Ok(verdicts) => verdicts,
        // One of them breaks a rule of the schema: the others are not to suffer from it.
        Err(error) if items.len() > 1 => {
            tracing::error!(%error, items = items.len(), "a transaction was refused; recording its items one by one");
            let mut verdicts = Vec::with_capacity(items.len());
            for item in &items {
                let alone = until_known(ledger, std::slice::from_ref(item)).await;
                verdicts.extend(alone.unwrap_or_else(|error| vec![refused(&error)]));
            }
            verdicts
        }
        Err(error) => vec![refused(&error)],
    };
    for (answer, verdict) in answers.into_iter().zip(verdicts) {
        // Whoever asked may have gone; the facts are recorded all the same.
        let _ = answer.send(verdict);
    }
}

fn refused(error: &LedgerError) -> Result<Recorded, RecordRefusal> {
    tracing::error!(%error, "verified facts could not be recorded");
    Err(RecordRefusal::NotRecordable(error.to_string()))
}

/// Tries until the database says yes or no. A connection that breaks in between says neither.
async fn until_known(
    ledger: &Ledger,
    items: &[Submission],
) -> Result<Vec<Result<Recorded, RecordRefusal>>, LedgerError> {
    let mut pause = PAUSE.0;
    loop {
        match ledger.record(items).await {
            Err(error) if error.is_transient() && !ledger.pool.is_closed() => {
                tracing::warn!(%error, ?pause, "recording failed; trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE.1);
            }
            verdicts => return verdicts,
        }
    }
}
