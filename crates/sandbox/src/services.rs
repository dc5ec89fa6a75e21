//! The services of one Causeway, in this process: Postgres, hub, attestors, relayer. Each stops when it is told to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use causeway_api::{CreateToken, Role};
use causeway_attestor::{AttestorConfig, SystemClock, WatchedIsland};
use causeway_client::{HubClient, Settings, Token};
use causeway_hub::{HubConfig, LogConfig};
use causeway_log::VerifierKey;
use causeway_postgres::{Options as PostgresOptions, Server};
use causeway_protocol::{Address, HubId, LocalSigner, Signer};
use causeway_relayer::{IslandConfig, Pace, Relayer, RelayerConfig};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::island::{Adapters, Island};
use crate::{SandboxError, keys};

/// The origin line of the sandbox's log.
pub(crate) const ORIGIN: &str = "sandbox.causeway.invalid/log";

/// A private Postgres and a hub on it.
pub(crate) struct Hub {
    postgres: Server,
    /// Where it serves.
    pub(crate) url: String,
    /// The first operator's secret.
    pub(crate) operator: String,
    /// What readers of its log know the log's key by.
    pub(crate) log_key: VerifierKey,
    task: JoinHandle<Result<(), causeway_hub::HubError>>,
}

impl Hub {
    /// Starts both. The operator's secret is new each time.
    pub(crate) async fn start(
        data: &Path,
        durable: bool,
        port: u16,
        shutdown: CancellationToken,
    ) -> Result<Self, SandboxError> {
        // A temporary one is made by the server itself, where the account it runs under can reach it.
        let data_dir = durable.then(|| data.join("postgres"));
        let options = PostgresOptions { data_dir, durable, ..PostgresOptions::default() };
        let postgres = Server::start(options).await?;
        let operator = keys::secret("operator")?;
        let file = data.join("operator.token");
        std::fs::write(&file, &operator).map_err(SandboxError::files(&file))?;
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(SandboxError::Listen)?;
        let url = format!("http://{}", listener.local_addr().map_err(SandboxError::Listen)?);
        let mut config = HubConfig::new(ORIGIN);
        config.operator_token_file = Some(file);
        let key_file = data.join("log.key");
        let log_key = keys::log_key(&key_file, ORIGIN)?;
        config.log = Some(LogConfig {
            key_files: vec![key_file],
            former_keys: Vec::new(),
            kept: data.join("checkpoint"),
            witnesses: Vec::new(),
        });
        let database = postgres.url("postgres");
        let task =
            tokio::spawn(async move { causeway_hub::run(config, listener, &database, shutdown).await });
        let hub = Self { postgres, url, operator, log_key, task };
        hub.wait_until_ready().await?;
        Ok(hub)
    }

    async fn wait_until_ready(&self) -> Result<(), SandboxError> {
        let client = self.client(&self.operator)?;
        for _ in 0..100 {
            if client.ready().await.is_ok() {
                return Ok(());
            }
            if self.task.is_finished() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(SandboxError::NotReady("the hub"))
    }

    /// The id envelopes have to name.
    pub(crate) fn id() -> HubId {
        HubId::of_origin(ORIGIN)
    }

    /// The database's URL.
    pub(crate) fn database(&self) -> String {
        self.postgres.url("postgres")
    }

    /// A client with the token `secret`.
    pub(crate) fn client(&self, secret: &str) -> Result<HubClient, SandboxError> {
        Ok(HubClient::new(Settings::new(&self.url, Some(Token::new(secret)?))?)?)
    }

    /// Makes a token, as the operator.
    pub(crate) async fn token(
        &self,
        name: &str,
        role: Role,
        address: Option<Address>,
    ) -> Result<String, SandboxError> {
        let held_by_hub = role == Role::Attestor;
        let token =
            CreateToken { name: name.to_owned(), role, address, island: None, held_by_hub, expires_at: None };
        Ok(self.client(&self.operator)?.create_token(&token).await?.secret)
    }

    /// Waits for the hub's end, which its shutdown token brings about, and stops Postgres.
    pub(crate) async fn stop(self) {
        match self.task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the hub ended badly"),
            Err(error) => tracing::warn!(%error, "the hub's task died"),
        }
        self.postgres.stop().await;
    }
}

/// An attestor's key and token.
pub(crate) struct AttestorSeat {
    /// Its key.
    pub(crate) signer: Arc<LocalSigner>,
    /// Its token at the hub.
    pub(crate) token: String,
}

impl AttestorSeat {
    /// Registers attestor number `index` at `hub`.
    pub(crate) async fn register(hub: &Hub, index: usize) -> Result<Self, SandboxError> {
        let signer = Arc::new(keys::signer(&format!("attestor {index}"))?);
        let token = hub.token(&format!("attestor {index}"), Role::Attestor, Some(signer.address())).await?;
        Ok(Self { signer, token })
    }

    /// Starts the attestor with the islands it watches.
    pub(crate) fn start(
        &self,
        hub: &Hub,
        data: PathBuf,
        islands: Vec<WatchedIsland>,
        shutdown: CancellationToken,
    ) -> Result<JoinHandle<()>, SandboxError> {
        let config = AttestorConfig {
            hub: hub.client(&self.token)?,
            signer: self.signer.clone(),
            data,
            islands,
            refuse_sources: Vec::new(),
            clock_skew: Duration::from_mins(1),
            poll: Duration::from_secs(20),
        };
        Ok(tokio::spawn(async move {
            if let Err(error) = causeway_attestor::run(config, Arc::new(SystemClock), shutdown).await {
                tracing::error!(%error, "an attestor ended");
            }
        }))
    }
}

/// Starts a relayer that serves every island.
pub(crate) fn start_relayer(
    hub: &Hub,
    token: &str,
    signer: LocalSigner,
    islands: &[Island],
    shutdown: CancellationToken,
) -> Result<JoinHandle<()>, SandboxError> {
    let mut served = Vec::new();
    for island in islands {
        let Adapters { source, destination } = island.chain.adapters()?;
        served.push(IslandConfig { island: island.name.clone(), source, destination: Some(destination) });
    }
    let relayer = Relayer::new(RelayerConfig {
        hub: hub.client(token)?,
        hub_id: Hub::id(),
        signer: Arc::new(signer),
        islands: served,
        pace: Pace::default(),
    });
    Ok(tokio::spawn(async move { relayer.run(shutdown).await }))
}
