//! A hub with everything around it that a test needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use causeway_api::{self as api, Role};
use causeway_hub::{Clock, HubConfig, HubError};
use causeway_ledger::Ledger;
use causeway_ledger::testkit::{self, TestLedger};
use causeway_protocol::{Address, Envelope, HubId, IslandId, LocalSigner, MEDIA_TYPE, Signer};
use causeway_verifier::ClientState;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use crate::forge::{Chain, OWNER};

pub(crate) const ORIGIN: &str = "hub.test/log";
/// When the forged chains begin.
pub(crate) const GENESIS: u64 = 1_700_000_000;

/// A clock that stands still until it is moved.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn set(&self, seconds: u64) {
        self.0.store(i64::try_from(seconds).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// A running hub.
pub(crate) struct World {
    pub(crate) database: TestLedger,
    pub(crate) ledger: Ledger,
    pub(crate) url: String,
    pub(crate) operator: String,
    pub(crate) http: reqwest::Client,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: tokio::task::JoinHandle<Result<(), HubError>>,
    _token_file: tempfile::NamedTempFile,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The answer as what a success of this route is.
    #[track_caller]
    pub(crate) fn ok<T: serde::de::DeserializeOwned>(&self) -> T {
        assert!(self.status.is_success(), "{self:?}");
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The answer has to be a problem document; its code.
    #[track_caller]
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        let problem: api::Problem = serde_json::from_str(&self.text).unwrap();
        assert_eq!(problem.status, self.status.as_u16(), "{self:?}");
        assert_eq!(problem.r#type, format!("/problems/{}", problem.code));
        problem.code
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut HubConfig)) -> Self {
        let database = testkit::fresh().await;
        let ledger = database.ledger.clone();
        Self::over(database, ledger, change).await
    }

    /// A hub over a database that is there already.
    pub(crate) async fn over(
        database: TestLedger,
        ledger: Ledger,
        change: impl FnOnce(&mut HubConfig),
    ) -> Self {
        let token_file = tempfile::NamedTempFile::new().unwrap();
        let operator = "causeway_operator_of_these_tests".to_owned();
        std::fs::write(token_file.path(), format!("{operator}\n")).unwrap();
        let mut config = HubConfig::new(ORIGIN);
        config.operator_token_file = Some(token_file.path().to_owned());
        change(&mut config);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let clock = Arc::new(TestClock(AtomicI64::new(0)));
        clock.set(GENESIS + 100);
        let shutdown = CancellationToken::new();
        let serving = causeway_hub::serve(config, listener, ledger.clone(), clock.clone(), shutdown.clone());
        let task = tokio::spawn(serving);
        let http = reqwest::Client::builder().timeout(Duration::from_mins(1)).build().unwrap();
        let world =
            Self { database, ledger, url, operator, http, clock, shutdown, task, _token_file: token_file };
        for _ in 0..200 {
            if world.http.get(format!("{}/readyz", world.url)).send().await.is_ok() {
                return world;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the hub did not start");
    }

    pub(crate) fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(token)
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        send(self.request(Method::GET, path, token)).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path, token).json(body)).await
    }

    /// A new token: its secret.
    pub(crate) async fn token(
        &self,
        role: Role,
        address: Option<Address>,
        island: Option<IslandId>,
    ) -> String {
        let body = json!({ "name": "test", "role": role, "address": address, "island": island });
        self.post("/v1/tokens", &self.operator, &body).await.ok::<api::CreatedToken>().secret
    }

    /// A token for a key.
    pub(crate) async fn keyed(&self, role: Role, key: u8) -> (LocalSigner, String) {
        let signer = LocalSigner::from_bytes(&[key; 32]).unwrap();
        let token = self.token(role, Some(signer.address()), None).await;
        (signer, token)
    }

    /// Registers a forged chain that counts already, whose gateway is opened in its next block. How an island comes to count is
    /// what `proof` tests.
    pub(crate) async fn join(&self, chain: &Chain, name: &str) -> IslandId {
        let island = self.register(chain, name).await;
        testkit::activate(&self.ledger, island).await;
        island
    }

    pub(crate) async fn register(&self, chain: &Chain, name: &str) -> IslandId {
        let answer = self.post("/v1/islands", &self.operator, &registration(chain, name)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.ok::<api::Island>().id
    }

    /// The client state the hub holds of an island.
    pub(crate) async fn state(&self, island: IslandId, token: &str) -> ClientState {
        let cursor: api::Cursor = self.get(&format!("/v1/islands/{island}/cursor"), token).await.ok();
        ClientState { family: cursor.family, bytes: cursor.client_state }
    }

    /// Submits everything of `chain` that the hub has not recorded; the answer to the one envelope.
    pub(crate) async fn catch_up(
        &self,
        chain: &Chain,
        relayer: &LocalSigner,
        token: &str,
    ) -> api::EvidenceAnswer {
        let state = self.state(chain.island, token).await;
        let envelope = sealed(chain.island, chain.run_from(&state), relayer);
        self.submit(chain.island, token, envelope).await
    }

    /// Submits one envelope; its answer.
    pub(crate) async fn submit(
        &self,
        island: IslandId,
        token: &str,
        envelope: Vec<u8>,
    ) -> api::EvidenceAnswer {
        let mut results =
            self.submit_raw(island, token, MEDIA_TYPE, envelope).await.ok::<api::EvidenceResults>();
        assert_eq!(results.results.len(), 1);
        results.results.remove(0)
    }

    pub(crate) async fn submit_raw(
        &self,
        island: IslandId,
        token: &str,
        media: &str,
        body: Vec<u8>,
    ) -> Answer {
        let path = format!("/v1/islands/{island}/evidence");
        send(self.request(Method::POST, &path, token).header("content-type", media).body(body)).await
    }

    /// Stops the hub; it has to end well. Its database stays.
    pub(crate) async fn stop(self) -> TestLedger {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
        self.database
    }
}

pub(crate) fn registration(chain: &Chain, name: &str) -> Value {
    json!({
        "name": name,
        "family": "qbft",
        "fingerprint": chain.fingerprint,
        "anchor": hex(&chain.anchor()),
        "gateway": { "address": hex(&chain.address()), "id": chain.next_gateway(), "birth": chain.tip().hash, "owner": OWNER },
    })
}

/// An envelope for this test's hub.
pub(crate) fn sealed(island: IslandId, run: (u64, u64, Vec<u8>), relayer: &LocalSigner) -> Vec<u8> {
    let (first, last, evidence) = run;
    let (hub, relayer_address) = (HubId::of_origin(ORIGIN), relayer.address());
    let envelope = Envelope { hub, island, first, last, relayer: relayer_address, evidence };
    envelope.sign(relayer).unwrap().encode()
}

/// A stream of envelopes.
pub(crate) fn stream(envelopes: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    for envelope in envelopes {
        body.extend(u32::try_from(envelope.len()).unwrap().to_be_bytes());
        body.extend(envelope);
    }
    body
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const_hex::encode_prefixed(bytes)
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}
