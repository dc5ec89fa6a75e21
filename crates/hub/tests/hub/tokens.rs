//! A token's life: made, rotated, revoked, ended.

use causeway_api::{CreatedToken, Page, Role, Token};
use causeway_protocol::{Address, IslandId};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::forge::Chain;
use crate::world::{Answer, GENESIS, World, send};

/// The world's clock at its start.
const NOW: u64 = GENESIS + 100;

fn at(seconds: u64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).unwrap()).unwrap();
    time.format(&time::format_description::well_known::Rfc3339).unwrap()
}

impl World {
    async fn made(&self, body: &Value) -> CreatedToken {
        self.post("/v1/tokens", &self.operator, body).await.ok()
    }

    async fn rotate(&self, id: Uuid, body: &Value) -> Answer {
        self.post(&format!("/v1/tokens/{id}/rotate"), &self.operator, body).await
    }

    async fn is_taken(&self, secret: &str) -> bool {
        let answer = self.get("/v1/stats", secret).await;
        if answer.status == StatusCode::OK {
            return true;
        }
        assert_eq!(answer.problem(), "unauthenticated");
        false
    }
}

#[tokio::test]
async fn a_token_is_taken_until_it_expires_and_not_a_second_longer() {
    let world = World::start().await;
    let made = world.made(&json!({ "name": "short", "role": "auditor", "expires_at": at(NOW + 60) })).await;
    assert_eq!(made.token.expires_at.unwrap().unix_timestamp(), i64::try_from(NOW + 60).unwrap());
    world.clock.set(NOW + 59);
    assert!(world.is_taken(&made.secret).await);
    world.clock.set(NOW + 60);
    assert!(!world.is_taken(&made.secret).await);
    for past in [NOW + 60, NOW, 0] {
        let body = json!({ "name": "late", "role": "auditor", "expires_at": at(past) });
        assert_eq!(world.post("/v1/tokens", &world.operator, &body).await.problem(), "invalid-body");
    }
}

#[tokio::test]
async fn no_refusal_tells_why_a_token_is_not_taken() {
    let world = World::start().await;
    let short = world.made(&json!({ "name": "a", "role": "auditor", "expires_at": at(NOW + 1) })).await;
    let revoked = world.made(&json!({ "name": "b", "role": "auditor" })).await;
    let path = format!("/v1/tokens/{}/revoke", revoked.token.id);
    send(world.request(Method::POST, &path, &world.operator)).await.ok::<Token>();
    world.clock.set(NOW + 1);
    let unknown = world.get("/v1/stats", "causeway_made_up").await;
    for secret in [&short.secret, &revoked.secret] {
        let answer = world.get("/v1/stats", secret).await;
        assert_eq!((answer.status, &answer.text), (StatusCode::UNAUTHORIZED, &unknown.text));
    }
}

#[tokio::test]
async fn a_rotated_token_is_taken_for_its_grace_and_its_successor_does_the_same() {
    let world = World::start().await;
    let island = world.join(&Chain::new(1, GENESIS), "harbour").await;
    let key = Address([7; 20]);
    let made = world
        .made(&json!({ "name": "agent", "role": "relayer", "address": key, "island": island,
                       "expires_at": at(NOW + 1000) }))
        .await;
    world.clock.set(NOW + 10);
    let answer = world.rotate(made.token.id, &json!({ "grace": 60 })).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let new: CreatedToken = answer.ok();
    assert_ne!(new.secret, made.secret);
    assert_eq!(
        (new.token.role, new.token.address, new.token.island, new.token.name.as_str()),
        (Role::Relayer, Some(key), Some(island), "agent"),
    );
    // It lives as long as the one before was made for.
    assert_eq!(new.token.expires_at.unwrap().unix_timestamp(), i64::try_from(NOW + 1010).unwrap());
    let cursor = format!("/v1/islands/{island}/cursor");
    for secret in [&made.secret, &new.secret] {
        assert_eq!(world.get(&cursor, secret).await.status, StatusCode::OK);
    }
    world.clock.set(NOW + 70);
    assert!(!world.is_taken(&made.secret).await);
    assert_eq!(world.get(&cursor, &new.secret).await.status, StatusCode::OK);

    let listed: Page<Token> = world.get("/v1/tokens", &world.operator).await.ok();
    let old = listed.items.iter().find(|token| token.id == made.token.id).unwrap();
    assert_eq!(old.successor, Some(new.token.id));
    assert!(old.revoked_at.is_none());
}

#[tokio::test]
async fn a_token_rotated_without_grace_ends_at_once_and_never_lives_longer_than_it_was_made_for() {
    let world = World::start().await;
    let forever = world.made(&json!({ "name": "a", "role": "auditor" })).await;
    let new: CreatedToken = world.rotate(forever.token.id, &json!({})).await.ok();
    assert!(new.token.expires_at.is_none());
    assert!(!world.is_taken(&forever.secret).await && world.is_taken(&new.secret).await);

    let short = world.made(&json!({ "name": "b", "role": "auditor", "expires_at": at(NOW + 5) })).await;
    world.rotate(short.token.id, &json!({ "grace": 3600 })).await.ok::<CreatedToken>();
    world.clock.set(NOW + 5);
    assert!(!world.is_taken(&short.secret).await, "grace does not lengthen a life");
}

#[tokio::test]
async fn what_has_ended_is_not_rotated_and_nothing_is_rotated_twice() {
    let world = World::start().await;
    let expired = world.made(&json!({ "name": "a", "role": "auditor", "expires_at": at(NOW + 1) })).await;
    let revoked = world.made(&json!({ "name": "b", "role": "auditor" })).await;
    let rotated = world.made(&json!({ "name": "c", "role": "auditor" })).await;
    let path = format!("/v1/tokens/{}/revoke", revoked.token.id);
    send(world.request(Method::POST, &path, &world.operator)).await.ok::<Token>();
    world.clock.set(NOW + 1);
    // Of rotations at once, one makes a successor.
    let body = json!({ "grace": 60 });
    let answers = futures::future::join_all((0..4).map(|_| world.rotate(rotated.token.id, &body))).await;
    let made = answers.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
    let over = answers.iter().filter(|answer| answer.status == StatusCode::CONFLICT).count();
    assert_eq!((made, over), (1, 3));
    for ended in [&expired, &revoked, &rotated] {
        assert_eq!(world.rotate(ended.token.id, &json!({})).await.problem(), "token-over");
    }
    assert_eq!(world.rotate(Uuid::nil(), &json!({})).await.problem(), "not-found");
    for odd in [json!({ "grace": 604_801 }), json!({ "grace": -1 }), json!({ "expires_at": at(NOW) })] {
        assert_eq!(world.rotate(rotated.token.id, &odd).await.problem(), "invalid-body", "{odd}");
    }
}

#[tokio::test]
async fn a_rotated_token_is_revoked_within_its_grace() {
    let world = World::start().await;
    let leaked = world.made(&json!({ "name": "a", "role": "auditor" })).await;
    let new: CreatedToken = world.rotate(leaked.token.id, &json!({ "grace": 3600 })).await.ok();
    assert!(world.is_taken(&leaked.secret).await);
    let path = format!("/v1/tokens/{}/revoke", leaked.token.id);
    send(world.request(Method::POST, &path, &world.operator)).await.ok::<Token>();
    assert!(!world.is_taken(&leaked.secret).await && world.is_taken(&new.secret).await);
}

#[tokio::test]
async fn a_rotation_repeated_under_its_key_shows_its_secret_once() {
    let world = World::start().await;
    let made = world.made(&json!({ "name": "a", "role": "auditor" })).await;
    let path = format!("/v1/tokens/{}/rotate", made.token.id);
    let rotate = || {
        let request = world.request(Method::POST, &path, &world.operator).header("idempotency-key", "k");
        send(request.json(&json!({})))
    };
    assert_eq!(rotate().await.status, StatusCode::CREATED);
    assert_eq!(rotate().await.problem(), "secret-shown-once");
}

#[tokio::test]
async fn tokens_are_listed_in_pages_without_a_gap_or_a_secret() {
    let world = World::start().await;
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(world.made(&json!({ "name": number.to_string(), "role": "auditor" })).await);
    }
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let answer = world.get(&format!("/v1/tokens?limit=2{next}"), &world.operator).await;
        assert!(made.iter().all(|token| !answer.text.contains(&token.secret)));
        let page: Page<Token> = answer.ok();
        assert!(page.items.len() <= 2);
        seen.extend(page.items.into_iter().map(|token| token.name));
        match page.next {
            Some(after) => next = format!("&next={after}"),
            None => break,
        }
    }
    assert_eq!(seen, ["first operator", "0", "1", "2", "3", "4"]);
}

#[tokio::test]
async fn a_token_scoped_to_one_island_does_nothing_for_another() {
    let world = World::start().await;
    let (one, two) = (Chain::new(1, GENESIS), Chain::new(2, GENESIS));
    let (first, second) = (world.join(&one, "one").await, world.join(&two, "two").await);
    let owner = world.token(Role::Owner, None, Some(first)).await;
    let relayer = world.token(Role::Relayer, Some(Address([1; 20])), Some(first)).await;
    let same = |island: IslandId| format!("/v1/islands/{island}");
    for secret in [&owner, &relayer] {
        assert_eq!(world.get(&same(first), secret).await.status, StatusCode::OK);
        assert_eq!(world.get(&same(second), secret).await.problem(), "not-found");
    }
    // What it may not see it may not register either: the answer is the one for what is not there.
    let registration = crate::world::registration(&Chain::new(3, GENESIS), "three");
    assert_eq!(world.post("/v1/islands", &owner, &registration).await.problem(), "not-found");
}
