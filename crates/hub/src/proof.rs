//! Proving an island: its own validators' seals over the opening of its gateway, while it is pending.

use axum::extract::State;
use axum::http::HeaderMap;
use causeway_api::{self as api, Role};
use causeway_ledger::Way;
use causeway_protocol::schema::Binary;

use crate::app::App;
use crate::auth::Caller;
use crate::evidence::{envelopes, take};
use crate::extract::{Body, Json, Path};
use crate::ingest::Submitter;
use crate::problem::Problem;

/// Takes evidence from the anchor on, as the proof of a pending island: one envelope, or a stream of them, each with its own answer.
/// Once an `Opened` in it names this hub, a registered gateway and that gateway's registered owner, the island is `proven`, and an
/// operator may approve it. An `Opened` that names another hub or another owner is refused, and nothing of it is recorded. A relayer
/// signs with the key its token is bound to, an owner with that or with the registered owner's key.
#[utoipa::path(
    post, path = "/v1/islands/{island}/proof", operation_id = "prove_island", tag = "islands",
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
    let mut keys = Vec::from_iter(caller.address);
    if caller.role == Role::Owner {
        keys.extend(app.ledger.claimed_owners(island.id).await?);
    }
    let way = Way::Proof(app.config.limits.proof);
    take(&app, &Submitter { token: caller.token, keys, island, way }, envelopes).await
}
