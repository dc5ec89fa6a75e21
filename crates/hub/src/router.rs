//! The table of routes: who may call what, and what kind of work it is.

use axum::Router;
use axum::http::{HeaderName, header};
use axum::middleware::from_fn_with_state;
use causeway_api::Role::{self, Attestor, Auditor, Operator, Owner, Relayer};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::trace::TraceLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

use crate::app::App;
use crate::gate::{self, Access, Work};
use crate::problem::{self, Problem, ProblemCode};
use crate::{
    attestations, bundle, deliveries, evidence, exports, health, history, islands, log, metrics,
    misbehaviour, openapi, packets, proof, stats, tokens,
};

const ALL: &[Role] = &[Operator, Owner, Relayer, Attestor, Auditor];
const OPERATOR: &[Role] = &[Operator];
const OWNERS: &[Role] = &[Operator, Owner];
const RELAYER: &[Role] = &[Relayer];
const PROVERS: &[Role] = &[Owner, Relayer];
const ATTESTOR: &[Role] = &[Attestor];
const FOLLOWERS: &[Role] = &[Operator, Attestor, Auditor];
const RESUMERS: &[Role] = &[Operator, Owner, Relayer];
const READERS: &[Role] = &[Operator, Owner, Auditor];

/// Every route of the interface.
pub(crate) fn router(app: &App) -> Router {
    use Work::{Change, Export, Ordinary, Poll, Secret, Upload};
    let to = |roles, work, routes| gate::guard(app, Access { roles, work }, routes);
    #[rustfmt::skip]
    let table = [
        // who        work      what
        to(OWNERS,    Change,   routes!(islands::register)),
        to(ALL,       Ordinary, routes!(islands::list)),
        to(ALL,       Ordinary, routes!(islands::show)),
        to(ALL,       Ordinary, routes!(islands::anchor)),
        to(OWNERS,    Change,   routes!(islands::register_gateway)),
        to(PROVERS,   Upload,   routes!(proof::submit)),
        to(READERS,   Ordinary, routes!(islands::history)),
        to(OPERATOR,  Change,   routes!(islands::approve)),
        to(OPERATOR,  Change,   routes!(islands::suspend)),
        to(OPERATOR,  Change,   routes!(islands::resume)),
        to(OPERATOR,  Change,   routes!(islands::freeze)),
        to(OPERATOR,  Change,   routes!(islands::retire)),
        to(RESUMERS,  Ordinary, routes!(islands::cursor)),
        to(RESUMERS,  Ordinary, routes!(islands::recorded)),
        to(RELAYER,   Upload,   routes!(evidence::submit)),
        to(FOLLOWERS, Poll,     routes!(evidence::follow)),
        to(RELAYER,   Poll,     routes!(deliveries::list)),
        to(ATTESTOR,  Poll,     routes!(attestations::pending)),
        to(ATTESTOR,  Ordinary, routes!(attestations::submit)),
        to(READERS,   Ordinary, routes!(packets::list)),
        to(READERS,   Ordinary, routes!(packets::show)),
        to(READERS,   Ordinary, routes!(packets::timeline)),
        to(READERS,   Export,   routes!(bundle::show)),
        to(OPERATOR,  Secret,   routes!(tokens::create)),
        to(OPERATOR,  Ordinary, routes!(tokens::list)),
        to(OPERATOR,  Secret,   routes!(tokens::rotate)),
        to(OPERATOR,  Change,   routes!(tokens::revoke)),
        to(ALL,       Upload,   routes!(misbehaviour::report)),
        to(ALL,       Ordinary, routes!(stats::show)),
        to(READERS,   Ordinary, routes!(history::hours)),
        to(READERS,   Ordinary, routes!(history::relayers)),
        to(READERS,   Export,   routes!(exports::packets)),
        to(READERS,   Export,   routes!(exports::hours)),
        to(READERS,   Export,   routes!(exports::relayers)),
        to(OPERATOR,  Ordinary, routes!(history::accesses)),
        // Public: nothing about any island or packet, and nothing a caller could make expensive.
        gate::open(routes!(health::alive)),
        gate::open(routes!(health::ready)),
        gate::open(routes!(health::metrics)),
        gate::open(routes!(problem::explain)),
        gate::public(app, routes!(log::checkpoint)),
        gate::public(app, routes!(log::tile)),
    ];
    let described =
        table.into_iter().fold(OpenApiRouter::with_openapi(openapi::base()), OpenApiRouter::routes);
    let (routes, mut document) = described.split_for_parts();
    openapi::finish(&mut document, &app.config.limits);
    let request_id = HeaderName::from_static("x-request-id");
    routes
        .merge(SwaggerUi::new("/docs").url("/openapi.json", document))
        .fallback(no_such_route)
        .method_not_allowed_fallback(method_not_allowed)
        .route_layer(from_fn_with_state(app.clone(), metrics::observe))
        .layer(from_fn_with_state(app.clone(), gate::header_limit))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(CompressionLayer::new())
        // The limits on bodies count what comes out of it. An encoding it does not know is refused with the content type.
        .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
        .layer(PropagateRequestIdLayer::new(request_id.clone()))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(SetRequestIdLayer::new(request_id, MakeRequestUuid))
        .layer(SetSensitiveRequestHeadersLayer::new([header::AUTHORIZATION]))
        .with_state(app.clone())
}

/// The span around a request: everything logged in it carries the id that its answer carries too.
fn span(request: &axum::extract::Request) -> tracing::Span {
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), path = request.uri().path(), id)
}

async fn no_such_route(uri: axum::http::Uri) -> Problem {
    Problem::new(ProblemCode::NoSuchRoute, format!("no route is at {}", uri.path()))
}

async fn method_not_allowed(method: axum::http::Method, uri: axum::http::Uri) -> Problem {
    Problem::new(ProblemCode::MethodNotAllowed, format!("{method} is not taken at {}", uri.path()))
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    // The panic's text may hold anything; the process's panic hook has logged it.
    axum::response::IntoResponse::into_response(Problem::new(
        ProblemCode::Internal,
        "the hub failed on this request",
    ))
}
