//! Stopping loses nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use causeway_api::{self as api, EvidenceStatus, Role};
use causeway_ledger::{Ledger, Options};
use causeway_protocol::{Address, HubId};
use reqwest::StatusCode;

use crate::forge::Chain;
use crate::world::{GENESIS, ORIGIN, World, sealed};

#[tokio::test]
async fn a_long_poll_is_answered_at_once_when_the_hub_stops() {
    let world = World::start().await;
    let attestor = world.token(Role::Attestor, Some(Address([1; 20])), None).await;
    let begun = Instant::now();
    let (answer, ()) = tokio::join!(world.get("/v1/attestations/pending?wait=50", &attestor), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        world.shutdown.cancel();
    });
    assert_eq!(answer.status, StatusCode::OK);
    assert!(begun.elapsed() < Duration::from_secs(10));
    world.stop().await;
}

#[tokio::test]
async fn everything_acknowledged_before_or_during_a_stop_is_there_afterwards() {
    let world = Arc::new(World::start().await);
    let mut jobs = Vec::new();
    for seed in 1..=6u8 {
        let mut chain = Chain::new(seed, GENESIS);
        world.join(&chain, &format!("island-{seed}")).await;
        chain.open(HubId::of_origin(ORIGIN), 1, &[Address([8; 20])]);
        chain.seal();
        let (relayer, token) = world.keyed(Role::Relayer, seed).await;
        let envelope = sealed(chain.island, chain.run_from(&chain.start()), &relayer);
        let world = world.clone();
        jobs.push(tokio::spawn(async move {
            // Spread over the moment of the stop: some are answered, some are cut off.
            tokio::time::sleep(Duration::from_millis(u64::from(seed) * 4)).await;
            let path = format!("{}/v1/islands/{}/evidence", world.url, chain.island);
            let request = world.http.post(path).bearer_auth(token).body(envelope);
            let sent = request.header("content-type", causeway_protocol::MEDIA_TYPE).send().await;
            let status = match sent {
                Ok(response) if response.status().is_success() => response
                    .json::<api::EvidenceResults>()
                    .await
                    .ok()
                    .map(|results| results.results[0].status),
                _ => None,
            };
            (chain.island, status)
        }));
    }
    tokio::time::sleep(Duration::from_millis(14)).await;
    world.shutdown.cancel();
    let mut answers = Vec::new();
    for job in jobs {
        answers.push(job.await.unwrap());
    }
    let world = Arc::into_inner(world).unwrap();
    let database = world.stop().await;
    // Another hub over the same database has everything that was acknowledged.
    let ledger = Ledger::connect(&database.url, Options { max_connections: 4 }).await.unwrap();
    let after = World::over(database, ledger, |_| {}).await;
    for (island, status) in answers {
        let cursor: api::Cursor =
            after.get(&format!("/v1/islands/{island}/cursor"), &after.operator).await.ok();
        if status == Some(EvidenceStatus::Recorded) {
            assert_eq!((cursor.head.height, cursor.gateways[0].number), (1, 1));
        }
    }
}
