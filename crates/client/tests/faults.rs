//! What the client does when the hub or the network misbehaves: a small HTTP server injects the faults.
#![allow(clippy::unwrap_used)] // a test may panic

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use causeway_api::{ApproveIsland, Problem, RegisterGateway, RegisterIsland};
use causeway_client::{ClientError, HubClient, Settings, Token};
use causeway_protocol::{
    Address, Envelope, Family, GatewayId, Hash, HubId, IslandId, LocalSigner, SignedEnvelope,
};

type Calls = Arc<AtomicUsize>;

/// A server that answers the `n`th call (from 0) as `answer` says, and counts the calls.
async fn server<F>(answer: F) -> (HubClient, Calls)
where
    F: Fn(usize, HeaderMap, String) -> Response + Clone + Send + Sync + 'static,
{
    let calls = Calls::default();
    let router = Router::new()
        .fallback(move |State(calls): State<Calls>, headers: HeaderMap, uri: axum::http::Uri| async move {
            answer(calls.fetch_add(1, Ordering::SeqCst), headers, uri.to_string())
        })
        .with_state(calls.clone());
    (client(serve(router).await), calls)
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn client(hub: String) -> HubClient {
    let mut settings = Settings::new(&hub, Some(Token::new("cw_secret").unwrap())).unwrap();
    settings.first_pause = Duration::from_millis(1);
    settings.timeout = Duration::from_millis(500);
    HubClient::new(settings).unwrap()
}

fn problem(status: StatusCode, code: &str) -> Response {
    let problem = Problem {
        r#type: format!("/problems/{code}"),
        title: "A problem".into(),
        status: status.as_u16(),
        code: code.into(),
        detail: "expected one thing, another came".into(),
        next: "do something else".into(),
    };
    (status, axum::Json(problem)).into_response()
}

fn recorded(height: u64) -> Response {
    let body = format!(r#"{{"height":"{height}","hash":"{}"}}"#, Hash([7; 32]));
    ([("content-type", "application/json")], body).into_response()
}

fn envelope() -> SignedEnvelope {
    let signer = LocalSigner::from_bytes(&[9; 32]).unwrap();
    let envelope = Envelope {
        hub: HubId([1; 32]),
        island: IslandId([2; 32]),
        first: 1,
        last: 2,
        relayer: Address::ZERO,
        evidence: b"evidence".to_vec(),
    };
    envelope.sign(&signer).unwrap()
}

fn island() -> RegisterIsland {
    let gateway = RegisterGateway {
        address: vec![1; 20],
        id: GatewayId([1; 32]),
        birth: Hash([2; 32]),
        owner: Address([3; 20]),
    };
    let fingerprint = Hash([1; 32]);
    RegisterIsland { name: "harbour".into(), family: Family::Qbft, fingerprint, anchor: vec![1], gateway }
}

#[tokio::test]
async fn a_reading_call_is_repeated_until_the_hub_recovers() {
    let (hub, calls) = server(|call, headers, uri| {
        assert_eq!(headers["authorization"], "Bearer cw_secret");
        assert_eq!(uri, "/v1/islands/harbour/recorded?at=40");
        if call < 2 { problem(StatusCode::SERVICE_UNAVAILABLE, "overloaded") } else { recorded(41) }
    })
    .await;
    assert_eq!(hub.recorded_header("harbour", 40).await.unwrap().height, 41);
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn repetitions_end_and_the_last_failure_is_told() {
    let (hub, calls) = server(|_, _, _| problem(StatusCode::SERVICE_UNAVAILABLE, "overloaded")).await;
    let error = hub.recorded_header("harbour", 40).await.unwrap_err();
    assert!(error.is_transient());
    assert_eq!(error.code(), Some("overloaded"));
    assert_eq!(calls.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn the_pause_the_hub_asks_for_is_kept() {
    let (hub, _) = server(|call, _, _| {
        if call > 0 {
            return recorded(41);
        }
        let mut answer = problem(StatusCode::TOO_MANY_REQUESTS, "too-many-requests");
        answer.headers_mut().insert("retry-after", "1".parse().unwrap());
        answer
    })
    .await;
    let start = Instant::now();
    hub.recorded_header("harbour", 40).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_refusal_is_told_at_once_with_its_code_and_next_step() {
    let (hub, calls) = server(|_, _, _| problem(StatusCode::NOT_FOUND, "island-unknown")).await;
    let error = hub.cursor("harbour").await.unwrap_err();
    assert_eq!((error.code(), error.status()), (Some("island-unknown"), Some(404)));
    assert_eq!(error.problem().unwrap().next, "do something else");
    assert!(!error.is_transient());
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_changing_call_is_sent_once_only() {
    let (hub, calls) = server(|_, _, _| problem(StatusCode::SERVICE_UNAVAILABLE, "overloaded")).await;
    hub.register_island(&island()).await.unwrap_err();
    assert_eq!(calls.swap(0, Ordering::SeqCst), 1);
    let approval = ApproveIsland { anchor_digest: Hash([1; 32]), reason: "compared by telephone".into() };
    hub.approve_island("harbour", &approval).await.unwrap_err();
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn case_24_evidence_is_sent_again_when_its_answer_is_lost() {
    let (hub, calls) = server(|call, headers, _| {
        assert_eq!(headers["content-type"], causeway_protocol::MEDIA_TYPE);
        if call == 0 {
            return StatusCode::BAD_GATEWAY.into_response();
        }
        let body = format!(
            r#"{{"results":[{{"digest":"{}","status":"known","events":1,"code":null,"detail":null,"next":null}}]}}"#,
            Hash([1; 32])
        );
        body.into_response()
    })
    .await;
    let results = hub.submit_evidence("harbour", &envelope()).await.unwrap().results;
    assert_eq!(results[0].status, causeway_api::EvidenceStatus::Known);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_error_that_is_no_problem_document_is_told_apart() {
    let (hub, _) = server(|_, _, _| (StatusCode::FORBIDDEN, "<html>proxy</html>").into_response()).await;
    let error = hub.cursor("harbour").await.unwrap_err();
    assert!(matches!(error, ClientError::NotAHub { status: 403, .. }), "{error}");
}

#[tokio::test]
async fn an_answer_of_another_shape_is_an_error_not_a_panic() {
    for odd in ["", "{}", "[]", r#"{"height":41,"hash":"0x00"}"#] {
        let (hub, _) = server(move |_, _, _| odd.into_response()).await;
        let error = hub.recorded_header("harbour", 40).await.unwrap_err();
        assert!(matches!(error, ClientError::Answer { .. }), "{odd}: {error}");
    }
}

#[tokio::test]
async fn a_hub_that_hangs_is_given_up_in_time() {
    let router = Router::new().fallback(|| async { std::future::pending::<()>().await });
    let mut settings = Settings::new(&serve(router).await, None).unwrap();
    settings.timeout = Duration::from_millis(100);
    settings.retries = 0;
    let hub = HubClient::new(settings).unwrap();
    let error =
        tokio::time::timeout(Duration::from_secs(5), hub.cursor("harbour")).await.unwrap().unwrap_err();
    assert!(matches!(error, ClientError::Transport { .. }) && error.is_transient(), "{error}");
}

#[tokio::test]
async fn a_long_poll_may_take_its_wait_and_can_be_dropped() {
    let router = Router::new().fallback(|Query(query): Query<Vec<(String, String)>>| async move {
        assert_eq!(query, [("after".to_owned(), "5".to_owned()), ("wait".to_owned(), "1".to_owned())]);
        tokio::time::sleep(Duration::from_secs(1)).await;
        r#"{"items":[],"after":"5"}"#
    });
    let hub = client(serve(router).await); // one attempt alone may take half a second
    let poll = hub.deliveries("harbour", 5, Duration::from_secs(1));
    assert!(tokio::time::timeout(Duration::from_millis(50), poll).await.is_err());
    assert_eq!(hub.deliveries("harbour", 5, Duration::from_secs(1)).await.unwrap().after, 5);
}

#[tokio::test]
async fn a_token_never_follows_a_redirect() {
    let (hub, calls) = server(|_, _, _| {
        (StatusCode::TEMPORARY_REDIRECT, [("location", "http://127.0.0.1:1/")]).into_response()
    })
    .await;
    let error = hub.cursor("harbour").await.unwrap_err();
    assert!(matches!(error, ClientError::NotAHub { status: 307, .. }), "{error}");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn nothing_secret_shows_in_debug_output() {
    let (hub, _) = server(|_, _, _| recorded(1)).await;
    assert!(!format!("{hub:?}").contains("secret"));
}
