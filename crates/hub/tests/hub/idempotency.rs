//! Idempotency keys.

use causeway_api::{self as api, Role};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::forge::Chain;
use crate::proof::prove;
use crate::world::{Answer, GENESIS, World, registration, send};

async fn post(world: &World, path: &str, token: &str, key: &str, body: &Value) -> Answer {
    let request = world.request(Method::POST, path, token).header("idempotency-key", key);
    send(request.json(body)).await
}

#[tokio::test]
async fn the_same_key_and_body_get_the_same_answer_and_change_nothing_twice() {
    let world = World::start().await;
    let body = registration(&Chain::new(1, GENESIS), "harbour");
    let first = post(&world, "/v1/islands", &world.operator, "k1", &body).await;
    assert_eq!(first.status, StatusCode::CREATED);
    let again = post(&world, "/v1/islands", &world.operator, "k1", &body).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.headers["idempotent-replay"], "true");
    let other_key = post(&world, "/v1/islands", &world.operator, "k2", &body).await;
    assert_eq!(other_key.problem(), "island-taken");
    let refused_again = post(&world, "/v1/islands", &world.operator, "k2", &body).await;
    assert_eq!(refused_again.problem(), "island-taken", "a refusal is an answer too");
}

#[tokio::test]
async fn a_key_with_another_body_is_refused_and_belongs_to_one_token_and_path() {
    let world = World::start().await;
    let owner = world.token(Role::Owner, None, None).await;
    let (mut one, two) = (Chain::new(1, GENESIS), Chain::new(2, GENESIS));
    post(&world, "/v1/islands", &world.operator, "k", &registration(&one, "one")).await.ok::<api::Island>();
    let mismatch = post(&world, "/v1/islands", &world.operator, "k", &registration(&two, "two")).await;
    assert_eq!(mismatch.problem(), "idempotency-mismatch");
    post(&world, "/v1/islands", &owner, "k", &registration(&two, "two")).await.ok::<api::Island>();
    let approval =
        json!({ "anchor_digest": causeway_protocol::anchor_digest(&one.anchor()), "reason": "compared" });
    let path = "/v1/islands/one/approve";
    prove(&world, &mut one).await;
    post(&world, path, &world.operator, "k", &approval).await.ok::<api::Island>();
    for odd in ["", "two words", &"x".repeat(256)] {
        let answer = post(&world, path, &world.operator, odd, &approval).await;
        assert_eq!(answer.problem(), "invalid-header");
    }
}

#[tokio::test]
async fn a_secret_is_never_replayed() {
    let world = World::start().await;
    let body = json!({ "name": "auditor", "role": "auditor" });
    let first: api::CreatedToken = post(&world, "/v1/tokens", &world.operator, "k", &body).await.ok();
    let again = post(&world, "/v1/tokens", &world.operator, "k", &body).await;
    assert_eq!(again.problem(), "secret-shown-once");
    assert!(!again.text.contains(&first.secret));
    let listed: api::Page<api::Token> = world.get("/v1/tokens", &world.operator).await.ok();
    assert_eq!(listed.items.len(), 2, "one operator, one auditor");
}

#[tokio::test]
async fn of_many_at_once_one_acts() {
    let world = World::start().await;
    let body = json!({ "name": "auditor", "role": "auditor" });
    let asks = (0..6).map(|_| post(&world, "/v1/tokens", &world.operator, "k", &body));
    let answers = futures::future::join_all(asks).await;
    let made = answers.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
    assert_eq!(made, 1);
    for answer in answers.iter().filter(|answer| answer.status != StatusCode::CREATED) {
        assert!(["secret-shown-once", "idempotency-in-flight"].contains(&answer.problem().as_str()));
    }
}
