//! Registering an island, and its life.

use causeway_api::{self as api, IslandState, Role, TrustStanding};
use causeway_protocol::{Address, Family, anchor_digest};
use causeway_verifier::bft::{Anchor, Config};
use causeway_verifier::light_client;
use reqwest::StatusCode;
use serde_json::json;

use crate::forge::{Chain, TRUSTING_PERIOD};
use crate::proof::prove;
use crate::world::{GENESIS, World, hex, registration};

#[tokio::test]
async fn an_island_is_pending_until_it_is_proven_and_counts_once_an_operator_approves_its_anchor() {
    let world = World::start().await;
    let mut chain = Chain::new(1, GENESIS);
    let owner = world.token(Role::Owner, None, None).await;
    let answer = world.post("/v1/islands", &owner, &registration(&chain, "harbour")).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let island: api::Island = answer.ok();
    assert_eq!(island.id, chain.island);
    assert_eq!(island.state, IslandState::Pending);
    assert_eq!(island.validators.len(), 4);

    let shown: api::Anchor = world.get("/v1/islands/harbour/anchor", &world.operator).await.ok();
    assert_eq!((&shown.bytes, shown.digest), (&chain.anchor(), island.anchor_digest));
    let approve = |anchor: &[u8]| json!({ "anchor_digest": anchor_digest(anchor), "reason": "compared" });
    let path = "/v1/islands/harbour/approve";
    let refused = world.post(path, &owner, &approve(&shown.bytes)).await;
    assert_eq!(refused.problem(), "forbidden", "an owner cannot approve");
    let early = world.post(path, &world.operator, &approve(&shown.bytes)).await;
    assert_eq!(early.problem(), "island-state", "nothing is proven");
    prove(&world, &mut chain).await;
    let approved = world.post(path, &world.operator, &approve(&shown.bytes)).await;
    assert_eq!(approved.ok::<api::Island>().state, IslandState::Active);
    let again = world.post(path, &world.operator, &approve(&shown.bytes)).await;
    assert_eq!(again.problem(), "island-state");

    let by_id: api::Island = world.get(&format!("/v1/islands/{}", chain.island), &owner).await.ok();
    let by_name: api::Island = world.get("/v1/islands/harbour", &owner).await.ok();
    assert_eq!(by_id, by_name);
}

/// The same block, trusted for longer, is another anchor: it has the same block hash and makes the same island id.
#[tokio::test]
async fn an_approval_covers_every_parameter_of_the_anchor() {
    let world = World::start().await;
    let mut chain = Chain::new(1, GENESIS);
    let anchor = chain.anchor();
    let honest = light_client(Family::Qbft).unwrap().anchor(&anchor).unwrap();
    let decoded = Anchor::decode(Family::Qbft, &anchor).unwrap();
    let config = Config { trusting_period: decoded.config.trusting_period + 1, ..decoded.config.clone() };
    let other = Anchor { config, ..decoded }.encode();
    let mut body = registration(&chain, "harbour");
    body["anchor"] = json!(hex(&other));
    let island: api::Island = world.post("/v1/islands", &world.operator, &body).await.ok();
    assert_eq!((island.id, island.anchor), (chain.island, honest.header.hash));

    prove(&world, &mut chain).await;
    let path = "/v1/islands/harbour/approve";
    let compared = json!({ "anchor_digest": anchor_digest(&anchor), "reason": "the owner's" });
    let refused = world.post(path, &world.operator, &compared).await;
    assert_eq!(refused.problem(), "anchor-mismatch");
    let block = json!({ "anchor_digest": island.anchor, "reason": "the block's hash" });
    assert_eq!(world.post(path, &world.operator, &block).await.problem(), "anchor-mismatch");
}

#[tokio::test]
async fn what_is_registered_has_to_hold_together() {
    let world = World::start().await;
    let chain = Chain::new(1, GENESIS);
    let good = registration(&chain, "harbour");
    let with = |key: &str, value: serde_json::Value| {
        let mut body = good.clone();
        body[key] = value;
        body
    };
    let gateway = |key: &str, value: serde_json::Value| {
        let mut body = good.clone();
        body["gateway"][key] = value;
        body
    };
    let mut broken = chain.anchor();
    *broken.last_mut().unwrap() ^= 1;
    for (body, code) in [
        (with("name", json!("Not A Name")), "invalid-body"),
        (with("family", json!("unheard-of")), "invalid-body"),
        (with("family", json!("ibft2")), "anchor-refused"),
        (with("anchor", json!(hex(&broken))), "anchor-refused"),
        (with("anchor", json!("0x")), "anchor-refused"),
        (with("fingerprint", json!(causeway_protocol::Hash([1; 32]))), "anchor-refused"),
        (gateway("address", json!("0x01")), "invalid-body"),
        (gateway("owner", json!(Address::ZERO)), "invalid-body"),
        (gateway("birth", json!(chain.next_gateway())), "gateway-id"),
    ] {
        let answer = world.post("/v1/islands", &world.operator, &body).await;
        assert_eq!(answer.problem(), code, "{body}");
    }
    let mut unknown = with("family", json!("chainmaker"));
    unknown["gateway"]["address"] = json!(hex(b"gateway"));
    let answer = world.post("/v1/islands", &world.operator, &unknown).await;
    assert_eq!(answer.problem(), "unsupported-family");
    world.register(&chain, "harbour").await;
    let twice = world.post("/v1/islands", &world.operator, &registration(&chain, "second-name")).await;
    assert_eq!(twice.problem(), "island-taken");
    let other = Chain::new(2, GENESIS);
    let taken = world.post("/v1/islands", &world.operator, &registration(&other, "harbour")).await;
    assert_eq!(taken.problem(), "island-taken");
}

#[tokio::test]
async fn an_island_is_suspended_resumed_and_retired_with_a_reason() {
    let world = World::start().await;
    let chain = Chain::new(1, GENESIS);
    world.join(&chain, "harbour").await;
    let step = async |step: &str, reason: &str| {
        let path = format!("/v1/islands/harbour/{step}");
        world.post(&path, &world.operator, &json!({ "reason": reason })).await
    };
    assert_eq!(step("suspend", " ").await.problem(), "invalid-body");
    assert_eq!(step("suspend", "maintenance").await.ok::<api::Island>().state, IslandState::Suspended);
    assert_eq!(step("resume", "done").await.ok::<api::Island>().state, IslandState::Active);
    assert_eq!(step("resume", "done").await.problem(), "island-state");
    assert_eq!(step("retire", "the end").await.ok::<api::Island>().state, IslandState::Retired);
    let page = async |query: &str| {
        let path = format!("/v1/islands/harbour/history?{query}");
        world.get(&path, &world.operator).await.ok::<api::Page<api::IslandEvent>>()
    };
    let first = page("limit=2").await;
    let rest = page(&format!("after={}", first.next.unwrap())).await;
    let all: Vec<_> = first.items.into_iter().chain(rest.items).collect();
    let changes: Vec<_> = all.iter().map(|event| event.change.as_str()).collect();
    assert_eq!(changes, ["registered", "proven", "approved", "suspended", "resumed", "retiring", "retired"]);
    assert_eq!((all[3].reason.as_str(), rest.next), ("maintenance", None));
    assert_eq!(step("resume", "regret").await.problem(), "island-state");
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let world = World::start().await;
    for (seed, name) in [(1, "alpha"), (2, "beta"), (3, "gamma")] {
        world.register(&Chain::new(seed, GENESIS), name).await;
    }
    let mut names = Vec::new();
    let mut next = None;
    loop {
        let path = match &next {
            None => "/v1/islands?limit=2".to_owned(),
            Some(next) => format!("/v1/islands?limit=2&next={next}"),
        };
        let page: api::Page<api::Island> = world.get(&path, &world.operator).await.ok();
        names.extend(page.items.into_iter().map(|island| island.name));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(names, ["alpha", "beta", "gamma"]);
    for odd in ["limit=0", "limit=501", "limit=x", "colour=red"] {
        let answer = world.get(&format!("/v1/islands?{odd}"), &world.operator).await;
        assert_eq!(answer.problem(), "invalid-query", "{odd}");
    }
}

#[tokio::test]
async fn half_of_a_trusting_period_without_evidence_is_an_alarm() {
    let world = World::start().await;
    let chain = Chain::new(1, GENESIS);
    world.join(&chain, "harbour").await;
    let standing =
        async || world.get("/v1/islands/harbour", &world.operator).await.ok::<api::Island>().trust.standing;
    assert_eq!(standing().await, TrustStanding::Fresh);
    world.clock.set(GENESIS + TRUSTING_PERIOD / 2 + 1);
    assert_eq!(standing().await, TrustStanding::Ageing);
    let metrics = world.get("/metrics", "none").await.text;
    assert!(metrics.contains("causeway_hub_islands_trust{standing=\"ageing\"} 1"), "{metrics}");
    world.clock.set(GENESIS + TRUSTING_PERIOD + 1);
    assert_eq!(standing().await, TrustStanding::Over);
}
