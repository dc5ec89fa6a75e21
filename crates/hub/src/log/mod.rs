//! The transparency log: what is served of it (C2SP tlog-tiles), and the sequencer that makes it grow.
//!
//! Everything served here is public: an entry shows the kind of a fact and nothing else of it, so that a reader learns how much
//! happens and when, and can check that nothing was taken out.

mod kept;
mod sequencer;
mod signers;
mod witnesses;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use causeway_log::Resource;
use causeway_protocol::schema::Binary;

pub(crate) use self::sequencer::Sequencer;
pub(crate) use self::signers::read as read_signers;

use crate::app::App;
use crate::extract::Path;
use crate::problem::Problem;

type Served<T> = ([(HeaderName, &'static str); 2], T);

/// What never changes may be kept for ever.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// The newest checkpoint is asked for again after a second.
const A_MOMENT: &str = "public, max-age=1";

/// The newest checkpoint: the log's name, size and root, signed (C2SP tlog-checkpoint).
#[utoipa::path(
    get, path = "/checkpoint", operation_id = "checkpoint", tag = "log",
    responses((status = 200, content_type = "text/plain", body = String)),
)]
pub(crate) async fn checkpoint(State(app): State<App>) -> Result<Served<String>, Problem> {
    let note = app.ledger.newest_checkpoint().await?.ok_or_else(|| Problem::not_found("checkpoint"))?;
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, A_MOMENT)], note))
}

/// Tiles of hashes, `tile/<level>/<index>[.p/<width>]`, and bundles of entries, `tile/entries/<index>[.p/<width>]`
/// (C2SP tlog-tiles). Indices are written in groups of three digits, all but the last marked with an x.
#[utoipa::path(
    get, path = "/tile/{*path}", operation_id = "tile", tag = "log",
    params(("path" = String, Path, description = "The rest of the path; it may contain slashes.")),
    responses((status = 200, content_type = "application/octet-stream", body = Binary)),
)]
pub(crate) async fn tile(
    State(app): State<App>,
    Path(path): Path<String>,
) -> Result<Served<Vec<u8>>, Problem> {
    let nothing = || Problem::not_found("tile");
    let bytes = match format!("tile/{path}").parse().map_err(|_| nothing())? {
        Resource::Tile(tile) => app.ledger.log_tile(tile).await?,
        Resource::Bundle(bundle) => app.ledger.log_bundle(bundle).await?,
        Resource::Checkpoint => None,
    };
    let bytes = bytes.ok_or_else(nothing)?;
    Ok(([(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, FOR_EVER)], bytes))
}
