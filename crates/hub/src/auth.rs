//! Who is asking: bearer tokens, hashed at rest, and the roles they give.

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, HeaderMap, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use causeway_api::Role;
use causeway_protocol::{Address, Hash, IslandId, keccak256};
use rand::TryRngCore;
use rand::rngs::OsRng;
use uuid::Uuid;

use crate::oidc;
use crate::problem::{Problem, ProblemCode};

/// How every token begins, so that scanners find a leaked one.
const PREFIX: &str = "causeway_";
/// Longest bearer token that is looked at.
const MAX_SECRET: usize = 256;

/// Who is asking, as their token says. Only the gate makes one, from a token that counts now.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Rates and idempotency keys are counted by it: the token's id, or one for the person.
    pub(crate) credential: Uuid,
    /// The hub's token, unless a person came with a JWT.
    pub(crate) token: Option<Uuid>,
    /// What the token is for, in its maker's words, or the person's name.
    pub(crate) name: String,
    /// Its role.
    pub(crate) role: Role,
    /// Relayer, attestor: the key it is bound to.
    pub(crate) address: Option<Address>,
    /// The only island it may act for.
    pub(crate) island: Option<IslandId>,
}

impl Caller {
    /// The island this caller may act for has to be `island`: everything else is not there for them.
    pub(crate) fn may_see(&self, island: IslandId) -> Result<(), Problem> {
        match self.island {
            Some(only) if only != island => Err(Problem::not_found("island")),
            _ => Ok(()),
        }
    }

    /// The key this caller's token is bound to.
    pub(crate) fn bound_address(&self) -> Result<Address, Problem> {
        self.address
            .ok_or_else(|| Problem::new(ProblemCode::Forbidden, "this token is bound to no key's address"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(unauthenticated)
    }
}

/// A new bearer token: 256 random bits.
pub(crate) fn new_secret() -> Result<String, Problem> {
    let mut bits = [0; 32];
    OsRng
        .try_fill_bytes(&mut bits)
        .map_err(|_| Problem::new(ProblemCode::Internal, "the system gave no random bytes"))?;
    Ok(format!("{PREFIX}{}", const_hex::encode(bits)))
}

/// What is stored of a token. It is looked up by this hash, so how long a look-up takes says nothing about any token: the
/// bits that could be learned belong to the hash, and nobody can aim at a hash.
pub(crate) fn secret_hash(secret: &str) -> Hash {
    keccak256(secret.as_bytes())
}

/// A bearer token as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Presented {
    /// A token of the hub, by its hash.
    Token(Hash),
    /// A JWT; nothing in it is known to be true.
    Jwt(String),
}

/// The bearer token in these headers.
pub(crate) fn presented(headers: &HeaderMap) -> Result<Presented, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(unauthenticated());
    };
    let (scheme, secret) =
        value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(unauthenticated)?;
    let secret = secret.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || secret.is_empty() {
        return Err(unauthenticated());
    }
    match secret.len() {
        ..=oidc::MAX_JWT if oidc::is_jwt(secret) => Ok(Presented::Jwt(secret.to_owned())),
        ..=MAX_SECRET => Ok(Presented::Token(secret_hash(secret))),
        _ => Err(unauthenticated()),
    }
}

/// The one answer to a missing, malformed, unknown, revoked or expired token.
pub(crate) fn unauthenticated() -> Problem {
    Problem::new(
        ProblemCode::Unauthenticated,
        "expected a bearer token that is known, not revoked and not expired",
    )
    .with_header(WWW_AUTHENTICATE, "Bearer realm=\"causeway\"".to_owned())
}

/// A role's name, as it is written in the interface.
pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Operator => "operator",
        Role::Owner => "owner",
        Role::Relayer => "relayer",
        Role::Attestor => "attestor",
        Role::Auditor => "auditor",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(value: &str) -> Result<Presented, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        presented(&headers)
    }

    #[test]
    fn a_token_is_long_random_and_recognisable() {
        let (one, two) = (new_secret().unwrap(), new_secret().unwrap());
        assert_ne!(one, two);
        assert!(one.starts_with(PREFIX) && one.len() == PREFIX.len() + 64);
        assert_eq!(with(&format!("Bearer {one}")), Ok(Presented::Token(secret_hash(&one))));
        assert_eq!(with(&format!("bearer {one}")), Ok(Presented::Token(secret_hash(&one))));
    }

    #[test]
    fn anything_but_one_bearer_token_is_unauthenticated() {
        for odd in ["", "Bearer", "Bearer ", "Basic YTpi", "Token x", &format!("Bearer {}", "x".repeat(257))]
        {
            assert_eq!(with(odd).unwrap_err().code(), ProblemCode::Unauthenticated, "{odd:?}");
        }
        assert!(presented(&HeaderMap::new()).is_err());
        let mut twice = HeaderMap::new();
        twice.append(AUTHORIZATION, "Bearer a".parse().unwrap());
        twice.append(AUTHORIZATION, "Bearer b".parse().unwrap());
        assert!(presented(&twice).is_err());
    }

    #[test]
    fn an_island_of_others_is_not_there() {
        let mut caller = Caller {
            credential: Uuid::nil(),
            token: None,
            name: String::new(),
            role: Role::Relayer,
            address: None,
            island: None,
        };
        assert!(caller.may_see(IslandId([1; 32])).is_ok());
        caller.island = Some(IslandId([2; 32]));
        assert_eq!(caller.may_see(IslandId([1; 32])).unwrap_err().code(), ProblemCode::NotFound);
        assert!(caller.may_see(IslandId([2; 32])).is_ok());
    }
}
