//! A small hub over HTTP that serves whatever a test tells it to, true or not.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path as UrlPath, Query, State};
use axum::routing::get;
use axum::{Json, Router};
use causeway_api::{
    AttestationAnswer, AttestationStatus, AttestationsAnswer, ClientHead, EvidenceItem, Gateway,
    GatewayState, Island, IslandState, Page, PendingBatch, PendingBatches, SignedBatch, SubmitAttestations,
    Trust, TrustStanding,
};
use causeway_attestor::{Attestor, AttestorConfig, Clock, PinnedGateway, WatchedIsland};
use causeway_client::{HubClient, Settings, Token};
use causeway_protocol::{
    Address, Attestation, Batch, Family, GatewayId, Hash, IslandId, Signer as _, anchor_digest, keccak256,
};
use causeway_verifier::light_client;
use time::OffsetDateTime;

use crate::world::{Side, fingerprint, signer};

#[derive(Default)]
struct Served {
    islands: HashMap<IslandId, Island>,
    evidence: HashMap<IslandId, Vec<EvidenceItem>>,
    pending: Vec<PendingBatch>,
    signed: Vec<SignedBatch>,
}

/// The hub.
pub(crate) struct TestHub {
    served: Arc<Mutex<Served>>,
    url: String,
    sequence: u64,
}

/// A clock that stands where a test puts it.
pub(crate) struct TestClock(pub(crate) Mutex<u64>);

impl Clock for TestClock {
    fn now_ms(&self) -> u64 {
        *self.0.lock().unwrap()
    }
}

type Shared = State<Arc<Mutex<Served>>>;

async fn island(State(served): Shared, UrlPath(id): UrlPath<IslandId>) -> Json<Island> {
    Json(served.lock().unwrap().islands[&id].clone())
}

async fn evidence(
    State(served): Shared,
    UrlPath(id): UrlPath<IslandId>,
    Query(query): Query<HashMap<String, String>>,
) -> Json<Page<EvidenceItem>> {
    let after: u64 = query["after"].parse().unwrap();
    let served = served.lock().unwrap();
    let items = served.evidence.get(&id).into_iter().flatten();
    // A hub whose feed goes back serves what it likes: order is not restored here.
    let items = items.filter(|item| item.sequence > after).cloned().collect();
    Json(Page { items, next: None })
}

async fn pending(State(served): Shared) -> Json<PendingBatches> {
    Json(PendingBatches { items: served.lock().unwrap().pending.clone() })
}

async fn attest(State(served): Shared, Json(body): Json<SubmitAttestations>) -> Json<AttestationsAnswer> {
    let mut served = served.lock().unwrap();
    let answer = AttestationAnswer { status: AttestationStatus::Recorded, code: None, detail: None };
    let results = vec![answer; body.items.len()];
    let roots: HashSet<_> = body.items.iter().map(|item| item.batch.root).collect();
    served.pending.retain(|batch| !roots.contains(&Batch::tree(&batch.leaves).root()));
    served.signed.extend(body.items);
    Json(AttestationsAnswer { results })
}

impl TestHub {
    /// A hub with these islands registered, and nothing recorded.
    pub(crate) async fn start(sides: &[&Side]) -> Self {
        let served = Arc::new(Mutex::new(Served::default()));
        for side in sides {
            served.lock().unwrap().islands.insert(side.forge.island().id(), describe(side));
        }
        let router = Router::new()
            .route("/v1/islands/{island}", get(island))
            .route("/v1/islands/{island}/evidence", get(evidence))
            .route("/v1/attestations/pending", get(pending))
            .route("/v1/attestations", axum::routing::post(attest))
            .with_state(Arc::clone(&served));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { served, url, sequence: 0 }
    }

    /// Registers an island that is no side of the stage.
    pub(crate) fn register(&self, island: Island) {
        self.served.lock().unwrap().islands.insert(island.id, island);
    }

    /// Lists one more gateway of any island.
    pub(crate) fn list(&self, island: IslandId, gateway: Gateway) {
        self.served.lock().unwrap().islands.get_mut(&island).unwrap().gateways.push(gateway);
    }

    /// Serves evidence of any island as the next item.
    pub(crate) fn serve_of(&mut self, island: IslandId, family: Family, evidence: Vec<u8>, recorded_at: u64) {
        self.sequence += 1;
        let span = light_client(family).unwrap().inspect(&evidence).unwrap();
        let item = EvidenceItem {
            sequence: self.sequence,
            digest: keccak256(&evidence),
            first: span.first,
            last: span.last,
            relayer: Address::ZERO,
            recorded_at: OffsetDateTime::from_unix_timestamp(i64::try_from(recorded_at).unwrap()).unwrap(),
            evidence,
        };
        self.served.lock().unwrap().evidence.entry(island).or_default().push(item);
    }

    /// Records evidence as an honest hub would, at the island's own time.
    pub(crate) fn record(&mut self, side: &mut Side) {
        let evidence = side.evidence();
        self.serve(side, evidence, side.now());
    }

    /// Serves `evidence` as the next item, recorded at `recorded_at` (Unix seconds).
    pub(crate) fn serve(&mut self, side: &Side, evidence: Vec<u8>, recorded_at: u64) {
        self.sequence += 1;
        let span = light_client(Family::Qbft).unwrap().inspect(&evidence);
        let (first, last) = span.map_or((1, 1), |span| (span.first, span.last));
        let item = EvidenceItem {
            sequence: self.sequence,
            digest: keccak256(&evidence),
            first,
            last,
            relayer: Address::ZERO,
            recorded_at: OffsetDateTime::from_unix_timestamp(i64::try_from(recorded_at).unwrap()).unwrap(),
            evidence,
        };
        self.served.lock().unwrap().evidence.entry(side.forge.island().id()).or_default().push(item);
    }

    /// Changes what is served of one island.
    pub(crate) fn alter(&self, side: &Side, change: impl FnOnce(&mut Vec<EvidenceItem>)) {
        change(self.served.lock().unwrap().evidence.get_mut(&side.forge.island().id()).unwrap());
    }

    /// Changes the list of gateways on a side's island.
    pub(crate) fn alter_gateways(&self, side: &Side, change: impl FnOnce(&mut Vec<Gateway>)) {
        let mut served = self.served.lock().unwrap();
        change(&mut served.islands.get_mut(&side.forge.island().id()).unwrap().gateways);
    }

    /// Lists one more gateway on a side's island.
    pub(crate) fn list_gateway(&self, side: &Side, id: GatewayId, address: Address) {
        self.alter_gateways(side, |gateways| {
            let more = Gateway { id, address: address.0.to_vec(), ..gateways[0].clone() };
            gateways.push(more);
        });
    }

    /// Asks for a signature.
    pub(crate) fn ask(&self, gateway: GatewayId, epoch: u64, leaves: Vec<Attestation>) {
        self.served.lock().unwrap().pending.push(PendingBatch { gateway, epoch, leaves });
    }

    /// Stops asking.
    pub(crate) fn ask_nothing(&self) {
        self.served.lock().unwrap().pending.clear();
    }

    /// The signatures that came, each checked to be the attestor's over its batch.
    pub(crate) fn signatures(&self) -> Vec<SignedBatch> {
        let signed = self.served.lock().unwrap().signed.clone();
        for item in &signed {
            let signed_by = item.signature.signer(item.batch.digest(item.gateway)).unwrap();
            assert_eq!(signed_by, signer().address());
        }
        signed
    }

    /// An attestor that watches `sides`, with its store in `data` and its clock a little after their newest block.
    pub(crate) fn attestor(&self, sides: &[&Side], data: &Path) -> Attestor {
        let now = sides.iter().map(|side| side.now()).max().unwrap() + 5;
        self.attestor_at(sides, data, now)
    }

    /// The same, its clock at `now` (Unix seconds).
    pub(crate) fn attestor_at(&self, sides: &[&Side], data: &Path, now: u64) -> Attestor {
        Attestor::open(self.config(sides, data), Arc::new(TestClock(Mutex::new(now * 1000)))).unwrap()
    }

    /// The configuration of such an attestor.
    pub(crate) fn config(&self, sides: &[&Side], data: &Path) -> AttestorConfig {
        let settings = Settings::new(&self.url, Some(Token::new("attestor-token").unwrap())).unwrap();
        AttestorConfig {
            hub: HubClient::new(settings).unwrap(),
            signer: Arc::new(signer()),
            data: data.to_path_buf(),
            islands: sides.iter().map(|side| watched(side)).collect(),
            refuse_sources: Vec::new(),
            clock_skew: Duration::from_secs(30),
            poll: Duration::ZERO,
        }
    }
}

fn watched(side: &Side) -> WatchedIsland {
    WatchedIsland {
        name: side.name.into(),
        family: Family::Qbft,
        fingerprint: fingerprint(side),
        anchor: side.forge.anchor(),
        gateways: vec![PinnedGateway { id: side.id(), address: side.contract.0.to_vec() }],
    }
}

fn describe(side: &Side) -> Island {
    let island = side.forge.island();
    Island {
        id: island.id(),
        name: side.name.into(),
        family: Family::Qbft,
        state: IslandState::Active,
        fingerprint: island.fingerprint,
        anchor: island.anchor,
        anchor_digest: anchor_digest(&side.forge.anchor()),
        gateways: vec![Gateway {
            id: side.id(),
            address: side.contract.0.to_vec(),
            state: GatewayState::Open,
            owner: None,
            proven: true,
            epoch: 1,
            threshold: 2,
            attestors: Vec::new(),
        }],
        head: ClientHead { height: 0, hash: Hash::ZERO, time: 0 },
        trust: Trust { until: u64::MAX, standing: TrustStanding::Fresh },
        validators: Vec::new(),
        registered_at: OffsetDateTime::UNIX_EPOCH,
    }
}
