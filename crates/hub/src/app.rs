//! What every handler shares.

use std::sync::Arc;
use std::time::{Duration, Instant};

use causeway_api::TrustStanding;
use causeway_ledger::{Actor, IslandRecord, IslandRef, Ledger, LedgerError, Way, Writer, WriterOptions};
use causeway_log::NoteSigner;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::auth::{Caller, Presented};
use crate::clock::Clock;
use crate::config::HubConfig;
use crate::gate::Room;
use crate::ingest::Ingest;
use crate::metrics::Metrics;
use crate::oidc::Oidc;
use crate::problem::{Problem, ProblemCode};
use crate::{islands, trust};

/// The hub's state, shared by all handlers.
pub(crate) type App = Arc<Hub>;

/// One hub.
pub(crate) struct Hub {
    pub(crate) config: HubConfig,
    pub(crate) oidc: Option<Oidc>,
    pub(crate) ledger: Ledger,
    pub(crate) writer: Writer,
    pub(crate) ingest: Ingest,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) room: Room,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) stopping: CancellationToken,
    /// What signs checkpoints and exports; none where no log is written.
    pub(crate) signers: Arc<Vec<NoteSigner>>,
    /// When packets were counted for the metrics.
    counted: Mutex<Option<Instant>>,
}

/// Items in an answer when no limit is asked for.
const DEFAULT_LIMIT: u32 = 100;
/// Most items in an answer.
const MAX_LIMIT: u32 = 500;
/// Envelopes that may wait for the writer before submitting waits too.
const WRITER_QUEUE: usize = 256;
/// Most envelopes one transaction commits.
const COMMIT_MOST: usize = 64;

/// How many items an answer has: what was asked, 1 to 500; 100 when nothing was.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked {
        None => Ok(DEFAULT_LIMIT),
        Some(limit @ 1..=MAX_LIMIT) => Ok(limit),
        Some(other) => {
            let detail = format!("limit is {other}, expected 1 to {MAX_LIMIT}");
            Err(Problem::new(ProblemCode::InvalidQuery, detail))
        }
    }
}

impl Hub {
    pub(crate) fn new(
        config: HubConfig,
        oidc: Option<Oidc>,
        ledger: Ledger,
        clock: Arc<dyn Clock>,
        stopping: CancellationToken,
        signers: Arc<Vec<NoteSigner>>,
    ) -> Result<App, prometheus::Error> {
        let metrics = Arc::new(Metrics::new()?);
        let writer = Writer::spawn(ledger.clone(), WriterOptions { queue: WRITER_QUEUE, most: COMMIT_MOST });
        let ingest = Ingest::new(
            config.hub_id(),
            ledger.clone(),
            writer.clone(),
            clock.clone(),
            metrics.clone(),
            config.limits.verifier_threads,
        );
        let room = Room::new(&config.limits);
        Ok(Arc::new(Self {
            config,
            oidc,
            ledger,
            writer,
            ingest,
            clock,
            room,
            metrics,
            stopping,
            signers,
            counted: Mutex::new(None),
        }))
    }

    /// Now, by the hub's clock.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Who holds what was presented, if it counts now.
    pub(crate) async fn caller(&self, presented: Presented) -> Result<Option<Caller>, Problem> {
        let hash = match (presented, &self.oidc) {
            (Presented::Token(hash), _) => hash,
            (Presented::Jwt(jwt), Some(oidc)) => return oidc.caller(&jwt, self.now()).await,
            (Presented::Jwt(_), None) => return Ok(None),
        };
        let token = self.ledger.authenticate(hash, self.now()).await?;
        Ok(token.map(|token| Caller {
            credential: token.id,
            token: Some(token.id),
            name: token.name,
            role: token.role,
            address: token.address,
            island: token.island,
        }))
    }

    /// The island a path names, by id or name, if it is the caller's to see.
    pub(crate) async fn island(&self, named: &str, caller: &Caller) -> Result<IslandRecord, Problem> {
        let which: IslandRef = named
            .parse()
            .map_err(|_| Problem::new(ProblemCode::InvalidPath, "expected an island's id or name"))?;
        let island = self.ledger.island(&which).await?.ok_or_else(|| Problem::not_found("island"))?;
        caller.may_see(island.id)?;
        Ok(island)
    }

    /// How long a long poll waits: what was asked, up to the limit.
    pub(crate) fn wait(&self, seconds: Option<u64>) -> Result<Duration, Problem> {
        let wait = Duration::from_secs(seconds.unwrap_or(0));
        let most = self.config.limits.wait;
        if wait > most {
            let detail =
                format!("wait is {} seconds, at most {} are allowed", wait.as_secs(), most.as_secs());
            return Err(Problem::new(ProblemCode::InvalidQuery, detail));
        }
        Ok(wait)
    }
}

/// How long the count of packets in the metrics may be old.
const COUNT_AGE: Duration = Duration::from_secs(5);

impl Hub {
    /// Brings the metrics' count of packets up to date. Counting costs the ledger something, and anyone may ask: so not often.
    pub(crate) async fn count_packets(&self) {
        let mut counted = self.counted.lock().await;
        if counted.is_some_and(|at| at.elapsed() < COUNT_AGE) {
            return;
        }
        *counted = Some(Instant::now());
        match self.ledger.stats().await {
            Ok(stats) => stats.packets.iter().for_each(|(state, count)| self.metrics.packets(state, *count)),
            Err(error) => tracing::warn!(%error, "packets could not be counted"),
        }
        match self.standings().await {
            Ok(standings) => {
                for standing in [TrustStanding::Fresh, TrustStanding::Ageing, TrustStanding::Over] {
                    let count = standings.iter().filter(|came| **came == standing).count();
                    self.metrics.trust(trust::name(standing), count);
                }
            }
            Err(problem) => {
                tracing::warn!(detail = problem.detail(), "the islands' trust could not be looked at");
            }
        }
    }
}

impl Hub {
    /// How the trust in every island that counts stands.
    async fn standings(&self) -> Result<Vec<TrustStanding>, Problem> {
        let (mut standings, mut after) = (Vec::new(), None);
        loop {
            let page = self.ledger.islands(after.as_deref(), MAX_LIMIT).await?;
            let Some(last) = page.last() else { return Ok(standings) };
            after = Some(last.name.clone());
            for island in page {
                if Way::Evidence.leads_into(island.state) {
                    standings.push(islands::shown(island, self.now())?.trust.standing);
                }
            }
        }
    }
}

impl Caller {
    /// Who did it, for the history.
    pub(crate) fn actor(&self) -> Actor {
        Actor { token: self.token, name: self.name.clone() }
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        if error.is_transient() {
            tracing::warn!(%error, "the ledger does not answer");
            Self::new(ProblemCode::LedgerUnavailable, "the ledger did not answer").retry_after(1)
        } else {
            tracing::error!(%error, "the ledger failed");
            Self::new(ProblemCode::Internal, "the ledger failed")
        }
    }
}
