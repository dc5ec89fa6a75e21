//! JSON-RPC over HTTP, as nodes speak it.

mod answer;
mod call;
mod envelope;
mod faults;
mod logs;
mod methods;
mod params;

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::DevnetError;
use crate::chain::Chain;

pub use faults::{Faults, RpcFault};

/// The largest request, in bytes: a batch of the largest transactions, as hex.
const MAX_BODY: usize = 10 * 1024 * 1024;

/// One RPC endpoint of a chain: to its clients, a node.
#[derive(Debug, Clone)]
pub struct Endpoint {
    url: String,
    faults: Arc<Faults>,
}

impl Endpoint {
    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its faults, to be switched on and off.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }
}

#[derive(Clone)]
struct Node {
    chain: Arc<Chain>,
    faults: Arc<Faults>,
}

/// Serves `chain` on 127.0.0.1 until `stop`.
pub(crate) async fn serve(
    chain: Arc<Chain>,
    port: u16,
    stop: CancellationToken,
) -> Result<Endpoint, DevnetError> {
    let listen = |source| DevnetError::Listen { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(listen)?;
    let url = format!("http://{}", listener.local_addr().map_err(listen)?);
    let faults = Arc::new(Faults::default());
    let router = Router::new()
        .route("/", post(answer_request))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Node { chain, faults: faults.clone() });
    tokio::spawn(async move {
        // Dropping the server, not shutting it down gracefully: a request that hangs must not keep the port.
        let server = axum::serve(listener, router);
        if let Some(Err(error)) = stop.run_until_cancelled(server.into_future()).await {
            tracing::error!(%error, "RPC endpoint ended");
        }
    });
    Ok(Endpoint { url, faults })
}

async fn answer_request(State(node): State<Node>, body: Bytes) -> Response {
    let json =
        |status, body: String| (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
    let behind = match node.faults.next() {
        None => 0,
        Some(RpcFault::Behind(blocks)) => blocks,
        Some(RpcFault::Fail) => return json(StatusCode::SERVICE_UNAVAILABLE, String::new()),
        Some(RpcFault::Garbage) => {
            return json(StatusCode::OK, "{\"jsonrpc\":\"2.0\",\"id\":1,\"resu".into());
        }
        Some(RpcFault::Hang) => std::future::pending().await,
    };
    // Executing takes its time, and locks: not on the threads that serve connections.
    let answer = tokio::task::spawn_blocking(move || {
        let view = methods::Node { chain: &node.chain, behind };
        envelope::answer(&body, |method, params| view.call(method, params))
    });
    match answer.await {
        Ok(Some(answer)) => json(StatusCode::OK, answer),
        Ok(None) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            tracing::error!(%error, "a request failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
