//! From an envelope to durable facts.
//!
//! An envelope is opened and its signature checked, its evidence is verified on a thread of its own, and what it proves goes to
//! the group-commit writer. Nothing is answered before the commit. Runs of one island are verified in the order they come, each
//! on top of the one before it, committed or not yet: the ledger's compare-and-set decides, and whoever loses is verified again,
//! once, against what the ledger says.

mod lane;
mod misbehaviour;
mod pool;
mod refused;
mod stream;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use causeway_ledger::{
    IslandRecord, Ledger, LedgerError, RecordRefusal, Recorded, Submission, Way, Writer, WriterClosed,
};
use causeway_protocol::{Address, Hash, HubId, IslandId, SignedEnvelope};
use causeway_verifier::{Advance, EvidenceKind, Recorded as RecordedHeader, Verified, light_client};
use parking_lot::Mutex;
use uuid::Uuid;

use self::lane::{Commit, Lane, View};
use self::pool::Pool;
pub(crate) use self::refused::Refused;
pub(crate) use self::stream::split;
use crate::clock::{Clock, unix_seconds};
use crate::metrics::Metrics;

/// Why an envelope has no answer of its own: the whole request has to be sent again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The hub is stopping.
    #[error("the writer has stopped")]
    Stopping(#[from] WriterClosed),
    /// A verifying thread died.
    #[error("verification did not finish")]
    Thread,
}

/// Who submits, and for which island.
#[derive(Debug, Clone)]
pub(crate) struct Submitter {
    /// The token.
    pub(crate) token: Option<Uuid>,
    /// The keys it may have signed with: the one it is bound to, first.
    pub(crate) keys: Vec<Address>,
    /// The island the request names.
    pub(crate) island: IslandRecord,
    /// As evidence, or as a proof.
    pub(crate) way: Way,
}

/// What became of an envelope.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Durable, now or before.
    Recorded(Recorded),
    /// Not accepted.
    Refused(Refused),
}

/// An envelope on its way.
pub(crate) enum Staged {
    /// Answered without the writer.
    Done(Outcome),
    /// With the writer: the facts in it are verified.
    Waiting(Commit),
}

/// An envelope, opened: decoded, its digest computed, its signature checked.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) signed: Arc<SignedEnvelope>,
    pub(crate) digest: Hash,
}

/// The way in.
pub(crate) struct Ingest {
    hub: HubId,
    ledger: Ledger,
    writer: Writer,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    pool: Pool,
    lanes: Mutex<HashMap<IslandId, Arc<Lane>>>,
}

impl Ingest {
    pub(crate) fn new(
        hub: HubId,
        ledger: Ledger,
        writer: Writer,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        threads: usize,
    ) -> Self {
        Self { hub, ledger, writer, clock, metrics, pool: Pool::new(threads), lanes: Mutex::default() }
    }

    /// Decodes an envelope and checks everything that needs no ledger: hub, heights, signature.
    pub(crate) async fn open(&self, bytes: bytes::Bytes) -> Result<Result<Opened, Refused>, IngestError> {
        let hub = self.hub;
        self.pool.run(move || open(hub, &bytes)).await
    }

    /// Runs `work` where cryptography runs, away from the threads that serve requests.
    pub(crate) async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, IngestError> {
        self.pool.run(work).await
    }

    /// Verifies an opened envelope and hands what it proves to the writer.
    pub(crate) async fn stage(&self, from: &Submitter, opened: &Opened) -> Result<Staged, IngestError> {
        if let Err(refused) = check_submitter(from, opened) {
            return Ok(Staged::Done(Outcome::Refused(refused)));
        }
        if let Some(known) = self.known(opened).await? {
            return Ok(known);
        }
        let lane = self.lane(from.island.id);
        let mut view = lane.view.lock().await;
        if let Some(mut current) = view.take().filter(|view| view.takes(from.way).is_ok()) {
            let staged = self.attempt(&lane, &mut current, from, opened).await;
            *view = Some(current);
            if let Ok(staged) = staged? {
                return Ok(staged);
            }
        }
        // Nothing remembered, or it did not fit: what the ledger says now decides.
        let Some(mut current) = lane.load(&self.ledger, from.island.id).await? else {
            return Ok(Staged::Done(Outcome::Refused(Refused::NoSuchIsland)));
        };
        if let Err(refused) = current.takes(from.way) {
            *view = None;
            if matches!(refused, Refused::Frozen) {
                self.ledger.keep_unverified(&opened.signed, self.clock.now()).await?;
            }
            return Ok(Staged::Done(Outcome::Refused(refused)));
        }
        if let Some(known) = self.known(opened).await? {
            *view = Some(current);
            return Ok(known);
        }
        let staged = self.attempt(&lane, &mut current, from, opened).await;
        *view = Some(current);
        Ok(staged?.unwrap_or_else(|refused| Staged::Done(Outcome::Refused(refused))))
    }

    /// Waits for a staged envelope's commit. A lost race is verified again, once.
    pub(crate) async fn finish(
        &self,
        from: &Submitter,
        opened: &Opened,
        staged: Staged,
    ) -> Result<Outcome, IngestError> {
        match self.settle(from, staged).await? {
            Outcome::Refused(Refused::Record(RecordRefusal::HeadMoved { .. })) => {
                let again = self.stage(from, opened).await?;
                self.settle(from, again).await
            }
            outcome => Ok(outcome),
        }
    }

    async fn settle(&self, from: &Submitter, staged: Staged) -> Result<Outcome, IngestError> {
        let commit = match staged {
            Staged::Done(outcome) => return Ok(outcome),
            Staged::Waiting(commit) => commit,
        };
        match commit.await.map_err(|_| IngestError::Thread)?? {
            Ok(recorded) => Ok(Outcome::Recorded(recorded)),
            Err(refusal) => {
                self.forget(from.island.id).await;
                Ok(Outcome::Refused(refusal.into()))
            }
        }
    }

    /// Forgets what is remembered of an island: something else changed it.
    pub(crate) async fn forget(&self, island: IslandId) {
        *self.lane(island).view.lock().await = None;
    }

    fn lane(&self, island: IslandId) -> Arc<Lane> {
        self.lanes.lock().entry(island).or_default().clone()
    }

    async fn known(&self, opened: &Opened) -> Result<Option<Staged>, IngestError> {
        let known = self.ledger.known_evidence(opened.signed.envelope.island, opened.digest).await?;
        Ok(known.map(|known| Staged::Done(Outcome::Recorded(Recorded { known: true, ..known }))))
    }

    /// Verifies against `view`; what it proves goes to the writer, and `view` moves ahead.
    async fn attempt(
        &self,
        lane: &Arc<Lane>,
        view: &mut View,
        from: &Submitter,
        opened: &Opened,
    ) -> Result<Result<Staged, Refused>, IngestError> {
        let now = lane.moment(self.clock.now());
        let begun = Instant::now();
        let verdict = self.verify(view, opened, unix_seconds(now)).await?;
        self.metrics.took("verify", begun.elapsed());
        let advance = match verdict {
            Ok(advance) => advance,
            Err(refused) => return Ok(Err(refused)),
        };
        let next = view.after(&advance);
        let submission = Submission {
            envelope: SignedEnvelope::clone(&opened.signed),
            advance,
            recorded_at: now,
            token: from.token,
            way: from.way,
        };
        let commit = lane.submit(&self.writer, submission, self.metrics.clone()).await?;
        *view = next;
        Ok(Ok(Staged::Waiting(commit)))
    }

    async fn verify(
        &self,
        view: &View,
        opened: &Opened,
        now: u64,
    ) -> Result<Result<Verified<Advance>, Refused>, IngestError> {
        let Ok(client) = light_client(view.family) else {
            return Ok(Err(Refused::UnsupportedFamily(view.family)));
        };
        let span = match client.inspect(&opened.signed.envelope.evidence) {
            Ok(span) => span,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        let recorded = match span.kind {
            EvidenceKind::BackFill => {
                let header = self.ledger.recorded_header(view.island, span.last).await?;
                header
                    .filter(|header| header.height == span.last)
                    .map(|header| RecordedHeader { height: header.height, hash: header.hash })
            }
            _ => None,
        };
        let (state, gateways, envelope) = (view.state.clone(), view.gateways.clone(), opened.signed.clone());
        let work = move || {
            let evidence = &envelope.envelope.evidence;
            client.advance(&state, &gateways, recorded.as_ref(), evidence, now).map_err(Refused::from)
        };
        self.pool.run(work).await
    }
}

fn open(hub: HubId, bytes: &[u8]) -> Result<Opened, Refused> {
    let signed = SignedEnvelope::decode(bytes).map_err(Refused::MalformedEnvelope)?;
    let envelope = &signed.envelope;
    if envelope.hub != hub {
        return Err(Refused::OtherHub { expected: hub, came: envelope.hub });
    }
    signed.check_signature().map_err(Refused::Signature)?;
    let family = causeway_verifier::family_of(&envelope.evidence)?;
    let client = light_client(family).map_err(|_| Refused::UnsupportedFamily(family))?;
    let span = client.inspect(&envelope.evidence)?;
    if (span.first, span.last) != (envelope.first, envelope.last) {
        return Err(Refused::Heights {
            expected: (span.first, span.last),
            came: (envelope.first, envelope.last),
        });
    }
    let digest = envelope.evidence_digest();
    Ok(Opened { signed: Arc::new(signed), digest })
}

/// A token submits what its own key signed, for the island the path names, and nothing else.
fn check_submitter(from: &Submitter, opened: &Opened) -> Result<(), Refused> {
    let envelope = &opened.signed.envelope;
    if !from.keys.contains(&envelope.relayer) {
        let expected = from.keys.first().copied().unwrap_or(Address::ZERO);
        return Err(Refused::OtherRelayer { expected, came: envelope.relayer });
    }
    if envelope.island != from.island.id {
        return Err(Refused::OtherIsland { expected: from.island.id, came: envelope.island });
    }
    Ok(())
}
