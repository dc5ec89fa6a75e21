//! What a hub is configured with. Plain values: reading and checking a file is the binary's work.

use std::path::PathBuf;
use std::time::Duration;

use causeway_api::Role;
use causeway_ledger::ProofLimits;
use causeway_log::VerifierKey;
use causeway_protocol::{HubId, IslandId};

/// A hub's configuration.
#[derive(Debug, Clone)]
pub struct HubConfig {
    /// The origin line of this hub's log, as `hub.example.org/log`. Envelopes name its hash; changing it refuses every relayer.
    pub origin: String,
    /// A file whose content is the first operator's token. Inserted, hashed, at start unless it is there already.
    pub operator_token_file: Option<PathBuf>,
    /// The transparency log this hub writes. Without it, as in tests of other parts, facts wait until a hub over the database has one.
    pub log: Option<LogConfig>,
    /// Where people sign in, if not with tokens of this hub.
    pub oidc: Option<OidcConfig>,
    /// What one request, one token and all of them together may use.
    pub limits: Limits,
}

/// What a hub writes its log with.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// Files with the keys that sign checkpoints, each as `PRIVATE+KEY+<origin>+<id>+<base64>`: one, or two while a key is replaced.
    pub key_files: Vec<PathBuf>,
    /// Keys that signed before and no longer do: a kept checkpoint may still be theirs.
    pub former_keys: Vec<VerifierKey>,
    /// The file in which the last signed checkpoint is kept, outside Postgres: on another disk than the database's, at best.
    pub kept: PathBuf,
    /// Who is asked to cosign every checkpoint.
    pub witnesses: Vec<Witness>,
}

/// A witness of the log (C2SP tlog-witness).
#[derive(Debug, Clone)]
pub struct Witness {
    /// Its submission prefix: `add-checkpoint` is asked for under it.
    pub url: String,
    /// The key it cosigns with.
    pub key: VerifierKey,
}

impl HubConfig {
    /// A hub under `origin` with the default limits and no operator token file.
    pub fn new(origin: impl Into<String>) -> Self {
        Self {
            origin: origin.into(),
            operator_token_file: None,
            oidc: None,
            log: None,
            limits: Limits::default(),
        }
    }

    /// The id that envelopes for this hub have to name.
    pub fn hub_id(&self) -> HubId {
        HubId::of_origin(&self.origin)
    }
}

/// An OpenID Connect issuer whose people this hub knows.
#[derive(Debug, Clone)]
pub struct OidcConfig {
    /// The issuer, exactly as its tokens name it: `https`, or `http` on the loopback.
    pub issuer: String,
    /// What its tokens have to be for.
    pub audience: String,
    /// How far its clock and the hub's may be apart.
    pub leeway: Duration,
    /// The claim that says what its holder is: a name, or a path with dots, as `realm_access.roles`. One text, or a list.
    pub claim: String,
    /// What each value of the claim gives. The first that matches counts, so the widest stand first.
    pub grants: Vec<Grant>,
}

/// What one value of a claim gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The value.
    pub value: String,
    /// Operator, owner or auditor. Relayers and attestors act with keys, and have tokens of the hub.
    pub role: Role,
    /// Owner: the only island it may act for.
    pub island: Option<IslandId>,
}

impl OidcConfig {
    /// An issuer whose tokens for `audience` say in `roles` what their holder is; a minute of leeway, and nothing granted yet.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        let (issuer, audience) = (issuer.into(), audience.into());
        Self {
            issuer,
            audience,
            leeway: Duration::from_mins(1),
            claim: "roles".to_owned(),
            grants: Vec::new(),
        }
    }
}

/// What one request, one token and all of them together may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest body of an evidence request, in bytes.
    pub evidence_body: usize,
    /// Most that a pending island stores as its proof: the blocks from its anchor to its gateway's opening.
    pub proof: ProofLimits,
    /// Largest body of any other request, in bytes.
    pub body: usize,
    /// Largest sum of header names and values, in bytes.
    pub headers: usize,
    /// Deepest nesting of JSON.
    pub json_depth: usize,
    /// Longest an ordinary request may take.
    pub request: Duration,
    /// Longest an upload of evidence may take.
    pub upload: Duration,
    /// Longest a long poll may ask to wait.
    pub wait: Duration,
    /// Most ordinary requests at once; more are answered 503 at once.
    pub concurrent: usize,
    /// Most uploads of evidence at once.
    pub concurrent_uploads: usize,
    /// Most long polls at once.
    pub concurrent_polls: usize,
    /// Most bundles put together at once; each may take a hundred megabytes.
    pub concurrent_exports: usize,
    /// Most open connections.
    pub connections: usize,
    /// Requests a second that one token may make on average.
    pub rate: u32,
    /// Requests one token may make at once.
    pub burst: u32,
    /// Threads that verify evidence; 0 means one for each core.
    pub verifier_threads: usize,
    /// Longest that requests in flight may take to finish after the shutdown signal.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            evidence_body: 8 * 1024 * 1024 + 64 * 1024,
            proof: ProofLimits { pieces: 1024, bytes: 256 * 1024 * 1024 },
            body: 1024 * 1024,
            headers: 16 * 1024,
            json_depth: 16,
            request: Duration::from_secs(30),
            upload: Duration::from_mins(2),
            wait: Duration::from_mins(1),
            concurrent: 256,
            concurrent_uploads: 32,
            concurrent_polls: 1024,
            concurrent_exports: 4,
            connections: 4096,
            rate: 200,
            burst: 400,
            verifier_threads: 0,
            drain: Duration::from_secs(20),
        }
    }
}
