//! Evidence: relayers submit it, attestors and auditors follow it.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use causeway_api as api;
use causeway_ledger::Way;
use causeway_protocol::MEDIA_TYPE;
use causeway_protocol::schema::{Binary, Decimal};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::{App, Hub, limit};
use crate::auth::Caller;
use crate::extract::{Body, Json, Path, Query, expect_media_type};
use crate::ingest::{IngestError, Opened, Outcome, Refused, Staged, Submitter, split};
use crate::problem::{Problem, ProblemCode};
use crate::wake::Patience;

/// The media type of a stream of envelopes, each preceded by its length.
pub(crate) const STREAM_MEDIA_TYPE: &str = "application/vnd.causeway.envelopes";

/// Evidence of one page of the feed, in bytes: a page ends with the item that reaches it.
const PAGE_BYTES: usize = 8 * 1024 * 1024;
/// Items asked of the ledger at once.
const PAGE_STEP: u32 = 8;

/// Submits evidence: one envelope, or a stream of them. Every envelope has its own answer, and `recorded` is durable. The same
/// evidence again is `known`, and harmless.
#[utoipa::path(
    post, path = "/v1/islands/{island}/evidence", operation_id = "submit_evidence", tag = "evidence",
    params(("island" = String, Path, description = "The island's name or id.")),
    request_body(
        description = "One envelope, or each envelope of a stream preceded by its length as four bytes, big-endian.",
        content(
            (Binary = "application/vnd.causeway.envelope"),
            (Binary = "application/vnd.causeway.envelopes"),
        ),
    ),
    responses((status = 200, body = api::EvidenceResults)),
)]
pub(crate) async fn submit(
    State(app): State<App>,
    caller: Caller,
    Path(island): Path<String>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Json<api::EvidenceResults>, Problem> {
    let envelopes = envelopes(&headers, body)?;
    let island = app.island(&island, &caller).await?;
    let keys = vec![caller.bound_address()?];
    take(&app, &Submitter { token: caller.token, keys, island, way: Way::Evidence }, envelopes).await
}

/// Takes envelopes, each with an answer of its own.
pub(crate) async fn take(
    app: &App,
    from: &Submitter,
    envelopes: Vec<Bytes>,
) -> Result<Json<api::EvidenceResults>, Problem> {
    // All are verified and handed over first, so that they share commits; then all are answered.
    let mut staged = Vec::with_capacity(envelopes.len());
    for envelope in envelopes {
        staged.push(match app.ingest.open(envelope).await? {
            Ok(opened) => {
                let stage = app.ingest.stage(from, &opened).await?;
                Ok((opened, stage))
            }
            Err(refused) => Err(refused),
        });
    }
    let mut results = Vec::with_capacity(staged.len());
    for item in staged {
        let answer = match item {
            Ok((opened, stage)) => finish(app, from, &opened, stage).await?,
            Err(refused) => refusal(None, &refused),
        };
        if answer.status == api::EvidenceStatus::Recorded {
            app.metrics.events(answer.events);
        }
        app.metrics.evidence(answer.code.as_deref().unwrap_or(match answer.status {
            api::EvidenceStatus::Known => "known",
            _ => "recorded",
        }));
        results.push(answer);
    }
    Ok(Json(api::EvidenceResults { results }))
}

async fn finish(
    hub: &Hub,
    from: &Submitter,
    opened: &Opened,
    staged: Staged,
) -> Result<api::EvidenceAnswer, IngestError> {
    Ok(match hub.ingest.finish(from, opened, staged).await? {
        Outcome::Recorded(recorded) => api::EvidenceAnswer {
            digest: Some(opened.digest),
            status: if recorded.known { api::EvidenceStatus::Known } else { api::EvidenceStatus::Recorded },
            events: recorded.events,
            code: None,
            detail: None,
            next: None,
        },
        Outcome::Refused(refused) => refusal(Some(opened), &refused),
    })
}

/// The answer to an envelope that was not accepted.
pub(crate) fn refusal(opened: Option<&Opened>, refused: &Refused) -> api::EvidenceAnswer {
    let detail = refused.to_string();
    tracing::info!(code = refused.code(), %detail, "evidence refused");
    api::EvidenceAnswer {
        digest: opened.map(|opened| opened.digest),
        status: api::EvidenceStatus::Refused,
        events: 0,
        code: Some(refused.code().to_owned()),
        detail: Some(detail),
        next: Some(refused.next().to_owned()),
    }
}

/// The envelopes of a request.
pub(crate) fn envelopes(headers: &HeaderMap, body: Bytes) -> Result<Vec<Bytes>, Problem> {
    expect_media_type(headers, &[MEDIA_TYPE, STREAM_MEDIA_TYPE])?;
    let is_stream = headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(STREAM_MEDIA_TYPE.as_bytes()));
    if is_stream { split(body) } else { Ok(vec![body]) }
}

/// What part of the feed to answer.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Follow {
    /// Items after this sequence; "0" or nothing for all.
    #[param(value_type = Option<Decimal>)]
    after: Option<u64>,
    /// Most items: 1 to 500. A page also ends at 8 MiB of evidence.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Seconds to wait when there is nothing yet.
    wait: Option<u64>,
}

/// The evidence recorded for an island, oldest first. `next` is the sequence to pass as `after`; null when there is no more.
#[utoipa::path(
    get, path = "/v1/islands/{island}/evidence", operation_id = "follow_evidence", tag = "evidence",
    params(("island" = String, Path, description = "The island's name or id."), Follow),
    responses((status = 200, body = api::Page<api::EvidenceItem>)),
)]
pub(crate) async fn follow(
    State(app): State<App>,
    caller: Caller,
    Path(island): Path<String>,
    Query(query): Query<Follow>,
) -> Result<Json<api::Page<api::EvidenceItem>>, Problem> {
    let (limit, wait) = (limit(query.limit)?, app.wait(query.wait)?);
    let island = app.island(&island, &caller).await?;
    let mut patience = Patience::new(app.ledger.signals().evidence(), wait, &app.stopping);
    loop {
        let page = page(&app, &island.id, query.after.unwrap_or(0), limit).await?;
        if !page.items.is_empty() || !patience.look_again().await {
            return Ok(Json(page));
        }
    }
}

async fn page(
    hub: &Hub,
    island: &causeway_protocol::IslandId,
    after: u64,
    limit: u32,
) -> Result<api::Page<api::EvidenceItem>, Problem> {
    let mut items: Vec<api::EvidenceItem> = Vec::new();
    let mut bytes = 0;
    loop {
        let room = limit - u32::try_from(items.len()).unwrap_or(limit).min(limit);
        let from = items.last().map_or(after, |item| item.sequence);
        let step = room.min(PAGE_STEP);
        let more =
            if step == 0 { Vec::new() } else { hub.ledger.evidence_after(*island, from, step).await? };
        let ended = more.len() < step as usize;
        for item in more {
            bytes += item.evidence.len();
            items.push(item);
            // At the very item that reaches the bound: a client reads answers only up to a bound of its own.
            if bytes >= PAGE_BYTES {
                return Ok(continued(items));
            }
        }
        if ended && room > 0 {
            return Ok(api::Page { items, next: None });
        }
        if room == 0 {
            return Ok(continued(items));
        }
    }
}

/// A page that others follow.
fn continued(items: Vec<api::EvidenceItem>) -> api::Page<api::EvidenceItem> {
    let next = items.last().map(|item| item.sequence.to_string());
    api::Page { items, next }
}

impl From<IngestError> for Problem {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Ledger(error) => error.into(),
            IngestError::Stopping(_) => {
                Self::new(ProblemCode::ShuttingDown, "the hub is stopping; nothing was acknowledged")
                    .retry_after(2)
            }
            IngestError::Thread => {
                tracing::error!("a verifying thread died");
                Self::new(ProblemCode::Internal, "verification did not finish")
            }
        }
    }
}
