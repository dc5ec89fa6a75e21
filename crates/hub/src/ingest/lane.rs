//! One island's lane: evidence for it is verified one after the other, against what is remembered of it.

use std::sync::Arc;
use std::time::Instant;

use causeway_api::IslandState;
use causeway_ledger::{
    IslandRef, Ledger, LedgerError, RecordRefusal, Recorded, Submission, Way, Writer, WriterClosed,
};
use causeway_protocol::{Family, IslandId};
use causeway_verifier::{Advance, ClientState, Gateway};
use time::OffsetDateTime;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use super::Refused;
use crate::metrics::Metrics;

/// What the writer will say, waited for by a task of its own: also when nobody asks any more.
pub(crate) type Commit = JoinHandle<Result<Result<Recorded, RecordRefusal>, WriterClosed>>;

/// The lock that orders an island's evidence, around what is remembered of the island.
pub(crate) struct Lane {
    pub(crate) view: Mutex<Option<View>>,
    /// How many submissions are with the writer.
    waiting: watch::Sender<usize>,
    /// When evidence was last verified: what is recorded later never claims to be earlier, even if the clock steps back.
    latest: parking_lot::Mutex<OffsetDateTime>,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            view: Mutex::new(None),
            waiting: watch::Sender::new(0),
            latest: parking_lot::Mutex::new(OffsetDateTime::UNIX_EPOCH),
        }
    }
}

impl Lane {
    /// What the ledger says of `island`, once everything of this lane that is with the writer is decided: a view loaded earlier
    /// would stand behind it.
    pub(crate) async fn load(&self, ledger: &Ledger, island: IslandId) -> Result<Option<View>, LedgerError> {
        let mut waiting = self.waiting.subscribe();
        // An error means that the lane is gone, and nothing waits.
        let _ = waiting.wait_for(|waiting| *waiting == 0).await;
        View::load(ledger, island).await
    }

    /// The moment at which evidence is verified: the clock's, but never before the one of the evidence before it.
    pub(crate) fn moment(&self, clock: OffsetDateTime) -> OffsetDateTime {
        let mut latest = self.latest.lock();
        *latest = clock.max(*latest);
        *latest
    }

    /// Hands `submission` to the writer, in this lane's order.
    pub(crate) async fn submit(
        self: &Arc<Self>,
        writer: &Writer,
        submission: Submission,
        metrics: Arc<Metrics>,
    ) -> Result<Commit, WriterClosed> {
        let begun = Instant::now();
        let ticket = writer.submit(submission).await?;
        self.waiting.send_modify(|waiting| *waiting += 1);
        let lane = self.clone();
        Ok(tokio::spawn(async move {
            let outcome = ticket.outcome().await;
            metrics.took("commit", begun.elapsed());
            lane.waiting.send_modify(|waiting| *waiting -= 1);
            outcome
        }))
    }
}

/// What verifying the next evidence of an island needs: the ledger's word, moved ahead by what is on its way to the writer.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) island: IslandId,
    pub(crate) family: Family,
    pub(crate) state: ClientState,
    pub(crate) gateways: Vec<Gateway>,
    life: IslandState,
}

impl View {
    async fn load(ledger: &Ledger, island: IslandId) -> Result<Option<Self>, LedgerError> {
        let Some(record) = ledger.island(&IslandRef::Id(island)).await? else { return Ok(None) };
        let gateways = ledger.gateways(island).await?;
        let state = ClientState { family: record.family, bytes: record.client_state };
        Ok(Some(Self { island, family: record.family, state, gateways, life: record.state }))
    }

    /// Whether evidence that comes this way is recorded in this state of the island's life.
    pub(crate) fn takes(&self, way: Way) -> Result<(), Refused> {
        match self.life {
            state if way.leads_into(state) => Ok(()),
            IslandState::Frozen => Err(Refused::Frozen),
            state => Err(Refused::IslandState(state, way)),
        }
    }

    /// The view once `advance` is recorded.
    pub(crate) fn after(&self, advance: &Advance) -> Self {
        Self { state: advance.state.clone(), ..self.clone() }
    }
}
