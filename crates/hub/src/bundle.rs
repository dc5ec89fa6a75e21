//! A packet's proof to take away.

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName};
use causeway_ledger::BundleError;
use causeway_protocol::PacketId;
use causeway_protocol::schema::Binary;

use crate::app::App;
use crate::auth::Caller;
use crate::extract::Path;
use crate::packets::visible;
use crate::problem::{Problem, ProblemCode};

/// The media type of a bundle.
const MEDIA_TYPE: &str = "application/vnd.causeway.bundle";

type File = ([(HeaderName, String); 2], Vec<u8>);

/// One file that proves a packet's life to whoever trusts neither this hub nor its database: the evidence of both islands from their
/// trust anchors on, what attestors signed, and the leaves of the log with a signed checkpoint. `causeway verify bundle` checks it.
#[utoipa::path(
    get, path = "/v1/packets/{id}/bundle", operation_id = "packet_bundle", tag = "packets",
    params(("id" = PacketId, Path, description = "The packet's id.")),
    responses((status = 200, content_type = "application/vnd.causeway.bundle", body = Binary)),
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<PacketId>,
) -> Result<File, Problem> {
    visible(&app, &caller, id).await?;
    let bundle =
        app.ledger.bundle(id, &app.config.origin).await?.ok_or_else(|| Problem::not_found("packet"))?;
    let name = format!("attachment; filename=\"{id}.bundle\"");
    Ok(([(CONTENT_TYPE, MEDIA_TYPE.to_owned()), (CONTENT_DISPOSITION, name)], bundle.encode()))
}

impl From<BundleError> for Problem {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::NotLogged => Self::new(ProblemCode::NotLogged, error.to_string()).retry_after(1),
            BundleError::TooLarge { .. } => Self::new(ProblemCode::BundleTooLarge, error.to_string()),
            BundleError::Ledger(error) => error.into(),
        }
    }
}
