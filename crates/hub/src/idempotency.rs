//! Idempotency keys: repeating a request that changes something is harmless.
//!
//! A key belongs to one token, method and path for 24 hours. The same body gets the same answer, another body is refused, and
//! while the first is worked on the second is told to wait. An answer that holds a secret is never kept.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use causeway_ledger::{Begin, IdempotencyKey, StoredAnswer};
use causeway_protocol::keccak256;

use crate::app::Hub;
use crate::auth::Caller;
use crate::gate::Work;
use crate::problem::{Problem, ProblemCode};

const HEADER: &str = "idempotency-key";
const MAX_KEY: usize = 255;

/// Runs `next` at most once for the request's key, if it has one.
pub(crate) async fn once(
    hub: &Hub,
    caller: &Caller,
    work: Work,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(key) = key_of(request.headers())? else {
        return Ok(next.run(request).await);
    };
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, hub.config.limits.body).await.map_err(|_| {
        Problem::new(ProblemCode::BodyTooLarge, format!("at most {} bytes are taken", hub.config.limits.body))
    })?;
    let key = IdempotencyKey {
        credential: caller.credential,
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        key,
    };
    match hub.ledger.idempotency_begin(&key, keccak256(&body), hub.now()).await? {
        Begin::Fresh => {}
        Begin::Replay(answer) => return replay(answer),
        Begin::OtherBody => {
            return Err(Problem::new(
                ProblemCode::IdempotencyMismatch,
                "the key came with another body before",
            ));
        }
        Begin::InFlight => {
            let problem =
                Problem::new(ProblemCode::IdempotencyInFlight, "the first request is not answered yet");
            return Err(problem.retry_after(1));
        }
    }
    let response = next.run(Request::from_parts(parts, body.into())).await;
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX)
        .await
        .map_err(|_| Problem::new(ProblemCode::Internal, "the answer could not be read back"))?;
    if parts.status.is_server_error() || parts.status == StatusCode::TOO_MANY_REQUESTS {
        hub.ledger.idempotency_abandon(&key).await?;
    } else {
        hub.ledger.idempotency_finish(&key, &kept(work, parts.status, &body)).await?;
    }
    Ok(Response::from_parts(parts, body.into()))
}

fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if values.next().is_some() || !visible || text.is_empty() || text.len() > MAX_KEY {
        let detail = format!("expected one Idempotency-Key of 1 to {MAX_KEY} visible characters");
        return Err(Problem::new(ProblemCode::InvalidHeader, detail));
    }
    Ok(Some(text.to_owned()))
}

/// What is kept of an answer: all of it, unless it holds a secret.
fn kept(work: Work, status: StatusCode, body: &Bytes) -> StoredAnswer {
    if work == Work::Secret && status.is_success() {
        let shown =
            Problem::new(ProblemCode::SecretShownOnce, "the request succeeded; its answer is not kept");
        let body = serde_json::to_vec(&shown.document()).unwrap_or_default();
        return StoredAnswer { status: ProblemCode::SecretShownOnce.status().as_u16(), body };
    }
    StoredAnswer { status: status.as_u16(), body: body.to_vec() }
}

fn replay(answer: StoredAnswer) -> Result<Response, Problem> {
    let status = StatusCode::from_u16(answer.status)
        .map_err(|_| Problem::new(ProblemCode::Internal, "the stored answer has no valid status"))?;
    let media_type = if status.is_success() { "application/json" } else { "application/problem+json" };
    let mut response = (status, answer.body).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert("idempotent-replay", HeaderValue::from_static("true"));
    Ok(response)
}
