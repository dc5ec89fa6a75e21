//! Answers to take away: any list as lines of JSON or as CSV, part by part, each with a manifest that the log's key signs.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::Uri;
use causeway_api as api;
use causeway_log::{ExportManifest, NoteSigner, SignedCheckpoint, VerifierKey, sha256};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::{App, Hub};
use crate::auth::Caller;
use crate::extract::{Json, Path, Query};
use crate::history::{Hours, Relayers, hours_page, relayers_page};
use crate::packets::{Filter, packets_page};
use crate::problem::{Problem, ProblemCode};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// A JSON object a line.
    Ndjson,
    /// RFC 4180, nested fields as `outer.inner`, with a head line in the first part.
    Csv,
}

/// Packets to take away: the rows of `/v1/packets`, by the same filters.
#[utoipa::path(
    get, path = "/v1/exports/packets/{format}", operation_id = "export_packets", tag = "packets",
    params(("format" = inline(Format), Path, description = "`ndjson` or `csv`."), Filter),
    responses((status = 200, body = api::ExportChunk)),
)]
pub(crate) async fn packets(
    State(app): State<App>,
    caller: Caller,
    Path(format): Path<Format>,
    uri: Uri,
    Query(query): Query<Filter>,
) -> Result<Json<api::ExportChunk>, Problem> {
    let is_first = query.next.is_none();
    chunk(&app, format, is_first, &uri, packets_page(&app, &caller, query).await?).await
}

/// Packets in numbers to take away: the rows of `/v1/stats/hours`, by the same filters.
#[utoipa::path(
    get, path = "/v1/exports/hours/{format}", operation_id = "export_hours", tag = "packets",
    params(("format" = inline(Format), Path, description = "`ndjson` or `csv`."), Hours),
    responses((status = 200, body = api::ExportChunk)),
)]
pub(crate) async fn hours(
    State(app): State<App>,
    caller: Caller,
    Path(format): Path<Format>,
    uri: Uri,
    Query(query): Query<Hours>,
) -> Result<Json<api::ExportChunk>, Problem> {
    let is_first = query.next.is_none();
    chunk(&app, format, is_first, &uri, hours_page(&app, &caller, query).await?).await
}

/// Who submitted how much evidence, to take away: the rows of `/v1/relayers`, by the same filters.
#[utoipa::path(
    get, path = "/v1/exports/relayers/{format}", operation_id = "export_relayers", tag = "evidence",
    params(("format" = inline(Format), Path, description = "`ndjson` or `csv`."), Relayers),
    responses((status = 200, body = api::ExportChunk)),
)]
pub(crate) async fn relayers(
    State(app): State<App>,
    caller: Caller,
    Path(format): Path<Format>,
    uri: Uri,
    Query(query): Query<Relayers>,
) -> Result<Json<api::ExportChunk>, Problem> {
    let is_first = query.next.is_none();
    chunk(&app, format, is_first, &uri, relayers_page(&app, &caller, query).await?).await
}

/// Writes a page in `format`, and signs what was written.
async fn chunk<T: Serialize>(
    hub: &Hub,
    format: Format,
    is_first: bool,
    uri: &Uri,
    page: api::Page<T>,
) -> Result<Json<api::ExportChunk>, Problem> {
    let failed = |what: String| {
        tracing::error!(what, "an export could not be written");
        Problem::new(ProblemCode::Internal, "the export could not be written")
    };
    let rows: Vec<Value> = page
        .items
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<_, _>>()
        .map_err(|error| failed(error.to_string()))?;
    let body = match format {
        Format::Ndjson => rows.iter().fold(String::new(), |mut body, row| {
            // Writing to text cannot fail.
            let _ = writeln!(body, "{row}");
            body
        }),
        Format::Csv => csv_of(&rows, is_first).map_err(failed)?,
    };
    let not_logged =
        || Problem::new(ProblemCode::NotLogged, "there is no signed checkpoint yet").retry_after(1);
    let note = hub.ledger.newest_checkpoint().await?.ok_or_else(not_logged)?;
    let keys: Vec<VerifierKey> = hub.signers.iter().map(|signer| signer.verifier().clone()).collect();
    let origin = hub.config.origin.clone();
    // While a key is replaced the newest may still be signed by the former alone.
    let tree = SignedCheckpoint::open(note.as_bytes(), &origin, &keys).map_err(|_| not_logged())?.head();
    let manifest = ExportManifest {
        origin,
        query: uri.to_string(),
        format: match format {
            Format::Ndjson => "ndjson".to_owned(),
            Format::Csv => "csv".to_owned(),
        },
        rows: rows.len() as u64,
        digest: sha256(body.as_bytes()),
        next: page.next.clone(),
        tree,
    };
    let signers: Vec<&NoteSigner> = hub.signers.iter().collect();
    let manifest = manifest.sign(&signers).map_err(|error| failed(error.to_string()))?;
    Ok(Json(api::ExportChunk { body, rows: rows.len() as u64, next: page.next, manifest }))
}

/// Rows as CSV. They are of one shape, so the first one's fields are everybody's.
fn csv_of(rows: &[Value], is_first: bool) -> Result<String, String> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    for (place, row) in rows.iter().enumerate() {
        let mut fields = Vec::new();
        flatten("", row, &mut fields);
        if place == 0 && is_first {
            writer.write_record(fields.iter().map(|(name, _)| name)).map_err(|error| error.to_string())?;
        }
        writer.write_record(fields.iter().map(|(_, cell)| cell)).map_err(|error| error.to_string())?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

fn flatten(name: &str, value: &Value, fields: &mut Vec<(String, String)>) {
    match value {
        Value::Object(inner) => {
            for (key, value) in inner {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(&name, value, fields);
            }
        }
        Value::Null => fields.push((name.to_owned(), String::new())),
        Value::String(text) => fields.push((name.to_owned(), inert(text))),
        other => fields.push((name.to_owned(), other.to_string())),
    }
}

/// Text that no spreadsheet takes for a formula: names and reasons are other people's words.
fn inert(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_fields_have_their_path_and_formulas_are_text() {
        let rows = [
            json!({ "id": "0x01", "of": { "name": "=1+1", "count": 2 }, "list": [1, 2], "none": null }),
            json!({ "id": "0x02", "of": { "name": "a,\"b\"", "count": 3 }, "list": [], "none": null }),
        ];
        let csv = csv_of(&rows, true).unwrap();
        assert_eq!(
            csv,
            "id,list,none,of.count,of.name\n0x01,\"[1,2]\",,2,'=1+1\n0x02,[],,3,\"a,\"\"b\"\"\"\n"
        );
        assert_eq!(csv_of(&rows, false).unwrap(), csv.split_once('\n').unwrap().1, "the head stands once");
    }
}
