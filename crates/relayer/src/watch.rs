//! Watching one island: ask the hub where it stands, let the adapter prove what follows, submit it.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use causeway_adapter::{AdapterError, Evidence, GatewayStanding, Source, Standing};
use causeway_api::{EvidenceAnswer, EvidenceStatus, IslandState};
use causeway_client::{ClientError, HubClient};
use causeway_protocol::{Address, Envelope, HubId, SignError, Signer};

use crate::config::{IslandConfig, Pace, RelayerConfig};
use crate::convert;
use crate::pause::{Backoff, jittered};
use crate::status::Status;

/// Refusals that say no more than that somebody else was faster: ask the hub again where it stands.
const OVERTAKEN: [&str; 2] = ["not-linked-to-head", "not-next-height"];

/// How often the hub is asked whether an island that is proven has been approved: somebody waits for it.
const AWAITING_APPROVAL: Duration = Duration::from_secs(2);

/// Watches one island.
pub(crate) struct Watcher {
    hub: HubClient,
    hub_id: HubId,
    signer: Arc<dyn Signer>,
    island: String,
    source: Arc<dyn Source>,
    pace: Pace,
    status: Status,
    /// Where the hub stood when asked last, and when that was.
    standing: Option<(Standing, Instant)>,
    /// The island was pending then: what follows is its proof.
    proving: bool,
    /// The height filled in last, and where the gateways stood before: if nothing has changed, filling it in again changes
    /// nothing. What is missing at one height may take several pieces of evidence.
    filled: Option<(u64, Vec<GatewayStanding>)>,
}

/// What one step came to.
enum Step {
    /// Something was recorded: there may be more at once.
    Submitted,
    /// Nothing to submit now.
    Idle,
    /// The hub takes no evidence for this island now.
    NotAccepting(IslandState),
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
enum WatchError {
    #[error("hub: {0}")]
    Hub(#[from] ClientError),
    #[error("island: {0}")]
    Island(#[from] AdapterError),
    #[error("an event at height {height} was filled in, and still counts as missing")]
    StillMissing { height: u64 },
    #[error("signing an envelope: {0}")]
    Sign(#[from] SignError),
    #[error("the hub refused evidence of heights {first} to {last}: {code}: {detail}")]
    Refused { first: u64, last: u64, code: String, detail: String },
}

impl Watcher {
    pub(crate) fn new(config: &RelayerConfig, island: IslandConfig, status: Status) -> Self {
        Self {
            hub: config.hub.clone(),
            hub_id: config.hub_id,
            signer: config.signer.clone(),
            island: island.island,
            source: island.source,
            pace: config.pace.clone(),
            status,
            standing: None,
            proving: false,
            filled: None,
        }
    }

    /// Watches for ever.
    pub(crate) async fn run(mut self) {
        let mut backoff = Backoff::new(self.pace.first_pause, self.pace.longest_pause);
        loop {
            let pause = match self.step().await {
                Ok(step) => {
                    backoff.worked();
                    self.status.update(|status| status.failures = 0);
                    match step {
                        Step::Submitted => continue,
                        Step::Idle => jittered(self.pace.poll),
                        Step::NotAccepting(state) => {
                            tracing::debug!(?state, "the hub takes no evidence");
                            let soon = state == IslandState::Proven;
                            jittered(if soon {
                                self.pace.refresh.min(AWAITING_APPROVAL)
                            } else {
                                self.pace.refresh
                            })
                        }
                    }
                }
                Err(error) => {
                    self.standing = None;
                    let pause = backoff.failed();
                    tracing::warn!(%error, failures = backoff.failures(), ?pause, "watching failed");
                    self.status.update(|status| {
                        status.failures = backoff.failures();
                        status.last_failure = Some(error.to_string());
                    });
                    pause
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn step(&mut self) -> Result<Step, WatchError> {
        let standing = match self.standing.take() {
            Some((standing, since)) if since.elapsed() < self.pace.refresh => {
                self.standing = Some((standing.clone(), since));
                standing
            }
            _ => {
                let cursor = self.hub.cursor(&self.island).await?;
                self.proving = cursor.state == IslandState::Pending;
                if matches!(cursor.state, IslandState::Proven | IslandState::Frozen | IslandState::Retired) {
                    return Ok(Step::NotAccepting(cursor.state));
                }
                let standing = convert::standing(cursor);
                self.standing = Some((standing.clone(), Instant::now()));
                self.status.update(|status| status.hub_head = standing.head.height);
                match self.fill_in(&standing).await {
                    Ok(false) => {}
                    Ok(true) => {
                        self.standing = None;
                        return Ok(Step::Submitted);
                    }
                    // What is missing must not keep back what follows.
                    Err(error) => {
                        tracing::warn!(%error, "filling in failed");
                        self.status.update(|status| status.last_failure = Some(error.to_string()));
                    }
                }
                standing
            }
        };
        let evidence = self.source.next(&standing).await?;
        let newest = self.source.health().head;
        self.status.update(|status| status.island_head = newest.unwrap_or(status.island_head));
        let Some(evidence) = evidence else { return Ok(Step::Idle) };
        self.standing = None;
        self.submit(&standing, evidence).await
    }

    /// Fills in gateway events that somebody's evidence left out; whether there were any.
    async fn fill_in(&mut self, standing: &Standing) -> Result<bool, WatchError> {
        let Some(height) = self.source.omitted(standing).await? else {
            self.filled = None;
            return Ok(false);
        };
        if self.filled.as_ref().is_some_and(|(at, gateways)| *at == height && *gateways == standing.gateways)
        {
            return Err(WatchError::StillMissing { height });
        }
        tracing::warn!(height, "an event was left out of recorded evidence; filling it in");
        let recorded = convert::recorded(self.hub.recorded_header(&self.island, height).await?);
        let evidence = self.source.back_fill(standing, height, recorded).await?;
        self.submit(standing, evidence).await?;
        self.filled = Some((height, standing.gateways.clone()));
        self.status.update(|status| status.back_filled += 1);
        Ok(true)
    }

    async fn submit(&self, standing: &Standing, evidence: Evidence) -> Result<Step, WatchError> {
        let Evidence { first, last, bytes, proofs } = evidence;
        let size = bytes.len();
        let envelope = Envelope {
            hub: self.hub_id,
            island: standing.island,
            first,
            last,
            relayer: Address::ZERO, // signing fills it in
            evidence: bytes,
        };
        let envelope = envelope.sign(self.signer.as_ref())?;
        let start = Instant::now();
        let answers = if self.proving {
            self.hub.submit_proof(&self.island, &envelope).await?
        } else {
            self.hub.submit_evidence(&self.island, &envelope).await?
        };
        let answer = answers.results.into_iter().next();
        let millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        match answer {
            Some(EvidenceAnswer { status: EvidenceStatus::Recorded, events, .. }) => {
                tracing::info!(first, last, events, proofs, size, millis, "evidence recorded");
                self.status.update(|status| status.recorded += 1);
                Ok(Step::Submitted)
            }
            Some(EvidenceAnswer { status: EvidenceStatus::Known, .. }) => {
                tracing::debug!(first, last, "evidence was known");
                self.status.update(|status| status.known += 1);
                Ok(Step::Submitted)
            }
            Some(EvidenceAnswer { code: Some(code), .. }) if OVERTAKEN.contains(&code.as_str()) => {
                tracing::debug!(first, last, code, "another relayer was faster");
                // Not at once: two relayers in step would overtake each other again.
                tokio::time::sleep(jittered(self.pace.poll.min(Duration::from_secs(1)))).await;
                Ok(Step::Submitted)
            }
            Some(EvidenceAnswer { code, detail, .. }) => {
                self.status.update(|status| status.refused += 1);
                let (code, detail) = (code.unwrap_or_default(), detail.unwrap_or_default());
                Err(WatchError::Refused { first, last, code, detail })
            }
            None => {
                let detail = "the hub gave no answer to the envelope".into();
                Err(WatchError::Refused { first, last, code: String::new(), detail })
            }
        }
    }
}
