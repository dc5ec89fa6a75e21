//! Islands: registering a chain, its life cycle, and where to resume.

use axum::extract::State;
use axum::http::StatusCode;
use causeway_api as api;
use causeway_ledger::{ChangeError, ClaimError, IslandChange, IslandRecord, RegisterError, Registration};
use causeway_protocol::schema::Decimal;
use causeway_protocol::{Address, Family, Hash, Island};
use causeway_verifier::{Anchored, ClientState, Verified, light_client};
use serde::Deserialize;
use time::OffsetDateTime;
use utoipa::IntoParams;

use crate::app::{App, Hub, limit};
use crate::auth::Caller;
use crate::extract::{Json, Path, Query};
use crate::problem::{Problem, ProblemCode};
use crate::trust;

/// Longest name of an island.
const MAX_NAME: usize = 64;
/// Longest reason kept in the history, in bytes.
const MAX_REASON: usize = 500;

/// Registers an island: its trust anchor is read and must hold together. It stays pending until the opening of its gateway is
/// proven, naming this hub and the owner's key, and counts once an operator then approved the anchor.
#[utoipa::path(
    post, path = "/v1/islands", operation_id = "register_island", tag = "islands",
    request_body = api::RegisterIsland,
    responses((status = 201, body = api::Island)),
)]
pub(crate) async fn register(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<api::RegisterIsland>,
) -> Result<(StatusCode, Json<api::Island>), Problem> {
    check_name(&body.name)?;
    check_gateway(body.family, &body.gateway)?;
    let client = light_client(body.family)
        .map_err(|error| Problem::new(ProblemCode::UnsupportedFamily, error.to_string()))?;
    let anchor = body.anchor.clone();
    let anchored = app.ingest.off_thread(move || client.anchor(&anchor)).await?.map_err(|refusal| {
        Problem::new(ProblemCode::AnchorRefused, format!("{}: {refusal}", refusal.code()))
    })?;
    check_fingerprint(&anchored, body.fingerprint)?;
    let id = Island { family: body.family, fingerprint: body.fingerprint, anchor: anchored.header.hash }.id();
    caller.may_see(id)?;
    let registration = Registration {
        name: body.name,
        family: body.family,
        fingerprint: body.fingerprint,
        anchor: body.anchor,
        gateway: body.gateway,
        by: caller.actor(),
    };
    let island = app.ledger.register_island(registration, anchored, app.now()).await?;
    tracing::info!(island = %island.id, name = island.name, "island registered");
    Ok((StatusCode::CREATED, Json(shown(island, app.now())?)))
}

/// Registers another gateway of an island, whoever registered the island. It takes nothing from anybody: the gateway is whose
/// `Opened` event says, and that is proven by evidence.
#[utoipa::path(
    post, path = "/v1/islands/{island}/gateways", operation_id = "register_gateway", tag = "islands",
    params(("island" = String, Path, description = "The island's name or id.")),
    request_body = api::RegisterGateway,
    responses((status = 201, body = api::Island)),
)]
pub(crate) async fn register_gateway(
    State(app): State<App>,
    caller: Caller,
    Path(island): Path<String>,
    Json(body): Json<api::RegisterGateway>,
) -> Result<(StatusCode, Json<api::Island>), Problem> {
    let island = app.island(&island, &caller).await?;
    check_gateway(island.family, &body)?;
    let registered = app.ledger.register_gateway(island.id, &body, &caller.actor(), app.now()).await;
    // Its events are looked for from now on.
    app.ingest.forget(island.id).await;
    let island = registered?;
    tracing::info!(island = %island.id, gateway = %body.id, owner = %body.owner, "gateway registered");
    Ok((StatusCode::CREATED, Json(shown(island, app.now())?)))
}

/// What part of the list to answer.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    /// Most islands: 1 to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// The `next` of the page before.
    next: Option<String>,
}

/// The islands this token may see, by name.
#[utoipa::path(
    get, path = "/v1/islands", operation_id = "list_islands", tag = "islands",
    params(List),
    responses((status = 200, body = api::Page<api::Island>)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<List>,
) -> Result<Json<api::Page<api::Island>>, Problem> {
    let limit = limit(query.limit)?;
    let mut islands = match caller.island {
        Some(only) => app.ledger.island(&causeway_ledger::IslandRef::Id(only)).await?.into_iter().collect(),
        None => app.ledger.islands(query.next.as_deref(), limit + 1).await?,
    };
    let more = islands.len() > limit as usize;
    islands.truncate(limit as usize);
    let next = islands.last().filter(|_| more).map(|island| island.name.clone());
    let items = islands.into_iter().map(|island| shown(island, app.now())).collect::<Result<_, _>>()?;
    Ok(Json(api::Page { items, next }))
}

/// One island, with its gateways, the head of its light client and its validators.
#[utoipa::path(
    get, path = "/v1/islands/{island}", operation_id = "show_island", tag = "islands",
    params(("island" = String, Path, description = "The island's name or id.")),
    responses((status = 200, body = api::Island)),
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(island): Path<String>,
) -> Result<Json<api::Island>, Problem> {
    Ok(Json(shown(app.island(&island, &caller).await?, app.now())?))
}

/// Approves a proven island under the anchor that was compared with its owner: from then on its evidence is recorded.
#[utoipa::path(
    post, path = "/v1/islands/{island}/approve", operation_id = "approve_island", tag = "islands",
    params(("island" = String, Path, description = "The island's name or id.")),
    request_body = api::ApproveIsland,
    responses((status = 200, body = api::Island)),
)]
pub(crate) async fn approve(
    State(app): State<App>,
    caller: Caller,
    Path(island): Path<String>,
    Json(body): Json<api::ApproveIsland>,
) -> Result<Json<api::Island>, Problem> {
    change(&app, &caller, &island, IslandChange::Approve { anchor_digest: body.anchor_digest }, &body.reason)
        .await
}

/// The trust anchor that an island was registered under.
#[utoipa::path(
    get, path = "/v1/islands/{island}/anchor", operation_id = "show_anchor", tag = "islands",
    params(("island" = String, Path, description = "The island's name or id.")),
    responses((status = 200, body = api::Anchor)),
)]
pub(crate) async fn anchor(
    State(app): State<App>,
    caller: Caller,
    Path(island): Path<String>,
) -> Result<Json<api::Anchor>, Problem> {
    let island = app.island(&island, &caller).await?;
    let bytes = app.ledger.anchor(island.id).await?.ok_or_else(|| Problem::not_found("island"))?;
    Ok(Json(api::Anchor { digest: island.anchor_digest, bytes }))
}

/// What part of an island's history to answer.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct History {
    /// Changes after this place; "0" or nothing for all.
    #[param(value_type = Option<Decimal>)]
    after: Option<u64>,
    /// Most changes: 1 to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Everything that was done to an island, by whom and why, oldest first. `next` is the place to pass as `after`.
#[utoipa::path(
    get, path = "/v1/islands/{island}/history", operation_id = "island_history", tag = "islands",
    params(("island" = String, Path, description = "The island's name or id."), History),
    responses((status = 200, body = api::Page<api::IslandEvent>)),
)]
pub(crate) async fn history(
    State(app): State<App>,
    caller: Caller,
    Path(island): Path<String>,
    Query(query): Query<History>,
) -> Result<Json<api::Page<api::IslandEvent>>, Problem> {
    let limit = limit(query.limit)?;
    let island = app.island(&island, &caller).await?;
    let mut items = app.ledger.island_history(island.id, query.after.unwrap_or(0), limit + 1).await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = items.last().filter(|_| more).map(|event| event.sequence.to_string());
    Ok(Json(api::Page { items, next }))
}

/// Declares a handler for each step of an island's life that takes only a reason.
macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident, $change:ident, $path:literal, $id:literal;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(
            post, path = $path, operation_id = $id, tag = "islands",
            params(("island" = String, Path, description = "The island's name or id.")),
            request_body = api::ChangeIsland,
            responses((status = 200, body = api::Island)),
        )]
        pub(crate) async fn $name(
            State(app): State<App>,
            caller: Caller,
            Path(island): Path<String>,
            Json(body): Json<api::ChangeIsland>,
        ) -> Result<Json<api::Island>, Problem> {
            change(&app, &caller, &island, IslandChange::$change, &body.reason).await
        }
    )*};
}

steps! {
    /// Suspends an island: its evidence is recorded, nothing new is delivered to it or from it.
    suspend, Suspend, "/v1/islands/{island}/suspend", "suspend_island";
    /// Resumes a suspended island; what was held goes on.
    resume, Resume, "/v1/islands/{island}/resume", "resume_island";
    /// Freezes an island: its evidence is kept, unverified, and nothing is signed about it.
    freeze, Freeze, "/v1/islands/{island}/freeze", "freeze_island";
    /// Retires an island for good: packets of it go home, nothing new is delivered, and once none is open it is retired.
    retire, Retire, "/v1/islands/{island}/retire", "retire_island";
}

/// Where a relayer resumes: the head the next run has to link to, and which event numbers are missing.
#[utoipa::path(
    get, path = "/v1/islands/{island}/cursor", operation_id = "cursor", tag = "islands",
    params(("island" = String, Path, description = "The island's name or id.")),
    responses((status = 200, body = api::Cursor)),
)]
pub(crate) async fn cursor(
    State(app): State<App>,
    caller: Caller,
    Path(island): Path<String>,
) -> Result<Json<api::Cursor>, Problem> {
    let island = app.island(&island, &caller).await?;
    app.ledger.cursor(island.id).await?.map(Json).ok_or_else(|| Problem::not_found("island"))
}

/// Which recorded header is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct At {
    /// The lowest height that will do.
    #[param(value_type = Decimal)]
    at: u64,
}

/// The lowest recorded header at a height or above it: where a back-fill can end.
#[utoipa::path(
    get, path = "/v1/islands/{island}/recorded", operation_id = "recorded_header", tag = "islands",
    params(("island" = String, Path, description = "The island's name or id."), At),
    responses((status = 200, body = api::RecordedHeader)),
)]
pub(crate) async fn recorded(
    State(app): State<App>,
    caller: Caller,
    Path(island): Path<String>,
    Query(query): Query<At>,
) -> Result<Json<api::RecordedHeader>, Problem> {
    let island = app.island(&island, &caller).await?;
    let header = app.ledger.recorded_header(island.id, query.at).await?;
    header.map(Json).ok_or_else(|| Problem::not_found("recorded header at or above this height"))
}

async fn change(
    hub: &Hub,
    caller: &Caller,
    named: &str,
    step: IslandChange,
    reason: &str,
) -> Result<Json<api::Island>, Problem> {
    if reason.trim().is_empty() || reason.len() > MAX_REASON {
        let detail = format!("expected a reason of 1 to {MAX_REASON} bytes, got {}", reason.len());
        return Err(Problem::new(ProblemCode::InvalidBody, detail));
    }
    let island = hub.island(named, caller).await?;
    let changed = hub.ledger.change_island(island.id, step, &caller.actor(), reason, hub.now()).await;
    hub.ingest.forget(island.id).await;
    let changed = changed?;
    tracing::info!(island = %changed.id, name = changed.name, state = ?changed.state, reason, "island changed");
    Ok(Json(shown(changed, hub.now())?))
}

/// An island as it is shown, its validators put in words by its light client.
pub(crate) fn shown(island: IslandRecord, now: OffsetDateTime) -> Result<api::Island, Problem> {
    let state = ClientState { family: island.family, bytes: island.client_state.clone() };
    let unreadable = |what: String| {
        tracing::error!(island = %island.id, what, "a recorded client state cannot be read");
        Problem::new(ProblemCode::Internal, "the island's client state cannot be read")
    };
    let client = light_client(island.family).map_err(|error| unreadable(error.to_string()))?;
    let summary = client.summary(&state).map_err(|refusal| unreadable(refusal.to_string()))?;
    let validators = summary.validators.iter().map(const_hex::encode_prefixed).collect();
    let trust = trust::of(&summary, now);
    Ok(island.into_api(trust, validators))
}

fn check_name(name: &str) -> Result<(), Problem> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(fits) {
        return Ok(());
    }
    let came: String = name.chars().take(80).collect();
    let detail = format!("name is {came:?}, expected 1 to {MAX_NAME} of a–z, 0–9 and -");
    Err(Problem::new(ProblemCode::InvalidBody, detail))
}

/// A gateway's address fits its family, and somebody owns it.
fn check_gateway(family: Family, gateway: &api::RegisterGateway) -> Result<(), Problem> {
    if gateway.owner == Address::ZERO {
        return Err(Problem::new(
            ProblemCode::InvalidBody,
            "gateway.owner is zero, expected its owner's address",
        ));
    }
    check_address(family, &gateway.address)
}

/// A gateway's address has the form its family gives it.
fn check_address(family: Family, address: &[u8]) -> Result<(), Problem> {
    let (fits, expected) = match family {
        Family::Qbft | Family::Ibft2 | Family::Ibft | Family::FiscoBcos => {
            (address.len() == 20 && address.iter().any(|byte| *byte != 0), "20 bytes, not all zero")
        }
        Family::Fabric | Family::CometBft | Family::ChainMaker => (
            (1..=128).contains(&address.len()) && std::str::from_utf8(address).is_ok(),
            "1 to 128 bytes of UTF-8",
        ),
    };
    if fits {
        return Ok(());
    }
    let detail = format!("gateway.address has {} bytes, expected {expected}", address.len());
    Err(Problem::new(ProblemCode::InvalidBody, detail))
}

/// An anchor at genesis has to be of the chain that was named.
fn check_fingerprint(anchored: &Verified<Anchored>, named: Hash) -> Result<(), Problem> {
    match anchored.fingerprint {
        Some(genesis) if genesis != named => {
            let detail = format!("fingerprint is {named}, the anchor's genesis block is {genesis}");
            Err(Problem::new(ProblemCode::AnchorRefused, detail))
        }
        _ if named.is_zero() => Err(Problem::new(
            ProblemCode::InvalidBody,
            "fingerprint is zero, expected the genesis block's hash",
        )),
        _ => Ok(()),
    }
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Ledger(error) => error.into(),
            RegisterError::Gateway(error) => error.into(),
            taken => Self::new(ProblemCode::IslandTaken, taken.to_string()),
        }
    }
}

impl From<ClaimError> for Problem {
    fn from(error: ClaimError) -> Self {
        let code = match error {
            ClaimError::Ledger(error) => return error.into(),
            ClaimError::NoSuchIsland => return Self::not_found("island"),
            ClaimError::IslandState(_) => ProblemCode::IslandState,
            ClaimError::IdDiffers { .. } => ProblemCode::GatewayId,
            ClaimError::Claimed { .. } | ClaimError::OtherOwner { .. } => ProblemCode::GatewayTaken,
            ClaimError::TooMany => ProblemCode::GatewayLimit,
        };
        Self::new(code, error.to_string())
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Ledger(error) => error.into(),
            ChangeError::NoSuchIsland => Self::not_found("island"),
            ChangeError::AnchorDiffers { .. } => Self::new(ProblemCode::AnchorMismatch, error.to_string()),
            refused => Self::new(ProblemCode::IslandState, refused.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_island_name_is_short_and_plain() {
        for good in ["a", "harbour-2", &"x".repeat(64)] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for odd in ["", "A", "a b", "a/b", "ä", "a\0", &"x".repeat(65)] {
            assert!(check_name(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_gateway_address_has_the_form_of_its_family() {
        assert!(check_address(Family::Qbft, &[1; 20]).is_ok());
        for odd in [&[][..], &[0; 20], &[1; 19], &[1; 21]] {
            assert!(check_address(Family::Ibft, odd).is_err(), "{odd:?}");
        }
        assert!(check_address(Family::Fabric, b"gateway").is_ok());
        assert!(check_address(Family::Fabric, b"").is_err());
        assert!(check_address(Family::Fabric, &[0xff]).is_err());
    }
}
