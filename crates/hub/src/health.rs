//! Health: for whoever runs the hub.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::problem::{Problem, ProblemCode};

/// Whether the process answers.
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "operations", responses((status = 200)))]
pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

/// Whether requests can be served: the ledger answers, its schema is ours, and the hub is not stopping.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "operations", responses((status = 200)))]
pub(crate) async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    if app.stopping.is_cancelled() {
        return Err(Problem::new(ProblemCode::ShuttingDown, "the hub is stopping").retry_after(2));
    }
    app.ledger.ping().await?;
    Ok("ready\n")
}

/// What the hub counts about itself, as Prometheus text.
#[utoipa::path(
    get, path = "/metrics", operation_id = "metrics", tag = "operations",
    responses((status = 200, content_type = "text/plain", body = String)),
)]
pub(crate) async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    app.metrics.waiting("writer", app.writer.depth());
    app.count_packets().await;
    let text = app.metrics.text().map_err(|error| {
        tracing::error!(%error, "metrics could not be written");
        Problem::new(ProblemCode::Internal, "metrics could not be written")
    })?;
    Ok(([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response())
}
