//! The hub's configuration file.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use causeway_hub::{HubConfig, Limits, LogConfig, ProofLimits, Witness};
use causeway_ledger::{Ledger, Options};
use causeway_log::{KeyKind, VerifierKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use super::oidc::OidcFile;
use super::{Role, Secret, formats};

/// The relay service: verifies evidence, records it in Postgres, serves REST.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HubFile {
    /// The origin line of this hub's log. Envelopes name its hash: changing it later refuses every relayer.
    pub(crate) origin: String,
    /// Address and port to listen on. Put a proxy that speaks TLS in front of anything but the loopback.
    #[serde(default = "listen")]
    #[schemars(schema_with = "formats::listen")]
    pub(crate) listen: String,
    /// The first operator's token: inserted, hashed, at start unless it is there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) operator_token: Option<Secret>,
    /// Where everything is recorded.
    pub(crate) database: Database,
    /// The transparency log. Hubs over one database write one log, with the same keys; one of them at a time.
    pub(crate) log: LogFile,
    /// Where people sign in, if not with tokens of this hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) oidc: Option<OidcFile>,
    /// What one request, one token and all of them together may use.
    #[serde(default)]
    pub(crate) limits: LimitsFile,
}

/// The Postgres database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    /// Where its URL (postgres://user:password@host/name) is: it holds a password.
    pub(crate) url: Secret,
    /// Most connections to it.
    #[serde(default = "connections")]
    #[schemars(range(min = 2, max = 1000))]
    pub(crate) max_connections: u32,
    /// Whether the hub brings the database's tables up to date when it starts.
    #[serde(default = "yes")]
    pub(crate) migrate: bool,
}

/// The transparency log of everything the hub records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogFile {
    /// Where the keys that sign it are, made by `causeway key new --log ORIGIN`: one, or two while a key is replaced.
    pub(crate) keys: Vec<Secret>,
    /// Public keys that signed it before and no longer do.
    #[serde(default)]
    pub(crate) former_keys: Vec<String>,
    /// The file in which the last signed checkpoint is kept: a database that lost what was signed is found out by it. Put it on
    /// another disk than the database's.
    pub(crate) kept: PathBuf,
    /// Who is asked to cosign every checkpoint.
    #[serde(default)]
    pub(crate) witnesses: Vec<WitnessFile>,
}

/// A witness of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WitnessFile {
    /// Its address, up to what comes before /add-checkpoint.
    pub(crate) url: String,
    /// Its public key, as name+id+base64.
    pub(crate) key: String,
}

/// Limits of the REST interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitsFile {
    /// Largest body of an evidence request, in bytes.
    #[schemars(range(min = 65_536, max = 67_108_864))]
    pub(crate) evidence_body: usize,
    /// Most pieces of evidence that a pending island stores as its proof.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) proof_pieces: u64,
    /// Most bytes of evidence that a pending island stores as its proof.
    #[schemars(range(min = 65_536, max = 1_099_511_627_776_u64))]
    pub(crate) proof_bytes: u64,
    /// Largest body of any other request, in bytes.
    #[schemars(range(min = 16_384, max = 67_108_864))]
    pub(crate) body: usize,
    /// Longest an ordinary request may take, in seconds.
    #[schemars(range(min = 1, max = 3600))]
    pub(crate) request_seconds: u64,
    /// Longest an upload of evidence may take, in seconds.
    #[schemars(range(min = 1, max = 3600))]
    pub(crate) upload_seconds: u64,
    /// Longest a long poll may ask to wait, in seconds.
    #[schemars(range(min = 1, max = 600))]
    pub(crate) wait_seconds: u64,
    /// Most ordinary requests at once; more are answered 503 at once.
    #[schemars(range(min = 1, max = 100_000))]
    pub(crate) concurrent: usize,
    /// Most uploads of evidence at once.
    #[schemars(range(min = 1, max = 100_000))]
    pub(crate) concurrent_uploads: usize,
    /// Most long polls at once.
    #[schemars(range(min = 1, max = 100_000))]
    pub(crate) concurrent_polls: usize,
    /// Most bundles put together at once; each may take a hundred megabytes.
    #[schemars(range(min = 1, max = 100_000))]
    pub(crate) concurrent_exports: usize,
    /// Most open connections.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) connections: usize,
    /// Requests a second that one token may make on average.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) rate: u32,
    /// Requests one token may make at once.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) burst: u32,
    /// Threads that verify evidence; 0 means one for each core.
    #[schemars(range(min = 0, max = 1024))]
    pub(crate) verifier_threads: usize,
    /// Longest that requests in flight may take to finish after the hub was told to stop, in seconds.
    #[schemars(range(min = 1, max = 600))]
    pub(crate) drain_seconds: u64,
}

impl Default for LimitsFile {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            evidence_body: limits.evidence_body,
            proof_pieces: limits.proof.pieces,
            proof_bytes: limits.proof.bytes,
            body: limits.body,
            request_seconds: limits.request.as_secs(),
            upload_seconds: limits.upload.as_secs(),
            wait_seconds: limits.wait.as_secs(),
            concurrent: limits.concurrent,
            concurrent_uploads: limits.concurrent_uploads,
            concurrent_polls: limits.concurrent_polls,
            concurrent_exports: limits.concurrent_exports,
            connections: limits.connections,
            rate: limits.rate,
            burst: limits.burst,
            verifier_threads: limits.verifier_threads,
            drain_seconds: limits.drain.as_secs(),
        }
    }
}

fn listen() -> String {
    "127.0.0.1:8080".into()
}

fn connections() -> u32 {
    10
}

fn yes() -> bool {
    true
}

impl LimitsFile {
    fn to_limits(&self) -> Limits {
        Limits {
            evidence_body: self.evidence_body,
            proof: ProofLimits { pieces: self.proof_pieces, bytes: self.proof_bytes },
            body: self.body,
            request: Duration::from_secs(self.request_seconds),
            upload: Duration::from_secs(self.upload_seconds),
            wait: Duration::from_secs(self.wait_seconds),
            concurrent: self.concurrent,
            concurrent_uploads: self.concurrent_uploads,
            concurrent_polls: self.concurrent_polls,
            concurrent_exports: self.concurrent_exports,
            connections: self.connections,
            rate: self.rate,
            burst: self.burst,
            verifier_threads: self.verifier_threads,
            drain: Duration::from_secs(self.drain_seconds),
            ..Limits::default()
        }
    }
}

impl WitnessFile {
    fn to_config(&self) -> anyhow::Result<Witness> {
        let key = self.key.parse().context("log.witnesses")?;
        Ok(Witness { url: self.url.clone(), key })
    }
}

impl LogFile {
    fn to_config(&self) -> anyhow::Result<LogConfig> {
        let former = self.former_keys.iter().map(|key| key.parse::<VerifierKey>());
        Ok(LogConfig {
            key_files: self.keys.iter().map(Secret::path).collect::<Result<_, _>>()?,
            former_keys: former.collect::<Result<_, _>>().context("log.former_keys")?,
            kept: self.kept.clone(),
            witnesses: self.witnesses.iter().map(WitnessFile::to_config).collect::<Result<_, _>>()?,
        })
    }
}

impl LogFile {
    fn rules(&self) -> Vec<(String, String)> {
        let mut broken = Vec::new();
        if !(1..=2).contains(&self.keys.len()) {
            broken.push(("log.keys".into(), "expected one key, or two while a key is replaced".into()));
        }
        for (at, key) in self.former_keys.iter().enumerate() {
            if let Err(error) = key.parse::<VerifierKey>() {
                broken.push((format!("log.former_keys[{at}]"), error.to_string()));
            }
        }
        for (at, witness) in self.witnesses.iter().enumerate() {
            match witness.key.parse::<VerifierKey>() {
                Ok(key) if key.kind() == KeyKind::Cosignature => {}
                Ok(_) => {
                    let text = "expected a witness's key, of kind cosignature/v1";
                    broken.push((format!("log.witnesses[{at}].key"), text.into()));
                }
                Err(error) => broken.push((format!("log.witnesses[{at}].key"), error.to_string())),
            }
        }
        if !self.kept.is_absolute() {
            broken.push(("log.kept".into(), "expected the absolute path of a file".into()));
        }
        broken
    }
}

impl HubFile {
    /// The hub's own configuration.
    pub(crate) fn to_config(&self) -> anyhow::Result<HubConfig> {
        Ok(HubConfig {
            operator_token_file: self.operator_token.as_ref().map(Secret::path).transpose()?,
            log: Some(self.log.to_config()?),
            oidc: self.oidc.as_ref().map(OidcFile::to_config).transpose()?,
            limits: self.limits.to_limits(),
            ..HubConfig::new(&self.origin)
        })
    }
}

impl HubFile {
    /// Connects to the database; nothing in it is changed.
    pub(crate) async fn ledger(&self) -> anyhow::Result<Ledger> {
        let url = self.database.url.read().context("database.url")?;
        let options = Options { max_connections: self.database.max_connections };
        Ledger::connect(&url, options).await.context("database")
    }

    /// Reads every secret, and tries the database and the address to listen on.
    pub(crate) async fn try_services(&self) -> anyhow::Result<()> {
        if let Some(token) = &self.operator_token {
            token.read().context("operator_token")?;
        }
        for key in &self.log.keys {
            key.read().context("log.keys")?;
        }
        TcpListener::bind(&self.listen).await.with_context(|| format!("listen on {}", self.listen))?;
        self.ledger().await?.close().await;
        Ok(())
    }
}

impl Role for HubFile {
    const NAME: &'static str = "hub";

    fn example() -> Self {
        Self {
            origin: "hub.example.org/log".into(),
            listen: listen(),
            operator_token: Some(Secret::Credential("operator-token".into())),
            database: Database {
                url: Secret::Credential("database-url".into()),
                max_connections: connections(),
                migrate: yes(),
            },
            log: LogFile {
                keys: vec![Secret::Credential("log-key".into())],
                former_keys: Vec::new(),
                kept: "/var/lib/causeway-hub/checkpoint".into(),
                witnesses: Vec::new(),
            },
            oidc: None,
            limits: LimitsFile::default(),
        }
    }

    fn rules(&self) -> Vec<(String, String)> {
        let mut broken = Vec::new();
        if self.origin.trim() != self.origin
            || self.origin.is_empty()
            || self.origin.contains(['\n', '+', ' '])
        {
            let text = "expected one line without white space or +, as hub.example.org/log";
            broken.push(("origin".into(), text.into()));
        }
        broken.extend(self.log.rules());
        if let Some(oidc) = &self.oidc {
            broken.extend(oidc.rules());
        }
        broken
    }
}
