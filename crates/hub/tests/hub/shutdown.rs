//! Stopping loses nothing, and neither does a Postgres that dies.

use std::sync::Arc;
use std::time::{Duration, Instant};

use causeway_api::{self as api, EvidenceStatus, Role};
use causeway_ledger::testkit::TestLedger;
use causeway_ledger::{Ledger, Options};
use causeway_postgres::Server;
use causeway_protocol::{Address, Family, GatewayId, HubId, LocalSigner, MEDIA_TYPE};
use causeway_verifier::{Gateway, light_client};
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

/// Sends `rounds` packets, each in evidence of its own, and tries every envelope again until it is durable.
async fn insist(world: &World, mut chain: Chain, relayer: LocalSigner, token: String, rounds: u32) {
    let client = light_client(Family::Qbft).unwrap();
    let gateway = Gateway { island: chain.island, address: chain.address(), id: chain.gateway };
    let mut state = chain.start();
    for _ in 0..rounds {
        chain.send(GatewayId([5; 32]), b"hello");
        chain.seal();
        let run = chain.run_from(&state);
        let advance = client.advance(&state, std::slice::from_ref(&gateway), None, &run.2, GENESIS + 100);
        state = advance.unwrap().into_inner().state;
        let envelope = sealed(chain.island, run, &relayer);
        loop {
            let path = format!("{}/v1/islands/{}/evidence", world.url, chain.island);
            let request = world.http.post(path).bearer_auth(&token).body(envelope.clone());
            let sent =
                request.header("content-type", MEDIA_TYPE).timeout(Duration::from_secs(2)).send().await;
            let results = match sent {
                Ok(response) => response.json::<api::EvidenceResults>().await.ok(),
                Err(_) => None,
            };
            match results {
                Some(results) if results.results[0].status != EvidenceStatus::Refused => break,
                Some(results) => panic!("{results:?}"),
                None => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

#[tokio::test]
async fn case_24_postgres_dies_while_evidence_comes_and_nothing_is_lost_or_recorded_twice() {
    const ROUNDS: u32 = 12;
    let options = causeway_postgres::Options { durable: true, ..Default::default() };
    let mut server = Server::start(options).await.unwrap();
    let url = server.url("postgres");
    let ledger = Ledger::connect(&url, Options { max_connections: 4 }).await.unwrap();
    ledger.migrate().await.unwrap();
    let database = TestLedger { ledger: ledger.clone(), url };
    let world = Arc::new(World::over(database, ledger, |_| {}).await);
    let mut jobs = Vec::new();
    let mut islands = Vec::new();
    for seed in 1..=3u8 {
        let mut chain = Chain::new(seed, GENESIS);
        islands.push(world.join(&chain, &format!("island-{seed}")).await);
        chain.open(HubId::of_origin(ORIGIN), 1, &[Address([8; 20])]);
        let (relayer, token) = world.keyed(Role::Relayer, seed).await;
        let world = world.clone();
        jobs.push(tokio::spawn(async move { insist(&world, chain, relayer, token, ROUNDS).await }));
    }
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        server.kill();
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.restart().await.unwrap();
    }
    for job in jobs {
        job.await.unwrap();
    }
    for island in islands {
        let cursor: api::Cursor =
            world.get(&format!("/v1/islands/{island}/cursor"), &world.operator).await.ok();
        assert_eq!(cursor.head.height, u64::from(ROUNDS));
        assert_eq!(cursor.gateways[0].number, u64::from(ROUNDS) + 1, "Opened and every packet");
        let path = format!("/v1/packets?island={island}");
        let packets: api::Page<api::Packet> = world.get(&path, &world.operator).await.ok();
        assert_eq!(packets.items.len(), ROUNDS as usize);
    }
}
