//! Deliveries: what is ready for an island, with signatures its gateway accepts.

use axum::extract::State;
use causeway_api as api;
use causeway_protocol::schema::Decimal;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::{App, limit};
use crate::auth::Caller;
use crate::extract::{Json, Path, Query};
use crate::problem::Problem;
use crate::wake::Patience;

/// What part of the deliveries to answer.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Ready {
    /// Deliveries that became ready after this sequence; "0" or nothing for all that are open.
    #[param(value_type = Option<Decimal>)]
    after: Option<u64>,
    /// Most deliveries: 1 to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Seconds to wait when there is nothing yet.
    wait: Option<u64>,
}

/// Deliveries that are ready for the island's gateways and not yet proven done.
#[utoipa::path(
    get, path = "/v1/islands/{island}/deliveries", operation_id = "list_deliveries", tag = "deliveries",
    params(("island" = String, Path, description = "The island's name or id."), Ready),
    responses((status = 200, body = api::Deliveries)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(island): Path<String>,
    Query(query): Query<Ready>,
) -> Result<Json<api::Deliveries>, Problem> {
    let (limit, wait) = (limit(query.limit)?, app.wait(query.wait)?);
    let island = app.island(&island, &caller).await?.id;
    let mut patience = Patience::new(app.ledger.signals().deliveries(), wait, &app.stopping);
    loop {
        let ready = app.ledger.deliveries(island, query.after.unwrap_or(0), limit).await?;
        if !ready.items.is_empty() || !patience.look_again().await {
            return Ok(Json(ready));
        }
    }
}
