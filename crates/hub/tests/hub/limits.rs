//! What one request, one token, and all together may use; and that every refusal is a problem document.

use std::io::Write as _;
use std::time::Duration;

use causeway_api::Role;
use causeway_protocol::Address;
use reqwest::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::{World, send};

#[tokio::test]
async fn unknown_routes_and_methods_are_problems() {
    let world = World::start().await;
    assert_eq!(world.get("/v1/nothing", &world.operator).await.problem(), "no-such-route");
    let answer = send(world.request(Method::DELETE, "/v1/islands", &world.operator)).await;
    assert_eq!(answer.problem(), "method-not-allowed");
    assert!(answer.headers.contains_key("allow"));
}

#[tokio::test]
async fn odd_bodies_are_problems() {
    let world = World::start().await;
    let post = async |media: &str, body: Vec<u8>| {
        let request = world.request(Method::POST, "/v1/tokens", &world.operator);
        send(request.header("content-type", media).body(body)).await.problem()
    };
    let json = "application/json";
    assert_eq!(post(json, b"{".to_vec()).await, "malformed-json");
    assert_eq!(post(json, b"".to_vec()).await, "malformed-json");
    assert_eq!(post(json, b"[]".to_vec()).await, "invalid-body");
    assert_eq!(post(json, b"{}".to_vec()).await, "invalid-body");
    assert_eq!(post("text/plain", b"{}".to_vec()).await, "unsupported-media-type");
    assert_eq!(post(json, b"[".repeat(900_000)).await, "json-too-deep");
    assert_eq!(post(json, vec![b' '; 1024 * 1024 + 1]).await, "body-too-large");
}

#[tokio::test]
async fn a_body_may_be_compressed_and_its_limit_counts_what_comes_out() {
    let world = World::start().await;
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let post = async |encoding: &str, body: Vec<u8>| {
        let request = world.request(Method::POST, "/v1/tokens", &world.operator);
        let request = request.header("content-type", "application/json").header("content-encoding", encoding);
        send(request.body(body)).await
    };
    let token = br#"{"name":"packed","role":"auditor"}"#;
    assert_eq!(post("gzip", gzip(token)).await.status, StatusCode::CREATED);
    assert_eq!(post("gzip", gzip(&vec![b' '; 1024 * 1024 + 1])).await.problem(), "body-too-large");
    assert_eq!(post("gzip", token.to_vec()).await.problem(), "malformed-json");
    assert_eq!(post("br", token.to_vec()).await.problem(), "unsupported-media-type");
}

#[tokio::test]
async fn large_headers_are_refused() {
    let world = World::start().await;
    let request = world.request(Method::GET, "/v1/stats", &world.operator);
    let answer = send(request.header("x-large", "x".repeat(17 * 1024))).await;
    assert_eq!(answer.problem(), "headers-too-large");
}

#[tokio::test]
async fn a_token_that_asks_too_fast_has_to_wait() {
    let world = World::with(|config| {
        config.limits.rate = 1;
        config.limits.burst = 5;
    })
    .await;
    let mut limited = None;
    for _ in 0..8 {
        let answer = world.get("/v1/stats", &world.operator).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            limited = Some(answer);
            break;
        }
    }
    let limited = limited.unwrap();
    assert_eq!(limited.problem(), "rate-limited");
    assert!(limited.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
}

#[tokio::test]
async fn more_polls_than_there_is_room_for_are_shed_and_nothing_else_is() {
    let world = World::with(|config| config.limits.concurrent_polls = 1).await;
    let attestor = world.token(Role::Attestor, Some(Address([1; 20])), None).await;
    let path = "/v1/attestations/pending?wait=2";
    let (first, second, other) = tokio::join!(
        world.get(path, &attestor),
        async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            world.get(path, &attestor).await
        },
        async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            world.get("/v1/stats", &attestor).await
        },
    );
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(second.problem(), "overloaded");
    assert!(second.headers.contains_key("retry-after"));
    assert_eq!(other.status, StatusCode::OK);
}

#[tokio::test]
async fn a_poll_may_not_wait_forever() {
    let world = World::start().await;
    let attestor = world.token(Role::Attestor, Some(Address([1; 20])), None).await;
    let answer = world.get("/v1/attestations/pending?wait=61", &attestor).await;
    assert_eq!(answer.problem(), "invalid-query");
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let world = World::with(|config| config.limits.request = Duration::from_millis(400)).await;
    let address = world.url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/tokens HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{",
        world.operator
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read =
        tokio::time::timeout(Duration::from_secs(10), stream.read(&mut answer)).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(text.starts_with("HTTP/1.1 503") && text.contains("timed-out"), "{text}");
}

#[tokio::test]
async fn metrics_count_by_route_and_name_no_secret() {
    let world = World::start().await;
    world.get("/v1/islands/some-name", &world.operator).await;
    let text = world.get("/metrics", "none").await.text;
    let line = r#"causeway_hub_requests_total{method="GET",route="/v1/islands/{island}",status="404"} 1"#;
    assert!(text.contains(line), "{text}");
    assert!(!text.contains(&world.operator) && !text.contains("some-name"));
}
