//! The hub's routes that a relayer calls, over HTTP, with faults on demand. It records what it is told; the rules of
//! evidence are tested where they are kept.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use causeway_api::{
    ClientHead, Cursor, Deliveries, Delivery, EvidenceAnswer, EvidenceResults, EvidenceStatus, GatewayCursor,
    IslandState, RecordedHeader,
};
use causeway_protocol::{
    Attestation, AttestationKind, Batch, BatchProof, Family, GatewayId, Hash, IslandId, LaneId, LaneTerms,
    Packet, PacketId, SignedEnvelope,
};
use flate2::read::GzDecoder;

use crate::island::{FakeIsland, hash};

/// One island at the hub.
pub(crate) struct Record {
    pub(crate) state: IslandState,
    pub(crate) head: u64,
    pub(crate) number: u64,
    /// Evidence as it came: first, last, bytes.
    pub(crate) evidence: Vec<(u64, u64, Vec<u8>)>,
    /// Answers to give before recording again.
    pub(crate) refusals: Vec<&'static str>,
    pub(crate) ready: Vec<Delivery>,
    island: FakeIsland,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) islands: BTreeMap<String, Record>,
    /// Every call fails.
    pub(crate) down: bool,
}

pub(crate) struct FakeHub {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

type Hub = Shared<Arc<Mutex<State>>>;

impl FakeHub {
    /// A hub that knows these islands, each recorded up to height 0.
    pub(crate) async fn start(islands: &[(&str, &FakeIsland)]) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        for (name, island) in islands {
            let record = Record {
                state: IslandState::Active,
                head: 0,
                number: 0,
                evidence: Vec::new(),
                refusals: Vec::new(),
                ready: Vec::new(),
                island: (*island).clone(),
            };
            state.lock().unwrap().islands.insert((*name).to_owned(), record);
        }
        let router = Router::new()
            .route("/v1/islands/{island}/cursor", get(cursor))
            .route("/v1/islands/{island}/recorded", get(recorded))
            .route("/v1/islands/{island}/evidence", post(evidence))
            .route("/v1/islands/{island}/proof", post(proof))
            .route("/v1/islands/{island}/deliveries", get(deliveries))
            .with_state(state.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.state.lock().unwrap().down = down;
    }

    /// Looks at one island.
    pub(crate) fn with<T>(&self, island: &str, look: impl FnOnce(&mut Record) -> T) -> T {
        look(self.state.lock().unwrap().islands.get_mut(island).unwrap())
    }

    /// Makes a statement ready; answers its packet.
    pub(crate) fn make_ready(&self, island: &str) -> PacketId {
        self.with(island, |record| {
            let sequence = record.ready.iter().map(|ready| ready.sequence).max().unwrap_or(0) + 1;
            let packet = Packet {
                source: GatewayId([1; 32]),
                destination: GatewayId([2; 32]),
                lane: LaneId([3; 32]),
                sequence,
                sender: vec![4; 20],
                receiver: vec![5; 20],
                timeout: 1,
                budget: 0,
                payload: Vec::new(),
            };
            let attestation = Attestation::plain(AttestationKind::Deliver, packet.id());
            record.ready.push(Delivery {
                sequence,
                gateway: packet.destination,
                address: vec![2; 20],
                lane: LaneTerms { name: Hash::ZERO, ordered: false },
                attestation,
                result: Vec::new(),
                batch: Batch::of(1, &[attestation]).unwrap(),
                proof: BatchProof { index: 0, path: Vec::new() },
                signatures: Vec::new(),
                packet,
            });
            attestation.packet
        })
    }

    /// The statement's event is proven: it is not open any more.
    pub(crate) fn prove_done(&self, island: &str, packet: PacketId) {
        self.with(island, |record| record.ready.retain(|ready| ready.attestation.packet != packet));
    }
}

/// Looks at one island for a request, unless the hub is down.
fn look<T>(state: &Mutex<State>, island: &str, look: impl FnOnce(&mut Record) -> T) -> Result<T, StatusCode> {
    let mut state = state.lock().unwrap();
    if state.down {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    state.islands.get_mut(island).map(look).ok_or(StatusCode::NOT_FOUND)
}

async fn cursor(Shared(state): Hub, Path(island): Path<String>) -> Result<Response, StatusCode> {
    look(&state, &island, |record| {
        let gateway = GatewayCursor {
            gateway: GatewayId([2; 32]),
            address: vec![2; 20],
            number: record.number,
            height: 0,
            missing: Vec::new(),
        };
        axum::Json(Cursor {
            island: IslandId([6; 32]),
            family: Family::Qbft,
            state: record.state,
            head: ClientHead { height: record.head, hash: hash(record.head), time: 0 },
            client_state: vec![1],
            gateways: vec![gateway],
        })
        .into_response()
    })
}

async fn recorded(
    Shared(state): Hub,
    Path(island): Path<String>,
    Query(query): Query<BTreeMap<String, u64>>,
) -> Result<Response, StatusCode> {
    look(&state, &island, |_| {
        let height = query["at"] + 1; // the next recorded header
        axum::Json(RecordedHeader { height, hash: hash(height) }).into_response()
    })
}

/// Proofs are taken while the island is pending, and the first one with all of it proves it.
async fn proof(Shared(state): Hub, Path(island): Path<String>, body: Bytes) -> Result<Response, StatusCode> {
    look(&state, &island, |record| assert_eq!(record.state, IslandState::Pending))?;
    let answer = take(&state, &island, &body)?;
    look(&state, &island, |record| record.state = IslandState::Proven)?;
    Ok(answer)
}

/// Evidence is taken of islands that count.
async fn evidence(
    Shared(state): Hub,
    Path(island): Path<String>,
    body: Bytes,
) -> Result<Response, StatusCode> {
    look(&state, &island, |record| assert_ne!(record.state, IslandState::Pending))?;
    take(&state, &island, &body)
}

fn take(state: &Mutex<State>, island: &str, body: &Bytes) -> Result<Response, StatusCode> {
    look(state, island, |record| {
        let mut bytes = Vec::new();
        // What compression does not make smaller comes as it is; no envelope begins like this.
        if body.starts_with(&[0x1f, 0x8b]) {
            GzDecoder::new(body.as_ref()).read_to_end(&mut bytes).unwrap();
        } else {
            bytes.extend_from_slice(body);
        }
        let envelope = SignedEnvelope::decode(&bytes).unwrap();
        envelope.check_signature().unwrap();
        let envelope = envelope.envelope;
        let (first, last) = (envelope.first, envelope.last);
        let mut answer = EvidenceAnswer {
            digest: Some(envelope.evidence_digest()),
            status: EvidenceStatus::Recorded,
            events: 0,
            code: None,
            detail: None,
            next: None,
        };
        let refusal = record.refusals.pop().or_else(|| {
            let is_run = envelope.evidence == b"run";
            (is_run && first != record.head + 1).then_some("not-linked-to-head")
        });
        if let Some(code) = refusal {
            (answer.status, answer.code) = (EvidenceStatus::Refused, Some(code.to_owned()));
        } else {
            if envelope.evidence == b"run" {
                record.head = last;
            }
            // Events count when they are proven in order: a gap stays until it is filled in.
            let events = record.island.with(|island| island.events.clone());
            let next = usize::try_from(record.number).unwrap();
            if envelope.evidence != b"nothing" {
                let proven = events[next..].iter().take_while(|height| (first..=last).contains(height));
                record.number += proven.count() as u64;
            }
            record.evidence.push((first, last, envelope.evidence));
        }
        axum::Json(EvidenceResults { results: vec![answer] }).into_response()
    })
}

async fn deliveries(
    Shared(state): Hub,
    Path(island): Path<String>,
    Query(query): Query<BTreeMap<String, u64>>,
) -> Result<Response, StatusCode> {
    let (after, mut waits) = (query["after"], query.get("wait").copied().unwrap_or(0) * 100);
    loop {
        let items: Vec<Delivery> = look(&state, &island, |record| {
            let later = record.ready.iter().filter(|ready| ready.sequence > after);
            later.take(3).cloned().collect() // small pages
        })?;
        if !items.is_empty() || waits == 0 {
            let after = items.last().map_or(after, |last| last.sequence);
            return Ok(axum::Json(Deliveries { items, after }).into_response());
        }
        waits -= 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
