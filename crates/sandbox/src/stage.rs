//! Everything the demo plays on: set up in order, struck in the reverse.

use std::path::{Path, PathBuf};

use causeway_api::{EvidenceAnswer, Role};
use causeway_client::HubClient;
use causeway_protocol::{Address, Family, LocalSigner, Signer};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::fabric::Programs;
use crate::island::{Island, Opening};
use crate::report::{Event, Ready, ReadyLog, Report, Tokens};
use crate::services::{AttestorSeat, Hub, ORIGIN, start_relayer};
use crate::{Options, SandboxError, devnet, fabric, forgery, keys};

/// Attestors, and how many of them have to sign.
const ATTESTORS: usize = 3;
const THRESHOLD: u8 = 2;
/// Names of islands, in order.
const NAMES: [&str; 8] = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"];
/// Chain id of the first island; the others count on.
const FIRST_CHAIN_ID: u64 = 3001;

/// A running sandbox.
pub(crate) struct Stage {
    /// The islands.
    pub(crate) islands: Vec<Island>,
    hub: Hub,
    auditor: String,
    liar: (LocalSigner, String),
    /// Stops relayer and attestors; then the hub.
    agents: CancellationToken,
    hub_stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    /// Held so that the folder lives as long as what runs in it.
    _temporary: Option<TempDir>,
}

impl Stage {
    /// Starts everything and registers it with each other.
    pub(crate) async fn set(options: &Options, report: &Report) -> Result<Self, SandboxError> {
        // First: where they cannot be had, nothing else is worth starting.
        let programs = if options.islands.contains(&Family::Fabric) {
            Some(Programs::build(report).await?)
        } else {
            None
        };
        let (data, temporary) = folder(options.data.as_deref())?;
        let (agents, hub_stop) = (CancellationToken::new(), CancellationToken::new());
        report.step("starting Postgres and the hub");
        let hub = Hub::start(&data, options.data.is_some(), options.port, hub_stop.clone()).await?;
        let mut seats = Vec::new();
        for index in 0..ATTESTORS {
            seats.push(AttestorSeat::register(&hub, index).await?);
        }
        report.step("starting the islands, deploying a gateway and a message board on each");
        let islands = start_islands(options, &seats, programs.as_ref()).await?;
        report.step("registering the islands");
        let owner = hub.token("owner", Role::Owner, None).await?;
        let (as_owner, as_operator) = (hub.client(&owner)?, hub.client(&hub.operator)?);
        for island in &islands {
            island.register(&as_owner).await?;
        }
        report
            .step(format!("starting {ATTESTORS} attestors, of whom {THRESHOLD} have to sign, and a relayer"));
        let mut tasks = Vec::new();
        for (index, seat) in seats.iter().enumerate() {
            let watched = islands.iter().map(Island::watched).collect();
            let store = data.join(format!("attestor-{index}"));
            tasks.push(seat.start(&hub, store, watched, agents.clone())?);
        }
        let relayer_key = keys::signer("relayer")?;
        let relayer = hub.token("relayer", Role::Relayer, Some(relayer_key.address())).await?;
        tasks.push(start_relayer(&hub, &relayer, relayer_key, &islands, agents.clone())?);
        report.step("approving the islands, whose gateways the relayer proves");
        for island in &islands {
            island.approve(&as_operator).await?;
        }
        let auditor = hub.token("auditor", Role::Auditor, None).await?;
        let liar = keys::signer("lying relayer")?;
        let liar_token = hub.token("lying relayer", Role::Relayer, Some(liar.address())).await?;
        report.emit(&Event::Ready(Box::new(Ready {
            hub: hub.url.clone(),
            log: ReadyLog { origin: ORIGIN.to_owned(), verifier_key: hub.log_key.to_string() },
            tokens: Tokens {
                operator: hub.operator.clone(),
                owner,
                relayer,
                attestor: seats[0].token.clone(),
                auditor: auditor.clone(),
            },
            islands: islands.iter().map(Island::ready).collect(),
            postgres: hub.database(),
        })));
        let liar = (liar, liar_token);
        Ok(Self { islands, hub, auditor, liar, agents, hub_stop, tasks, _temporary: temporary })
    }

    /// A client that may read the history.
    pub(crate) fn auditor(&self) -> Result<HubClient, SandboxError> {
        self.hub.client(&self.auditor)
    }

    /// Has the lying relayer submit a forged packet, and answers what the hub said to it.
    pub(crate) async fn forge(&self) -> Result<EvidenceAnswer, SandboxError> {
        let (signer, token) = &self.liar;
        let client = self.hub.client(token)?;
        forgery::submit(&client, Hub::id(), signer, &self.islands).await
    }

    /// Stops everything: first who asks, then who answers.
    pub(crate) async fn strike(self) {
        self.agents.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::warn!(%error, "a service died");
            }
        }
        self.hub_stop.cancel();
        self.hub.stop().await;
    }
}

async fn start_islands(
    options: &Options,
    seats: &[AttestorSeat],
    programs: Option<&Programs>,
) -> Result<Vec<Island>, SandboxError> {
    let mut attestors: Vec<Address> = seats.iter().map(|seat| seat.signer.address()).collect();
    attestors.sort_unstable();
    let opening = Opening { hub: Hub::id(), attestors: &attestors, threshold: THRESHOLD };
    let starts = options.islands.iter().zip(NAMES).zip(FIRST_CHAIN_ID..).map(
        async |((family, name), chain_id)| match (family, programs) {
            (Family::Fabric, Some(programs)) => fabric::start(name, programs, opening).await,
            (family, _) => devnet::start(name, *family, chain_id, opening).await,
        },
    );
    futures::future::try_join_all(starts).await
}

/// The folder everything is kept in: the given one, or a temporary one.
fn folder(given: Option<&Path>) -> Result<(PathBuf, Option<TempDir>), SandboxError> {
    if let Some(given) = given {
        std::fs::create_dir_all(given).map_err(SandboxError::files(given))?;
        return Ok((given.to_owned(), None));
    }
    let made = tempfile::Builder::new().prefix("causeway-sandbox-").tempdir();
    let made = made.map_err(SandboxError::files(&std::env::temp_dir()))?;
    Ok((made.path().to_owned(), Some(made)))
}
