//! The attestor as a whole: one follower for each island, and the desk that signs.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use causeway_protocol::{Address, GatewayId, IslandId};
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::follow::{FollowError, Follower};
use crate::judge::Mandate;
use crate::sign::{AttendError, SigningDesk, Unsigned};
use crate::{AttestorConfig, AttestorError, Clock, Store};

/// How often an island is followed when nobody asks for a signature: the attestor's own record of when it last saw the
/// end of the feed stays fresh.
const FOLLOW_EVERY: Duration = Duration::from_secs(5);
/// First and longest pause after a round that failed.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));
/// Longest pause after a round that only brought what is not signed: the hub answers such a question at once, and what is
/// signed next must not wait long for what policy refuses.
const UNSIGNED_PAUSE: Duration = Duration::from_secs(1);

/// What came of one question for signatures.
#[derive(Debug, Default)]
pub struct Attendance {
    /// Signatures that the hub took.
    pub signed: usize,
    /// Batches that got none.
    pub unsigned: Vec<Unsigned>,
    /// Islands, by name, whose evidence could not be followed to its end.
    pub unfollowed: Vec<(String, FollowError)>,
}

/// An attestor with its store open. [`run`](Self::run) keeps it at work.
pub struct Attestor {
    followers: Vec<Arc<Follower>>,
    desk: Arc<SigningDesk>,
    poll: Duration,
}

impl Attestor {
    /// Opens the store, reads every pinned anchor, and checks that they do not contradict each other.
    pub fn open(config: AttestorConfig, clock: Arc<dyn Clock>) -> Result<Self, AttestorError> {
        let store = Arc::new(Store::open(&config.data)?);
        let skew_ms = u64::try_from(config.clock_skew.as_millis()).unwrap_or(u64::MAX);
        let mut pinned: HashSet<GatewayId> = HashSet::new();
        let mut islands: HashSet<IslandId> = HashSet::new();
        let mut followers = Vec::new();
        for island in config.islands {
            for gateway in &island.gateways {
                if !pinned.insert(gateway.id) {
                    return Err(AttestorError::Twice { what: "gateway", id: gateway.id.to_string() });
                }
            }
            let follower =
                Follower::new(island, config.hub.clone(), Arc::clone(&store), Arc::clone(&clock), skew_ms)?;
            if !islands.insert(follower.id()) {
                return Err(AttestorError::Twice { what: "island", id: follower.id().to_string() });
            }
            followers.push(Arc::new(follower));
        }
        let mandate = Mandate {
            attestor: config.signer.address(),
            pinned,
            refused: config.refuse_sources.into_iter().collect(),
        };
        let (hub, signer, told) = (config.hub, config.signer, Mutex::default());
        let desk = SigningDesk { hub, store, signer, mandate, clock, told };
        Ok(Self { followers, desk: Arc::new(desk), poll: config.poll })
    }

    /// The address its signatures recover to.
    pub fn address(&self) -> Address {
        self.desk.mandate.attestor
    }

    /// The ids of the islands it follows, as their pinned anchors make them.
    pub fn islands(&self) -> Vec<IslandId> {
        self.followers.iter().map(|follower| follower.id()).collect()
    }

    /// Asks the hub once what waits for a signature, waiting there for up to the configured time, follows the evidence of every
    /// island to its present end, and signs what is true.
    pub async fn attend(&self) -> Result<Attendance, AttendError> {
        let pending = self.desk.pending(self.poll).await?;
        let mut attendance = Attendance::default();
        if pending.is_empty() {
            return Ok(attendance);
        }
        for follower in &self.followers {
            match follower.catch_up().await {
                Ok(_) => {}
                Err(FollowError::Store(error)) => return Err(error.into()),
                // The island's own loop logs it; what is proven of the others can still be signed.
                Err(error) => attendance.unfollowed.push((follower.name().to_owned(), error)),
            }
        }
        (attendance.signed, attendance.unsigned) = self.desk.round(pending).await?;
        Ok(attendance)
    }

    /// Follows and signs until `shutdown`. Ends with an error only when the store or the key fails: without them nothing
    /// may be signed.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), AttestorError> {
        let mut tasks = JoinSet::new();
        for follower in &self.followers {
            let (follower, shutdown) = (Arc::clone(follower), shutdown.clone());
            tasks
                .spawn(async move { shutdown.run_until_cancelled(follow(follower)).await.unwrap_or(Ok(())) });
        }
        let (attestor, stop) = (Arc::new(self), shutdown.clone());
        tasks.spawn(async move { stop.run_until_cancelled(answer(attestor)).await.unwrap_or(Ok(())) });
        let mut result = Ok(());
        while let Some(ended) = tasks.join_next().await {
            let ended = ended.map_err(|cause| AttestorError::Stopped(cause.to_string())).flatten();
            if ended.is_err() && result.is_ok() {
                result = ended;
            }
            shutdown.cancel(); // one part that ends ends the whole
        }
        result
    }
}

/// Runs an attestor until `shutdown`: [`Attestor::open`] and [`Attestor::run`] in one.
pub async fn run(
    config: AttestorConfig,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> Result<(), AttestorError> {
    Attestor::open(config, clock)?.run(shutdown).await
}

/// Keeps one island followed, with growing pauses while that fails.
async fn follow(follower: Arc<Follower>) -> Result<(), AttestorError> {
    let mut pause = Pause::new();
    let mut told = None;
    loop {
        match follower.catch_up().await {
            Ok(_) => {
                told = None;
                pause.reset();
                tokio::time::sleep(FOLLOW_EVERY).await;
            }
            Err(FollowError::Store(error)) => return Err(error.into()),
            Err(error) => {
                tell(&follower, &error, &mut told);
                pause.sleep().await;
            }
        }
    }
}

/// Answers the hub's questions for signatures.
async fn answer(attestor: Arc<Attestor>) -> Result<(), AttestorError> {
    let mut pause = Pause::new();
    loop {
        let asked = Instant::now();
        match attestor.attend().await {
            Ok(attended) if attended.signed > 0 => pause.reset(),
            Ok(attended) if attended.unsigned.is_empty() => {
                pause.reset();
                // A hub that does not hold the question back must not be asked in a tight loop.
                tokio::time::sleep_until((asked + PAUSES.0).into()).await;
            }
            Ok(_) => pause.sleep_at_most(UNSIGNED_PAUSE).await,
            Err(AttendError::Store(error)) => return Err(error.into()),
            Err(AttendError::Sign(error)) => {
                tracing::error!("the key does not sign: {error}");
                pause.sleep().await;
            }
            Err(error) => {
                tracing::warn!("nothing is signed for now: {error}");
                pause.sleep().await;
            }
        }
    }
}

/// Logs a failure to follow when it starts or changes, not at every attempt.
fn tell(follower: &Follower, error: &FollowError, told: &mut Option<String>) {
    let text = error.to_string();
    if told.as_ref() == Some(&text) {
        return;
    }
    if error.is_suspicious() {
        tracing::error!(
            island = follower.name(),
            code = error.code(),
            "evidence of the hub is refused, nothing newer of this island is signed: {error}",
        );
    } else {
        tracing::warn!(island = follower.name(), code = error.code(), "not followed for now: {error}");
    }
    *told = Some(text);
}

/// Pauses that double, up to a limit.
struct Pause(Duration);

impl Pause {
    fn new() -> Self {
        Self(PAUSES.0)
    }

    fn reset(&mut self) {
        self.0 = PAUSES.0;
    }

    async fn sleep(&mut self) {
        self.sleep_at_most(PAUSES.1).await;
    }

    async fn sleep_at_most(&mut self, limit: Duration) {
        tokio::time::sleep(self.0.min(limit)).await;
        self.0 = (self.0 * 2).min(PAUSES.1);
    }
}
