//! Misbehaviour: anyone with a token may report it.

use axum::extract::State;
use axum::http::HeaderMap;
use causeway_api as api;
use causeway_protocol::MEDIA_TYPE;
use causeway_protocol::schema::Binary;

use crate::app::App;
use crate::auth::Caller;
use crate::evidence::refusal;
use crate::extract::{Body, Json, expect_media_type};
use crate::problem::Problem;

/// Reports two sealed blocks at one height, in an envelope that names their island. Proven, it freezes the island; reporting it
/// again changes nothing.
#[utoipa::path(
    post, path = "/v1/misbehaviour", operation_id = "report_misbehaviour", tag = "evidence",
    request_body(description = "One envelope.", content((Binary = "application/vnd.causeway.envelope"))),
    responses((status = 200, body = api::EvidenceResults)),
)]
pub(crate) async fn report(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Json<api::EvidenceResults>, Problem> {
    expect_media_type(&headers, &[MEDIA_TYPE])?;
    let answer = match app.ingest.open(body).await? {
        Err(refused) => refusal(None, &refused),
        Ok(opened) => match app.ingest.report(&opened, &caller.actor()).await? {
            Err(refused) => refusal(Some(&opened), &refused),
            Ok(fresh) => api::EvidenceAnswer {
                digest: Some(opened.digest),
                status: if fresh { api::EvidenceStatus::Recorded } else { api::EvidenceStatus::Known },
                events: 0,
                code: None,
                detail: None,
                next: None,
            },
        },
    };
    Ok(Json(api::EvidenceResults { results: vec![answer] }))
}
