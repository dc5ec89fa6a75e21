//! Bearer tokens: the operator makes, rotates and revokes them.

use axum::extract::State;
use axum::http::StatusCode;
use causeway_api::{self as api, Role};
use causeway_ledger::RotateError;
use causeway_protocol::Address;
use serde::Deserialize;
use time::OffsetDateTime;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::app::{App, limit};
use crate::auth::{self, Caller};
use crate::extract::{Json, Path, Query};
use crate::problem::{Problem, ProblemCode};

/// Longest name of a token, in bytes.
const MAX_NAME: usize = 128;
/// Longest time for which a rotated token is still taken, in seconds.
const MAX_GRACE: u32 = 7 * 24 * 60 * 60;

/// Makes a token. This answer is the only one that ever holds its secret.
#[utoipa::path(
    post, path = "/v1/tokens", operation_id = "create_token", tag = "tokens",
    request_body = api::CreateToken,
    responses((status = 201, body = api::CreatedToken)),
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<api::CreateToken>,
) -> Result<(StatusCode, Json<api::CreatedToken>), Problem> {
    check(&body).map_err(|detail| Problem::new(ProblemCode::InvalidBody, detail))?;
    check_end(body.expires_at, app.now())?;
    let secret = auth::new_secret()?;
    let token = app.ledger.create_token(body, auth::secret_hash(&secret), app.now()).await?;
    tracing::info!(token = %token.id, name = token.name, role = ?token.role, by = caller.name, "token made");
    Ok((StatusCode::CREATED, Json(api::CreatedToken { secret, token })))
}

/// What part of the list to answer.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    /// Most tokens: 1 to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    next: Option<Uuid>,
}

/// Every token, oldest first, revoked ones included; never a secret.
#[utoipa::path(
    get, path = "/v1/tokens", operation_id = "list_tokens", tag = "tokens",
    params(List),
    responses((status = 200, body = api::Page<api::Token>)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Query(query): Query<List>,
) -> Result<Json<api::Page<api::Token>>, Problem> {
    let limit = limit(query.limit)?;
    let mut items = app.ledger.tokens(query.next, limit + 1).await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = items.last().filter(|_| more).map(|token| token.id.to_string());
    Ok(Json(api::Page { items, next }))
}

/// Replaces a token by a new one for the same role, key and island. This answer is the only one that ever holds the new secret. The
/// old one is taken for `grace` seconds more. Refused when it is revoked, was rotated before, or has ended.
#[utoipa::path(
    post, path = "/v1/tokens/{id}/rotate", operation_id = "rotate_token", tag = "tokens",
    params(("id" = Uuid, Path, description = "The token's id.")),
    request_body = api::RotateToken,
    responses((status = 201, body = api::CreatedToken)),
)]
pub(crate) async fn rotate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<api::RotateToken>,
) -> Result<(StatusCode, Json<api::CreatedToken>), Problem> {
    if body.grace > MAX_GRACE {
        let detail = format!("grace is {} seconds, at most {MAX_GRACE} are allowed", body.grace);
        return Err(Problem::new(ProblemCode::InvalidBody, detail));
    }
    check_end(body.expires_at, app.now())?;
    let secret = auth::new_secret()?;
    let hash = auth::secret_hash(&secret);
    let token = app.ledger.rotate_token(id, &body, hash, &caller.actor(), app.now()).await?;
    tracing::info!(token = %id, successor = %token.id, name = token.name, by = caller.name, "token rotated");
    Ok((StatusCode::CREATED, Json(api::CreatedToken { secret, token })))
}

/// Revokes a token, at once and for good. Revoking it again changes nothing.
#[utoipa::path(
    post, path = "/v1/tokens/{id}/revoke", operation_id = "revoke_token", tag = "tokens",
    params(("id" = Uuid, Path, description = "The token's id.")),
    responses((status = 200, body = api::Token)),
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<api::Token>, Problem> {
    let token = app.ledger.revoke_token(id, &caller.actor(), app.now()).await?;
    let token = token.ok_or_else(|| Problem::not_found("token"))?;
    tracing::info!(token = %token.id, name = token.name, by = caller.name, "token revoked");
    Ok(Json(token))
}

fn check_end(expires_at: Option<OffsetDateTime>, now: OffsetDateTime) -> Result<(), Problem> {
    match expires_at {
        Some(end) if end <= now => {
            Err(Problem::new(ProblemCode::InvalidBody, "expires_at: expected a time to come"))
        }
        _ => Ok(()),
    }
}

impl From<RotateError> for Problem {
    fn from(error: RotateError) -> Self {
        match error {
            RotateError::Ledger(error) => error.into(),
            RotateError::NoSuchToken => Self::not_found("token"),
            RotateError::Over => Self::new(ProblemCode::TokenOver, error.to_string()),
        }
    }
}

/// Each role is bound to what it acts with, and to nothing else.
fn check(token: &api::CreateToken) -> Result<(), String> {
    let name = token.name.trim();
    if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(format!("name: expected 1 to {MAX_NAME} bytes without control characters"));
    }
    let signs = matches!(token.role, Role::Relayer | Role::Attestor);
    match token.address {
        None if signs => return Err("address: relayers and attestors need their key's address".to_owned()),
        Some(_) if !signs => return Err("address: only relayers and attestors are bound to a key".to_owned()),
        Some(Address::ZERO) => return Err("address: expected a key's address, got zero".to_owned()),
        _ => {}
    }
    if token.island.is_some() && !matches!(token.role, Role::Owner | Role::Relayer) {
        return Err("island: only owners and relayers are bound to an island".to_owned());
    }
    if token.held_by_hub && token.role != Role::Attestor {
        return Err("held_by_hub: only an attestor's key can be held by the hub's operator".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use causeway_protocol::IslandId;

    use super::*;

    fn token(role: Role) -> api::CreateToken {
        let signs = matches!(role, Role::Relayer | Role::Attestor);
        let address = signs.then_some(Address([1; 20]));
        let name = "test".to_owned();
        api::CreateToken { name, role, address, island: None, held_by_hub: false, expires_at: None }
    }

    #[test]
    fn every_role_is_bound_to_what_it_acts_with_and_nothing_else() {
        for role in [Role::Operator, Role::Owner, Role::Relayer, Role::Attestor, Role::Auditor] {
            let good = token(role);
            assert!(check(&good).is_ok(), "{role:?}");
            let toggled = api::CreateToken {
                address: if good.address.is_some() { None } else { Some(Address([1; 20])) },
                ..good.clone()
            };
            assert!(check(&toggled).is_err(), "{role:?}");
            let bound = api::CreateToken { island: Some(IslandId([1; 32])), ..good.clone() };
            assert_eq!(check(&bound).is_ok(), matches!(role, Role::Owner | Role::Relayer), "{role:?}");
            let held = api::CreateToken { held_by_hub: true, ..good };
            assert_eq!(check(&held).is_ok(), role == Role::Attestor, "{role:?}");
        }
    }

    #[test]
    fn a_token_has_a_printable_name_and_no_zero_address() {
        for odd in ["", "  ", "a\nb", &"x".repeat(129)] {
            assert!(
                check(&api::CreateToken { name: odd.to_owned(), ..token(Role::Auditor) }).is_err(),
                "{odd:?}"
            );
        }
        let zero = api::CreateToken { address: Some(Address::ZERO), ..token(Role::Relayer) };
        assert!(check(&zero).is_err());
    }
}
