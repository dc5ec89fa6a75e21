//! Case 14: what is relayed is data. It reaches no trust anchor, no attestor set and no route that decides something.

use causeway_api::{self as api, EvidenceStatus, IslandState, Role};
use causeway_protocol::{
    Address, AttestorSet, Envelope, Family, GatewayEvent, GatewayEventKind, GatewayId, Hash, HubId, IslandId,
    MEDIA_TYPE, Packet, Signer as _, anchor_digest,
};
use causeway_verifier::forge::{encode_event, receipt};
use causeway_verifier::prover::skip;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::forge::Chain;
use crate::proof::prove;
use crate::world::{GENESIS, ORIGIN, World, registration, sealed, send};

/// Everything that only people decide, as an operator sees it.
#[derive(Debug, PartialEq, Eq)]
struct Decided {
    /// Of each the digest of its anchor's bytes.
    islands: Vec<(IslandId, IslandState, Hash)>,
    gateways: Vec<api::Gateway>,
    tokens: Vec<api::Token>,
}

async fn decided(world: &World) -> Decided {
    let listed: api::Page<api::Island> = world.get("/v1/islands", &world.operator).await.ok();
    let mut islands = Vec::new();
    for island in &listed.items {
        let path = format!("/v1/islands/{}/anchor", island.id);
        let anchor: api::Anchor = world.get(&path, &world.operator).await.ok();
        islands.push((island.id, island.state, anchor_digest(&anchor.bytes)));
    }
    let tokens: api::Page<api::Token> = world.get("/v1/tokens", &world.operator).await.ok();
    let gateways = listed.items.into_iter().flat_map(|island| island.gateways).collect();
    Decided { islands, gateways, tokens: tokens.items }
}

/// Two islands: `harbour` with an open gateway, `port` that waits for an approval.
struct Stage {
    world: World,
    harbour: Chain,
    port: Chain,
    relayer: causeway_protocol::LocalSigner,
    token: String,
}

impl Stage {
    async fn new() -> Self {
        let world = World::start().await;
        let (mut harbour, mut port) = (Chain::new(1, GENESIS), Chain::new(2, GENESIS));
        world.join(&harbour, "harbour").await;
        world.register(&port, "port").await;
        prove(&world, &mut port).await;
        harbour.open(HubId::of_origin(ORIGIN), 1, &[Address([8; 20])]);
        harbour.seal();
        let (relayer, token) = world.keyed(Role::Relayer, 1).await;
        let stage = Self { world, harbour, port, relayer, token };
        assert_eq!(stage.relay().await.status, EvidenceStatus::Recorded);
        stage
    }

    async fn relay(&self) -> api::EvidenceAnswer {
        self.world.catch_up(&self.harbour, &self.relayer, &self.token).await
    }

    /// What an operator may ask, each with a body that would do.
    async fn decisions(&self) -> Vec<(String, Value)> {
        let body = json!({ "name": "spare", "role": "auditor" });
        let spare: api::CreatedToken = self.world.post("/v1/tokens", &self.world.operator, &body).await.ok();
        let reason = json!({ "reason": "because I say so" });
        let approval =
            json!({ "anchor_digest": anchor_digest(&self.port.anchor()), "reason": "compared by phone" });
        let mut decisions = vec![
            ("/v1/islands".to_owned(), registration(&Chain::new(3, GENESIS), "mine")),
            ("/v1/islands/port/approve".to_owned(), approval),
            ("/v1/tokens".to_owned(), json!({ "name": "mine", "role": "operator" })),
            (format!("/v1/tokens/{}/revoke", spare.token.id), Value::Null),
        ];
        let steps = ["suspend", "resume", "freeze"].map(|step| format!("/v1/islands/harbour/{step}"));
        decisions.extend(steps.map(|path| (path, reason.clone())));
        decisions
    }
}

async fn decide(world: &World, path: &str, token: &str, body: &Value) -> StatusCode {
    let request = world.request(Method::POST, path, token);
    let answer = send(if body.is_null() { request } else { request.json(body) }).await;
    if answer.status == StatusCode::FORBIDDEN {
        assert_eq!(answer.problem(), "forbidden", "{path}");
    }
    answer.status
}

#[tokio::test]
async fn case_14_who_relays_or_attests_neither_approves_nor_anchors_nor_makes_tokens() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let decisions = stage.decisions().await;
    let (_, attestor) = world.keyed(Role::Attestor, 8).await;
    let auditor = world.token(Role::Auditor, None, None).await;
    let before = decided(world).await;
    for (path, body) in &decisions {
        for token in [&stage.token, &attestor, &auditor] {
            assert_eq!(decide(world, path, token, body).await, StatusCode::FORBIDDEN, "{path}");
        }
    }
    assert_eq!(decided(world).await, before);
    for (path, body) in &decisions {
        let status = decide(world, path, &world.operator, body).await;
        assert!(status.is_success(), "the same request is an operator's to make: {path}: {status}");
    }
    assert_ne!(decided(world).await, before);
}

/// Bytes that would decide something elsewhere.
fn lures(stage: &Stage, decisions: &[(String, Value)]) -> Vec<Vec<u8>> {
    let Stage { world, harbour, port, relayer, .. } = stage;
    let attestors = AttestorSet { epoch: 2, threshold: 1, attestors: vec![Address([0xee; 20])] };
    let kind = GatewayEventKind::AttestorsRotated(attestors);
    let rotated = encode_event(Address([1; 20]), &GatewayEvent { gateway: harbour.gateway, number: 2, kind });
    let run = harbour.run_from(&harbour.start());
    let mut fork = Chain::new(1, GENESIS);
    fork.seal();
    let mut twin = Chain::new(1, GENESIS);
    twin.seal();
    twin.seal();
    fork.time += 1;
    fork.seal();
    let mut lures = vec![
        port.anchor(),
        rotated.data.clone(),
        receipt(true, 1, &[rotated.as_log()]),
        run.2.clone(),
        sealed(harbour.island, run, relayer),
        fork.misbehaviour(&twin),
        world.operator.clone().into_bytes(),
    ];
    for (path, body) in decisions {
        let secret = &world.operator;
        lures.push(body.to_string().into_bytes());
        lures.push(
            format!("\r\n\r\nPOST {path} HTTP/1.1\r\nAuthorization: Bearer {secret}\r\n\r\n{body}").into(),
        );
    }
    lures
}

#[tokio::test]
async fn case_14_a_payload_that_is_an_anchor_a_rotation_an_envelope_or_a_request_is_a_payload() {
    let mut stage = Stage::new().await;
    let decisions = stage.decisions().await;
    let before = decided(&stage.world).await;
    let lures = lures(&stage, &decisions);
    let packets: Vec<_> = lures.iter().map(|lure| stage.harbour.send(GatewayId([5; 32]), lure)).collect();
    // What a receiver answers is relayed too, and may be just as long as a gateway lets it be.
    let there = stage.harbour.gateway;
    for (packet, lure) in packets.iter().zip(&lures) {
        let incoming = Packet { source: GatewayId([5; 32]), destination: there, ..packet.clone() };
        stage.harbour.deliver(&incoming, true, &lure[..lure.len().min(1024)]);
    }
    stage.harbour.seal();
    let answer = stage.relay().await;
    assert_eq!(answer.status, EvidenceStatus::Recorded, "{answer:?}");
    assert_eq!(usize::try_from(answer.events).unwrap(), 2 * lures.len());
    assert_eq!(decided(&stage.world).await, before);
    for (packet, lure) in packets.iter().zip(&lures) {
        let path = format!("/v1/packets/{}", packet.id());
        let found: api::Packet = stage.world.get(&path, &stage.world.operator).await.ok();
        assert_eq!(&found.packet.payload, lure);
    }
}

#[tokio::test]
async fn case_14_evidence_moves_a_client_and_never_its_anchor() {
    let mut stage = Stage::new().await;
    let before = decided(&stage.world).await;
    let (island, other) = (stage.harbour.island, stage.port.island);
    let state = stage.world.state(island, &stage.token).await;
    stage.harbour.seal();
    stage.harbour.seal();
    let height = stage.harbour.tip().number;
    let far = skip(Family::Qbft, &state, None, &stage.harbour.forge.source(height)).unwrap();
    let run = stage.harbour.run_from(&state);
    let inner = sealed(island, run.clone(), &stage.relayer);
    let header = stage.harbour.forge.blocks()[1].raw.clone();
    for (first, last, evidence, code) in [
        (0, 0, stage.port.anchor(), "malformed"),
        (0, 0, stage.harbour.anchor(), "malformed"),
        (run.0, run.1, inner, "malformed"),
        (1, 1, header, "malformed"),
        (height, height, far.clone(), "skip-never-advances"),
    ] {
        let envelope = sealed(island, (first, last, evidence), &stage.relayer);
        let answer = stage.world.submit(island, &stage.token, envelope).await;
        assert_eq!((answer.status, answer.code.as_deref()), (EvidenceStatus::Refused, Some(code)));
    }
    // Neither as an accusation, nor for an island that nobody approved.
    let report = stage
        .world
        .request(Method::POST, "/v1/misbehaviour", &stage.token)
        .header("content-type", MEDIA_TYPE)
        .body(sealed(island, (height, height, far), &stage.relayer));
    let refused = send(report).await.ok::<api::EvidenceResults>().results.remove(0);
    assert_eq!(refused.code.as_deref(), Some("wrong-kind"));
    stage.port.seal();
    let early = sealed(other, stage.port.run_from(&stage.port.start()), &stage.relayer);
    let answer = stage.world.submit(other, &stage.token, early).await;
    assert_eq!(answer.code.as_deref(), Some("island-state"));

    assert_eq!(decided(&stage.world).await, before);
    assert_eq!(stage.world.state(island, &stage.token).await, state);
    assert_eq!(stage.relay().await.status, EvidenceStatus::Recorded, "an honest run still goes on");
}

#[tokio::test]
async fn case_14_an_attestor_set_changes_by_its_gateways_word_alone() {
    let mut stage = Stage::new().await;
    let before = decided(&stage.world).await;
    let attestors = AttestorSet { epoch: 2, threshold: 1, attestors: vec![Address([0xee; 20])] };
    let rotated = GatewayEventKind::AttestorsRotated(attestors.clone());
    // Any contract can emit an event that names the gateway.
    let event = GatewayEvent { gateway: stage.harbour.gateway, number: 2, kind: rotated.clone() };
    let honest = stage.harbour.clone();
    stage.harbour.emit_from(Address([0xee; 20]), &event);
    stage.harbour.seal();
    let answer = stage.relay().await;
    assert_eq!(answer.code.as_deref(), Some("receipt-without-event"), "{answer:?}");
    assert_eq!(decided(&stage.world).await, before);

    stage.harbour = honest;
    stage.harbour.emit(rotated);
    stage.harbour.seal();
    assert_eq!(stage.relay().await.status, EvidenceStatus::Recorded);
    let after = decided(&stage.world).await;
    let gateway = after.gateways.iter().find(|gateway| gateway.id == stage.harbour.gateway).unwrap();
    assert_eq!((gateway.epoch, &gateway.attestors), (2, &attestors.attestors));
    assert_eq!((after.islands, after.tokens), (before.islands, before.tokens));
}

/// The envelope names its island, its hub and its relayer; none of the three may be another.
#[tokio::test]
async fn case_14_an_envelope_for_another_hub_or_island_reaches_neither() {
    let stage = Stage::new().await;
    let before = decided(&stage.world).await;
    let (first, last, evidence) = stage.harbour.run_from(&stage.harbour.start());
    let envelope = |hub, island| Envelope {
        hub,
        island,
        first,
        last,
        relayer: stage.relayer.address(),
        evidence: evidence.clone(),
    };
    let ours = HubId::of_origin(ORIGIN);
    for (hub, island, code) in [
        (HubId([7; 32]), stage.harbour.island, "other-hub"),
        (ours, stage.port.island, "other-island"),
        (ours, IslandId([9; 32]), "other-island"),
    ] {
        let bytes = envelope(hub, island).sign(&stage.relayer).unwrap().encode();
        let answer = stage.world.submit(stage.harbour.island, &stage.token, bytes).await;
        assert_eq!(answer.code.as_deref(), Some(code));
    }
    assert_eq!(decided(&stage.world).await, before);
}
