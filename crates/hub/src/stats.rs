//! The hub in numbers.

use axum::extract::State;
use causeway_api as api;

use crate::app::App;
use crate::extract::Json;
use crate::problem::Problem;

/// Counts, latencies, and who holds the attestor keys.
#[utoipa::path(
    get, path = "/v1/stats", operation_id = "stats", tag = "operations",
    responses((status = 200, body = api::Stats)),
)]
pub(crate) async fn show(State(app): State<App>) -> Result<Json<api::Stats>, Problem> {
    Ok(Json(app.ledger.stats().await?))
}
