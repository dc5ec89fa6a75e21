//! Who may do what.

use std::fmt::Write as _;

use causeway_api::Role;
use causeway_protocol::{Address, Hash, IslandId, LocalSigner, Signer as _};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::forge::Chain;
use crate::world::{GENESIS, World, send};

const ROLES: [Role; 5] = [Role::Operator, Role::Owner, Role::Relayer, Role::Attestor, Role::Auditor];

/// Every route of the description: method, path with its parameters filled in, roles.
fn routes(document: &Value) -> Vec<(Method, String, String, Vec<String>)> {
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let roles = operation["x-roles"]
                .as_array()
                .map(|roles| roles.iter().map(|role| role.as_str().unwrap().to_owned()).collect::<Vec<_>>());
            let Some(roles) = roles else { continue };
            let filled = path.replace("{island}", "nowhere").replace("{id}", &uuid::Uuid::nil().to_string());
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            routes.push((method, path.clone(), filled, roles));
        }
    }
    routes
}

#[tokio::test]
async fn every_route_lets_in_exactly_the_roles_of_the_table() {
    let world = World::start().await;
    let document = world.get("/openapi.json", "none").await.json();
    let mut tokens = Vec::new();
    for role in ROLES {
        let keyed = matches!(role, Role::Relayer | Role::Attestor);
        let secret = world.token(role, keyed.then_some(Address([7; 20])), None).await;
        tokens.push((serde_json::to_value(role).unwrap().as_str().unwrap().to_owned(), secret));
    }
    let mut matrix = String::new();
    for (method, path, filled, roles) in routes(&document) {
        let bare = send(world.http.request(method.clone(), format!("{}{filled}", world.url))).await;
        assert_eq!(bare.problem(), "unauthenticated", "{method} {path}");
        assert!(bare.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
        for (role, secret) in &tokens {
            let answer = send(world.request(method.clone(), &filled, secret)).await;
            let let_in = answer.status != StatusCode::FORBIDDEN;
            assert_eq!(let_in, roles.contains(role), "{method} {path} as {role}: {answer:?}");
            assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path} as {role}");
        }
        writeln!(matrix, "{:4} {path:38} {}", method.as_str(), roles.join(" ")).unwrap();
    }
    insta::assert_snapshot!(matrix);
}

#[tokio::test]
async fn an_unknown_or_revoked_token_is_unauthenticated() {
    let world = World::start().await;
    assert_eq!(world.get("/v1/stats", "causeway_made_up").await.problem(), "unauthenticated");

    let body = json!({ "name": "short-lived", "role": "auditor" });
    let made: causeway_api::CreatedToken = world.post("/v1/tokens", &world.operator, &body).await.ok();
    assert_eq!(world.get("/v1/stats", &made.secret).await.status, StatusCode::OK);
    let path = format!("/v1/tokens/{}/revoke", made.token.id);
    let revoke = || send(world.request(Method::POST, &path, &world.operator));
    assert!(revoke().await.ok::<causeway_api::Token>().revoked_at.is_some());
    assert!(
        revoke().await.ok::<causeway_api::Token>().revoked_at.is_some(),
        "revoking twice is revoking once"
    );
    assert_eq!(world.get("/v1/stats", &made.secret).await.problem(), "unauthenticated");
}

#[tokio::test]
async fn a_secret_is_shown_once_and_never_listed() {
    let world = World::start().await;
    let secret = world.token(Role::Auditor, None, None).await;
    assert_eq!(world.get("/v1/stats", &secret).await.headers["cache-control"], "no-store");
    let listed = world.get("/v1/tokens", &world.operator).await;
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 2);
    assert!(!listed.text.contains(&secret) && !listed.text.contains("secret"));
}

#[tokio::test]
async fn a_token_of_one_island_sees_no_other() {
    let world = World::start().await;
    let (one, two) = (Chain::new(1, GENESIS), Chain::new(2, GENESIS));
    let (first, second) = (world.join(&one, "one").await, world.join(&two, "two").await);
    let relayer = world.token(Role::Relayer, Some(Address([1; 20])), Some(first)).await;

    assert_eq!(world.get(&format!("/v1/islands/{first}/cursor"), &relayer).await.status, StatusCode::OK);
    for path in ["", "/cursor", "/deliveries", "/recorded?at=0"] {
        let answer = world.get(&format!("/v1/islands/{second}{path}"), &relayer).await;
        assert_eq!(answer.problem(), "not-found", "{path}");
    }
    let listed = world.get("/v1/islands", &relayer).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    // The answer to what is somebody else's is the answer to what is not there.
    let nowhere = IslandId([9; 32]);
    let (other, absent) = (
        world.get(&format!("/v1/islands/{second}"), &relayer).await,
        world.get(&format!("/v1/islands/{nowhere}"), &relayer).await,
    );
    assert_eq!(other.text, absent.text);
}

/// A body that each route reads without complaint, so that what it then looks for decides its answer.
fn body(path: &str, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
    match path.rsplit('/').next() {
        Some("evidence" | "proof") => {
            let envelope = crate::world::sealed(
                IslandId([9; 32]),
                (1, 1, vec![1]),
                &LocalSigner::from_bytes(&[1; 32]).unwrap(),
            );
            request.header("content-type", causeway_protocol::MEDIA_TYPE).body(envelope)
        }
        Some("gateways") => request.json(&json!({
            "address": Address([1; 20]), "id": Hash([8; 32]), "birth": Hash([7; 32]), "owner": Address([6; 20]),
        })),
        _ => request.json(&json!({ "reason": "a reason" })),
    }
}

#[tokio::test]
async fn no_route_tells_the_island_of_another_from_one_that_is_not_there() {
    let world = World::start().await;
    let (one, two) = (Chain::new(1, GENESIS), Chain::new(2, GENESIS));
    let (own, other) = (world.join(&one, "one").await, world.join(&two, "two").await);
    let address = LocalSigner::from_bytes(&[1; 32]).unwrap().address();
    let owner = world.token(Role::Owner, None, Some(own)).await;
    let relayer = world.token(Role::Relayer, Some(address), Some(own)).await;
    let document = world.get("/openapi.json", "none").await.json();
    let mut matrix = String::new();
    for (method, path, _, roles) in routes(&document) {
        for (role, secret) in [("owner", &owner), ("relayer", &relayer)] {
            if !path.contains("{island}") || !roles.iter().any(|known| known == role) {
                continue;
            }
            let query = if path.ends_with("/recorded") { "?at=0" } else { "" };
            let ask = async |island: &str| {
                let filled = format!("{}{query}", path.replace("{island}", island));
                let request = world.request(method.clone(), &filled, secret);
                send(if method == Method::GET { request } else { body(&path, request) }).await
            };
            let (mine, others) = (ask(&own.to_string()).await, ask(&other.to_string()).await);
            for absent in ["two", "nowhere", &IslandId([9; 32]).to_string()] {
                let absent = ask(absent).await;
                assert_eq!(
                    (others.status, &others.text),
                    (absent.status, &absent.text),
                    "{method} {path} as {role}"
                );
            }
            assert_eq!(others.problem(), "not-found", "{method} {path} as {role}");
            writeln!(
                matrix,
                "{:4} {path:38} {role:8} own {} other {}",
                method.as_str(),
                mine.status.as_u16(),
                others.status.as_u16()
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!(matrix);
    for end in ["island", "source", "destination"] {
        let ask = async |named: &str| world.get(&format!("/v1/packets?{end}={named}"), &owner).await;
        assert_eq!(ask("one").await.status, StatusCode::OK, "{end}");
        let (others, absent) = (ask("two").await, ask("six").await);
        assert_eq!((others.status, others.text.replace("two", "six")), (absent.status, absent.text), "{end}");
    }
}

#[tokio::test]
async fn a_token_needs_what_its_role_acts_with() {
    let world = World::start().await;
    for odd in [
        json!({ "name": "x", "role": "relayer" }),
        json!({ "name": "x", "role": "auditor", "address": Address([1; 20]) }),
        json!({ "name": "", "role": "auditor" }),
        json!({ "name": "x", "role": "emperor" }),
        json!({ "name": "x", "role": "auditor", "more": 1 }),
    ] {
        assert_eq!(world.post("/v1/tokens", &world.operator, &odd).await.problem(), "invalid-body", "{odd}");
    }
}
