//! Two sealed blocks at one height.

use causeway_api::{self as api, EvidenceStatus, IslandState, Role};
use causeway_protocol::MEDIA_TYPE;
use reqwest::Method;

use crate::forge::Chain;
use crate::world::{GENESIS, World, sealed, send};

async fn report(world: &World, token: &str, body: Vec<u8>) -> api::EvidenceAnswer {
    let request = world.request(Method::POST, "/v1/misbehaviour", token).header("content-type", MEDIA_TYPE);
    send(request.body(body)).await.ok::<api::EvidenceResults>().results.remove(0)
}

#[tokio::test]
async fn case_22_two_sealed_blocks_at_one_height_freeze_the_island_once() {
    let world = World::start().await;
    let (mut chain, mut fork) = (Chain::new(1, GENESIS), Chain::new(1, GENESIS));
    world.join(&chain, "harbour").await;
    chain.seal();
    fork.seal();
    let (relayer, token) = world.keyed(Role::Relayer, 1).await;
    world.catch_up(&chain, &relayer, &token).await;
    chain.seal();
    fork.time += 1; // another time: another block
    fork.seal();
    world.catch_up(&chain, &relayer, &token).await;

    let run = sealed(chain.island, chain.run_from(&chain.start()), &relayer);
    let same = report(&world, &token, run).await;
    assert_eq!(same.status, EvidenceStatus::Refused, "a run is no misbehaviour: {same:?}");
    let island: api::Island = world.get("/v1/islands/harbour", &token).await.ok();
    assert_eq!(island.state, IslandState::Active);

    let proof = (2, 2, chain.misbehaviour(&fork));
    let auditor = world.token(Role::Auditor, None, None).await;
    let envelope = sealed(chain.island, proof.clone(), &relayer);
    let under_island = world.submit(chain.island, &token, envelope.clone()).await;
    assert_eq!(under_island.code.as_deref(), Some("wrong-kind"));
    let first = report(&world, &auditor, envelope.clone()).await;
    assert_eq!(first.status, EvidenceStatus::Recorded, "{first:?}");
    assert_eq!(report(&world, &token, envelope).await.status, EvidenceStatus::Known);
    let island: api::Island = world.get("/v1/islands/harbour", &token).await.ok();
    assert_eq!(island.state, IslandState::Frozen);
    // Attestors find it where they look, as the last thing of the island.
    let feed: api::Page<api::EvidenceItem> = world.get("/v1/islands/harbour/evidence", &auditor).await.ok();
    let last = feed.items.last().unwrap();
    assert_eq!((last.first, last.last, &last.evidence), (proof.0, proof.1, &proof.2));
    assert!(feed.items.iter().all(|item| item.recorded_at <= last.recorded_at));
    chain.seal();
    let after = world.catch_up(&chain, &relayer, &token).await;
    assert_eq!(after.code.as_deref(), Some("island-frozen"));
}
