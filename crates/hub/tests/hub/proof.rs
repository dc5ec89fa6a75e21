//! What proves an island, and what does not.

use causeway_api::{self as api, EvidenceAnswer, EvidenceStatus, IslandState, Role};
use causeway_hub::ProofLimits;
use causeway_protocol::{Address, Envelope, HubId, LocalSigner, MEDIA_TYPE, Signer};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::forge::{Chain, OWNER};
use crate::world::{GENESIS, ORIGIN, World, registration, sealed, send};

const ATTESTORS: [Address; 1] = [Address([8; 20])];

fn this_hub() -> HubId {
    HubId::of_origin(ORIGIN)
}

async fn submit(world: &World, chain: &Chain, token: &str, envelope: Vec<u8>) -> EvidenceAnswer {
    let path = format!("/v1/islands/{}/proof", chain.island);
    let request = world.request(Method::POST, &path, token).header("content-type", MEDIA_TYPE);
    let mut answers = send(request.body(envelope)).await.ok::<api::EvidenceResults>().results;
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

/// Submits what the hub does not have of `chain` as a proof.
async fn catch_up(world: &World, chain: &Chain, key: &LocalSigner, token: &str) -> EvidenceAnswer {
    let state = world.state(chain.island, token).await;
    submit(world, chain, token, sealed(chain.island, chain.run_from(&state), key)).await
}

/// Opens the chain's gateway in its next block, as it is registered, and proves the island with it.
pub(crate) async fn prove(world: &World, chain: &mut Chain) {
    chain.open(this_hub(), 1, &ATTESTORS);
    chain.seal();
    let (key, token) = world.keyed(Role::Relayer, 77).await;
    let answer = catch_up(world, chain, &key, &token).await;
    assert_eq!(answer.status, EvidenceStatus::Recorded, "{answer:?}");
    assert_eq!(state(world, chain).await, IslandState::Proven);
}

async fn state(world: &World, chain: &Chain) -> IslandState {
    let path = format!("/v1/islands/{}", chain.island);
    world.get(&path, &world.operator).await.ok::<api::Island>().state
}

#[track_caller]
fn code(answer: &EvidenceAnswer) -> &str {
    assert_eq!(answer.status, EvidenceStatus::Refused, "{answer:?}");
    answer.code.as_deref().unwrap()
}

/// A pending island whose gateway opens in its next block.
async fn pending() -> (World, Chain, LocalSigner, String) {
    let world = World::start().await;
    let chain = Chain::new(1, GENESIS);
    world.register(&chain, "harbour").await;
    let (key, token) = world.keyed(Role::Relayer, 1).await;
    (world, chain, key, token)
}

#[tokio::test]
async fn a_newcomer_registers_proves_and_waits_for_approval() {
    let (world, mut chain, key, token) = pending().await;
    chain.open(this_hub(), 1, &ATTESTORS);
    chain.seal();
    let envelope = sealed(chain.island, chain.run_from(&chain.start()), &key);
    assert_eq!(submit(&world, &chain, &token, envelope.clone()).await.status, EvidenceStatus::Recorded);
    assert_eq!(submit(&world, &chain, &token, envelope).await.status, EvidenceStatus::Known);
    let island: api::Island = world.get("/v1/islands/harbour", &world.operator).await.ok();
    assert_eq!(island.state, IslandState::Proven);
    assert_eq!((island.gateways[0].owner, island.gateways[0].proven), (Some(OWNER), true));
    chain.seal();
    let more = catch_up(&world, &chain, &key, &token).await;
    assert_eq!(code(&more), "island-state");
    assert!(more.next.unwrap().contains("approves"));
    let approval = json!({ "anchor_digest": island.anchor_digest, "reason": "compared" });
    world.post("/v1/islands/harbour/approve", &world.operator, &approval).await.ok::<api::Island>();
    assert_eq!(world.catch_up(&chain, &key, &token).await.status, EvidenceStatus::Recorded);
}

#[tokio::test]
async fn the_owner_may_sign_the_proof_with_the_owners_key() {
    let world = World::start().await;
    let mut chain = Chain::new(1, GENESIS);
    let key = LocalSigner::from_bytes(&[90; 32]).unwrap();
    let mut body = registration(&chain, "harbour");
    body["gateway"]["owner"] = json!(key.address());
    let owner = world.token(Role::Owner, None, None).await;
    assert_eq!(world.post("/v1/islands", &owner, &body).await.status, StatusCode::CREATED);
    chain.seal();
    let other = LocalSigner::from_bytes(&[91; 32]).unwrap();
    assert_eq!(code(&catch_up(&world, &chain, &other, &owner).await), "other-relayer");
    assert_eq!(catch_up(&world, &chain, &key, &owner).await.status, EvidenceStatus::Recorded);
    assert_eq!(state(&world, &chain).await, IslandState::Pending, "no gateway opened in it");
}

#[tokio::test]
async fn an_opening_that_names_another_hub_is_refused() {
    let (world, mut chain, key, token) = pending().await;
    chain.open(HubId::of_origin("other.test/log"), 1, &ATTESTORS);
    chain.seal();
    let answer = catch_up(&world, &chain, &key, &token).await;
    assert_eq!(code(&answer), "opened-for-other-hub");
    assert!(answer.detail.unwrap().contains(&this_hub().to_string()));
    assert_eq!(state(&world, &chain).await, IslandState::Pending);
}

#[tokio::test]
async fn an_opening_that_names_another_owner_is_refused() {
    let world = World::start().await;
    let mut chain = Chain::new(1, GENESIS);
    let mut body = registration(&chain, "harbour");
    body["gateway"]["owner"] = json!(Address([66; 20]));
    world.post("/v1/islands", &world.operator, &body).await.ok::<api::Island>();
    let (key, token) = world.keyed(Role::Relayer, 1).await;
    chain.open(this_hub(), 1, &ATTESTORS);
    chain.seal();
    let answer = catch_up(&world, &chain, &key, &token).await;
    assert_eq!(code(&answer), "opened-for-other-owner");
    assert!(answer.detail.unwrap().contains(&OWNER.to_string()));
    // Whose it is registers it, and the same evidence proves it.
    let gateway = registration(&Chain::new(1, GENESIS), "harbour")["gateway"].clone();
    let added = world.post("/v1/islands/harbour/gateways", &world.operator, &gateway).await;
    assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    assert_eq!(catch_up(&world, &chain, &key, &token).await.status, EvidenceStatus::Recorded);
    assert_eq!(state(&world, &chain).await, IslandState::Proven);
}

#[tokio::test]
async fn a_wrong_anchor_leads_nowhere() {
    let (world, _, key, token) = pending().await;
    // The island's anchor is of other validators: what the real chain seals is not theirs.
    let mut real = Chain::new(2, GENESIS);
    real.open(this_hub(), 1, &ATTESTORS);
    real.seal();
    let registered = Chain::new(1, GENESIS);
    let envelope = sealed(registered.island, real.run_from(&real.start()), &key);
    assert_eq!(code(&submit(&world, &registered, &token, envelope).await), "not-linked-to-head");
    assert_eq!(state(&world, &registered).await, IslandState::Pending);
}

#[tokio::test]
async fn another_chain_of_the_same_validators_proves_nothing() {
    let (world, chain, key, token) = pending().await;
    let mut twin = Chain::new(1, GENESIS + 1);
    assert_ne!(twin.island, chain.island);
    twin.open(this_hub(), 1, &ATTESTORS);
    twin.seal();
    let envelope = sealed(chain.island, twin.run_from(&twin.start()), &key);
    assert_eq!(code(&submit(&world, &chain, &token, envelope).await), "not-linked-to-head");
    assert_eq!(state(&world, &chain).await, IslandState::Pending);
}

#[tokio::test]
async fn the_opening_of_another_gateway_proves_nothing() {
    let (world, mut chain, key, token) = pending().await;
    // The contract opens one block later than registered: it is another gateway, of which nobody asked.
    chain.seal();
    chain.open(this_hub(), 1, &ATTESTORS);
    chain.seal();
    let answer = catch_up(&world, &chain, &key, &token).await;
    assert_eq!(answer.status, EvidenceStatus::Refused, "a receipt without an event of a registered gateway");
    let without = chain.run_with(&chain.start(), |_| false);
    let answer = submit(&world, &chain, &token, sealed(chain.island, without, &key)).await;
    assert_eq!(answer.status, EvidenceStatus::Recorded);
    assert_eq!(state(&world, &chain).await, IslandState::Pending);
}

#[tokio::test]
async fn the_proof_of_another_island_or_for_another_hub_is_not_taken_again() {
    let (world, chain, key, token) = pending().await;
    let mut other = Chain::new(2, GENESIS);
    other.open(this_hub(), 1, &ATTESTORS);
    other.seal();
    let proof = other.run_from(&other.start());
    let envelope = sealed(other.island, proof.clone(), &key);
    assert_eq!(code(&submit(&world, &chain, &token, envelope).await), "other-island");
    let (first, last, evidence) = proof;
    let (hub, relayer) = (HubId::of_origin("other.test/log"), key.address());
    let envelope = Envelope { hub, island: chain.island, first, last, relayer, evidence };
    let envelope = envelope.sign(&key).unwrap().encode();
    assert_eq!(code(&submit(&world, &chain, &token, envelope).await), "other-hub");
}

#[tokio::test]
async fn a_pending_island_stores_only_so_much() {
    let few = ProofLimits { pieces: 1, bytes: 1 << 20 };
    let world = World::with(|config| config.limits.proof = few).await;
    let mut chain = Chain::new(1, GENESIS);
    world.register(&chain, "harbour").await;
    let (key, token) = world.keyed(Role::Relayer, 1).await;
    chain.seal();
    assert_eq!(catch_up(&world, &chain, &key, &token).await.status, EvidenceStatus::Recorded);
    chain.seal();
    assert_eq!(code(&catch_up(&world, &chain, &key, &token).await), "proof-limit");
}

#[tokio::test]
async fn nobody_but_relayers_and_owners_submits_proofs() {
    let (world, chain, ..) = pending().await;
    for role in [Role::Auditor, Role::Operator] {
        let token = world.token(role, None, None).await;
        let path = format!("/v1/islands/{}/proof", chain.island);
        let request = world.request(Method::POST, &path, &token).header("content-type", MEDIA_TYPE);
        assert_eq!(send(request.body(vec![1])).await.problem(), "forbidden", "{role:?}");
    }
}
