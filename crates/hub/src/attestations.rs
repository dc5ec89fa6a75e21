//! Attestations: what waits for an attestor, and its signatures.

use axum::extract::State;
use causeway_api as api;
use causeway_ledger::{AttestRefusal, Attested, CheckedSignature};
use causeway_protocol::{Address, MAX_BATCH, SignatureError};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::{App, limit};
use crate::auth::Caller;
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemCode};
use crate::wake::Patience;

/// How long to wait.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Pending {
    /// Most batches: 1 to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Seconds to wait when there is nothing yet.
    wait: Option<u64>,
}

/// Batches that this token's attestor may sign and has not signed, oldest first.
#[utoipa::path(
    get, path = "/v1/attestations/pending", operation_id = "pending_attestations", tag = "attestations",
    params(Pending),
    responses((status = 200, body = api::PendingBatches)),
)]
pub(crate) async fn pending(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<Pending>,
) -> Result<Json<api::PendingBatches>, Problem> {
    let (limit, wait) = (limit(query.limit)?, app.wait(query.wait)?);
    let attestor = caller.bound_address()?;
    let mut patience = Patience::new(app.ledger.signals().batches(), wait, &app.stopping);
    loop {
        let items = app.ledger.pending_batches(attestor, limit, app.now()).await?;
        if !items.is_empty() || !patience.look_again().await {
            return Ok(Json(api::PendingBatches { items }));
        }
    }
}

/// Submits signatures. Each has its own answer, and `recorded` is durable.
#[utoipa::path(
    post, path = "/v1/attestations", operation_id = "submit_attestations", tag = "attestations",
    request_body = api::SubmitAttestations,
    responses((status = 200, body = api::AttestationsAnswer)),
)]
pub(crate) async fn submit(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<api::SubmitAttestations>,
) -> Result<Json<api::AttestationsAnswer>, Problem> {
    let attestor = caller.bound_address()?;
    let count = body.items.len();
    if count == 0 || count > MAX_BATCH {
        let detail = format!("{count} signatures, expected 1 to {MAX_BATCH}");
        return Err(Problem::new(ProblemCode::InvalidBody, detail));
    }
    for (at, item) in body.items.iter().enumerate() {
        let count = item.batch.count;
        if count == 0 || count as usize > MAX_BATCH {
            let detail = format!("items[{at}].batch.count is {count}, expected 1 to {MAX_BATCH}");
            return Err(Problem::new(ProblemCode::InvalidBody, detail));
        }
    }
    let token = caller.token;
    let checked: Vec<_> = app
        .ingest
        .off_thread(move || body.items.into_iter().map(|item| check(item, attestor, token)).collect())
        .await?;
    let good = checked.iter().filter_map(|item| item.as_ref().ok().cloned()).collect();
    let mut recorded = app.ledger.attest(good, app.now()).await?.into_iter();
    let results = checked.into_iter().map(|item| match item {
        Err(refusal) => refused(refusal.code(), refusal.to_string()),
        Ok(_) => recorded.next().map_or_else(|| refused("internal", "no answer".to_owned()), answer),
    });
    Ok(Json(api::AttestationsAnswer { results: results.collect() }))
}

/// A signature that this token may not submit.
#[derive(Debug, thiserror::Error)]
enum NotItsAttestor {
    #[error("{0}")]
    Signature(#[from] SignatureError),
    #[error("signed by {came}, this token is bound to {expected}")]
    Other { expected: Address, came: Address },
}

impl NotItsAttestor {
    fn code(&self) -> &'static str {
        match self {
            Self::Signature(_) => "bad-signature",
            Self::Other { .. } => "other-attestor",
        }
    }
}

fn check(
    item: api::SignedBatch,
    expected: Address,
    token: Option<uuid::Uuid>,
) -> Result<CheckedSignature, NotItsAttestor> {
    let came = item.signature.signer(item.batch.digest(item.gateway))?;
    if came != expected {
        return Err(NotItsAttestor::Other { expected, came });
    }
    Ok(CheckedSignature {
        gateway: item.gateway,
        batch: item.batch,
        attestor: came,
        signature: item.signature,
        token,
    })
}

fn answer(outcome: Result<Attested, AttestRefusal>) -> api::AttestationAnswer {
    let status = match outcome {
        Ok(Attested::Recorded) => api::AttestationStatus::Recorded,
        Ok(Attested::Known) => api::AttestationStatus::Known,
        Err(refusal) => return refused(refusal.code(), refusal.to_string()),
    };
    api::AttestationAnswer { status, code: None, detail: None }
}

fn refused(code: &str, detail: String) -> api::AttestationAnswer {
    tracing::info!(code, detail, "attestation refused");
    api::AttestationAnswer {
        status: api::AttestationStatus::Refused,
        code: Some(code.to_owned()),
        detail: Some(detail),
    }
}
