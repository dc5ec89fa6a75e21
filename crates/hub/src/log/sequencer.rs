//! The sequencer: turns waiting facts into leaves and signs the tree they make.
//!
//! A checkpoint is signed only after the leaves are committed, and only if the tree goes on from the last checkpoint that this
//! hub signed, which it keeps outside Postgres. If it does not, the database has lost or changed what was promised: the sequencer
//! says so and signs nothing more, but keeps the log, so that no other hub goes on from there either.

use std::sync::Arc;
use std::time::Duration;

use causeway_ledger::{AppendError, Ledger, LedgerError, LogHolder, LogProofError};
use causeway_log::{
    Checkpoint, CheckpointError, NoteSigner, ProofError, ProofPlan, Salt, SignedCheckpoint, TreeHead,
    VerifierKey, verify_consistency,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::kept::KeptCheckpoint;
use super::witnesses;
use crate::clock::Clock;
use crate::config::{LogConfig, Witness};
use crate::metrics::Metrics;

/// How often facts are looked for: a recorded fact is in the log well within a second.
const EVERY: Duration = Duration::from_millis(200);
/// How long the log is held without a sign of life; another hub takes it over after that.
const LEASE: Duration = Duration::from_secs(3);
/// Most leaves of one transaction.
const MOST: u32 = 4096;

/// The one that appends and signs, while it holds the log.
pub(crate) struct Sequencer {
    pub(crate) ledger: Ledger,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Arc<Metrics>,
    origin: String,
    signers: Arc<Vec<NoteSigner>>,
    /// The keys of `signers`: whose checkpoints are taken for our own.
    known: Vec<VerifierKey>,
    kept: KeptCheckpoint,
    witnesses: Vec<Witness>,
    /// What was published last by this hub, for witnesses to cosign.
    news: watch::Sender<Option<SignedCheckpoint>>,
    holder: LogHolder,
}

/// Why no checkpoint was signed.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    /// For now: the next attempt may succeed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// For now: another hub holds the log.
    #[error("another hub holds the log")]
    NotHolder,
    /// For now, perhaps: the disk.
    #[error("the kept checkpoint: {0}")]
    Kept(#[from] std::io::Error),
    /// For good.
    #[error("the log stops: {0}")]
    Stop(#[from] Broken),
}

/// The log must not go on.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the database has {came} leaves, and {signed} were signed: it has lost facts")]
    Lost { signed: u64, came: u64 },
    #[error("the database's tree does not go on from the last signed checkpoint: {0}")]
    Forked(#[from] ProofError),
    #[error("the stored tree contradicts itself: {0}")]
    Contradiction(AppendError),
    #[error("the stored tree is incomplete: {0}")]
    Incomplete(LogProofError),
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
}

impl From<AppendError> for Trouble {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Ledger(error) => Self::Ledger(error),
            AppendError::NotHolder => Self::NotHolder,
            broken @ (AppendError::Diverged { .. } | AppendError::Edge(_)) => {
                Broken::Contradiction(broken).into()
            }
        }
    }
}

impl From<LogProofError> for Trouble {
    fn from(error: LogProofError) -> Self {
        match error {
            LogProofError::Ledger(error) => Self::Ledger(error),
            broken @ LogProofError::Missing(_) => Broken::Incomplete(broken).into(),
        }
    }
}

/// What the sequencer goes on from: the last checkpoint that was signed, and the tree that was published.
struct Signed {
    last: Option<TreeHead>,
    published: Option<TreeHead>,
}

impl Sequencer {
    pub(crate) fn new(
        ledger: Ledger,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        origin: &str,
        config: &LogConfig,
        signers: Arc<Vec<NoteSigner>>,
    ) -> Self {
        let known = signers.iter().map(|signer| signer.verifier().clone()).chain(config.former_keys.clone());
        Self {
            ledger,
            clock,
            metrics,
            origin: origin.to_owned(),
            known: known.collect(),
            signers,
            kept: KeptCheckpoint::at(&config.kept),
            witnesses: config.witnesses.clone(),
            news: watch::Sender::new(None),
            holder: LogHolder::new(),
        }
    }

    /// Sequences and signs until `stopping`, whenever this hub holds the log.
    pub(crate) async fn run(self, stopping: CancellationToken) {
        let mut signed: Option<Signed> = None;
        let mut followed: Option<String> = None;
        let mut stopped = false;
        let asking = witnesses::run(
            self.ledger.clone(),
            self.clock.clone(),
            self.witnesses.clone(),
            self.news.subscribe(),
        );
        let asking = tokio::spawn(asking);
        loop {
            match self.step(&mut signed, stopped).await {
                Ok(0) => {}
                Ok(leaves) => {
                    self.metrics.together("log-leaves", usize::try_from(leaves).unwrap_or(usize::MAX));
                    continue;
                }
                Err(Trouble::NotHolder) => {
                    signed = None;
                    if let Err(trouble) = self.follow(&mut followed).await {
                        tracing::warn!(%trouble, "what another hub published was not kept");
                    }
                }
                Err(Trouble::Stop(broken)) => {
                    tracing::error!(%broken, "the log stops: nothing more is signed until an operator has looked");
                    stopped = true;
                }
                Err(trouble) => tracing::warn!(%trouble, "the log did not grow; trying again"),
            }
            tokio::select! {
                () = stopping.cancelled() => break,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
        // What the last requests recorded; anything later is for the next holder.
        if !stopped && let Err(trouble) = self.step(&mut signed, false).await {
            tracing::info!(%trouble, "the last facts are left to the next holder of the log");
        }
        // A witness that takes its time is not waited for.
        asking.abort();
        if let Err(error) = self.ledger.release_log(self.holder).await {
            tracing::warn!(%error, "the log could not be given back; its lease ends soon");
        }
    }

    /// Holds the log, appends what waits, and signs the tree if it grew. Answers how many leaves were added.
    async fn step(&self, signed: &mut Option<Signed>, stopped: bool) -> Result<u64, Trouble> {
        if !self.ledger.hold_log(self.holder, LEASE).await? {
            return Err(Trouble::NotHolder);
        }
        if stopped {
            return Ok(0);
        }
        if signed.is_none() {
            let left_out = self.ledger.refill_log(self.holder).await?;
            if left_out > 0 {
                tracing::warn!(left_out, "facts were written past the log; they wait for it now");
            }
            *signed = Some(self.resume().await?);
        }
        let appended = self.ledger.append_to_log(self.holder, MOST, || Salt(rand::random())).await?;
        if let Some(signed) = signed {
            self.sign(signed, appended.tree).await?;
        }
        Ok(appended.leaves)
    }

    /// What was signed and published before this hub held the log.
    async fn resume(&self) -> Result<Signed, Trouble> {
        let published = self.ledger.newest_checkpoint().await?;
        let published = published.map(|note| self.open(note.as_bytes())).transpose()?;
        let kept = self.kept.load()?.map(|note| self.open(&note)).transpose()?;
        // Another hub may have signed since: the tree has to go on from both.
        let tree = self.ledger.log_head().await?.tree;
        for head in [kept, published].into_iter().flatten() {
            self.goes_on(head, tree).await?;
        }
        let last = [kept, published].into_iter().flatten().max_by_key(|head| head.size);
        Ok(Signed { last, published })
    }

    /// While another hub holds the log: keeps what it published last, so that this hub holds the database to it when its turn comes.
    async fn follow(&self, followed: &mut Option<String>) -> Result<(), Trouble> {
        let note = self.ledger.newest_checkpoint().await?;
        let Some(note) = note.filter(|note| followed.as_ref() != Some(note)) else { return Ok(()) };
        let published = self.open(note.as_bytes())?;
        let kept = self.kept.load()?.map(|note| self.open(&note)).transpose()?;
        if kept.is_none_or(|kept| kept.size < published.size) {
            if let Some(kept) = kept {
                self.goes_on(kept, published).await?;
            }
            self.keep(note.clone()).await?;
        }
        *followed = Some(note);
        Ok(())
    }

    /// The tree of a checkpoint that one of this log's keys signed.
    fn open(&self, note: &[u8]) -> Result<TreeHead, Broken> {
        Ok(SignedCheckpoint::open(note, &self.origin, &self.known)?.head())
    }

    async fn keep(&self, note: String) -> Result<(), Trouble> {
        let kept = self.kept.clone();
        tokio::task::spawn_blocking(move || kept.store(&note)).await.map_err(std::io::Error::other)??;
        Ok(())
    }

    /// Checks, from the stored tiles, that `tree` goes on from `old`.
    async fn goes_on(&self, old: TreeHead, tree: TreeHead) -> Result<(), Trouble> {
        if tree.size < old.size {
            return Err(Broken::Lost { signed: old.size, came: tree.size }.into());
        }
        if old.size == 0 {
            return Ok(());
        }
        let plan = ProofPlan::consistency(old.size, tree.size).map_err(Broken::from)?;
        let proof = self.ledger.log_proof(&plan, tree.size).await?;
        verify_consistency(old, tree, &proof).map_err(Broken::from)?;
        Ok(())
    }

    /// Signs and publishes `tree`, which is committed, unless it is published already.
    async fn sign(&self, signed: &mut Signed, tree: TreeHead) -> Result<(), Trouble> {
        if signed.published == Some(tree) {
            return Ok(());
        }
        if let Some(last) = signed.last {
            self.goes_on(last, tree).await?;
        }
        let signers: Vec<&NoteSigner> = self.signers.iter().collect();
        let checkpoint = Checkpoint::new(&self.origin, tree).sign(&signers).map_err(Broken::from)?;
        let note = checkpoint.note().encode();
        // Kept before it is shown: whoever has seen a checkpoint can hold this hub to it.
        self.keep(note.clone()).await?;
        signed.last = Some(tree);
        self.ledger.publish_checkpoint(tree, &note, self.clock.now()).await?;
        signed.published = Some(tree);
        self.news.send_replace(Some(checkpoint));
        Ok(())
    }
}
