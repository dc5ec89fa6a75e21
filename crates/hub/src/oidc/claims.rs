//! What a JWT says.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::clock::unix_seconds;

/// Longest name of a person in the history, in characters.
const MAX_NAME: usize = 128;

/// Why claims do not count now.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ClaimError {
    #[error("it ended at {exp}, it is {now}")]
    Ended { exp: u64, now: u64 },
    #[error("it begins at {nbf}, it is {now}")]
    NotYet { nbf: u64, now: u64 },
    #[error("it was issued at {iat}, it is {now}")]
    FromTheFuture { iat: u64, now: u64 },
}

/// The claims that matter. Issuer and audience are checked before anything here is looked at.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    exp: u64,
    nbf: Option<u64>,
    iat: Option<u64>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Claims {
    /// `nbf ≤ now < exp` and `iat ≤ now`, each give or take `leeway`.
    pub(crate) fn check_times(&self, now: OffsetDateTime, leeway: Duration) -> Result<(), ClaimError> {
        let (now, leeway) = (unix_seconds(now), leeway.as_secs());
        if now >= self.exp.saturating_add(leeway) {
            return Err(ClaimError::Ended { exp: self.exp, now });
        }
        let latest = now.saturating_add(leeway);
        match (self.nbf, self.iat) {
            (Some(nbf), _) if nbf > latest => Err(ClaimError::NotYet { nbf, now }),
            (_, Some(iat)) if iat > latest => Err(ClaimError::FromTheFuture { iat, now }),
            _ => Ok(()),
        }
    }

    /// The texts at `path`, whose parts are separated by dots: one text, or a list of them.
    pub(crate) fn values(&self, path: &str) -> Vec<&str> {
        // A claim may have a dot in its name, as those that are URLs do.
        let found = self.others.get(path).or_else(|| {
            let mut parts = path.split('.');
            let first = self.others.get(parts.next()?)?;
            parts.try_fold(first, |value, part| value.get(part))
        });
        match found {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// What people call its holder, for the history: the issuer's word, so the subject stands with it.
    pub(crate) fn name(&self) -> String {
        let called = ["preferred_username", "email", "name"]
            .iter()
            .find_map(|claim| self.others.get(*claim).and_then(Value::as_str));
        let whole = match called {
            Some(called) => format!("{called} ({})", self.sub),
            None => self.sub.clone(),
        };
        whole.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        serde_json::from_value(value).unwrap()
    }

    fn at(now: i64, claims: &Claims) -> Result<(), ClaimError> {
        claims.check_times(OffsetDateTime::from_unix_timestamp(now).unwrap(), Duration::from_secs(10))
    }

    #[test]
    fn times_count_with_the_leeway_and_not_a_second_more() {
        let all = claims(json!({ "sub": "eve", "nbf": 100, "iat": 100, "exp": 200 }));
        for (now, good) in [(89, false), (90, true), (209, true), (210, false)] {
            assert_eq!(at(now, &all).is_ok(), good, "{now}");
        }
        let issued = claims(json!({ "sub": "eve", "iat": 100, "exp": 200 }));
        assert_eq!(at(89, &issued), Err(ClaimError::FromTheFuture { iat: 100, now: 89 }));
        assert!(at(0, &claims(json!({ "sub": "eve", "exp": 200 }))).is_ok());
        assert!(at(i64::from(u32::MAX), &claims(json!({ "sub": "eve", "exp": u64::MAX }))).is_ok());
    }

    #[test]
    fn no_time_to_end_or_an_odd_one_is_no_claim() {
        for odd in [
            json!({ "sub": "eve" }),
            json!({ "sub": "eve", "exp": "200" }),
            json!({ "sub": "eve", "exp": -1 }),
        ] {
            assert!(serde_json::from_value::<Claims>(odd).is_err());
        }
    }

    #[test]
    fn values_are_found_by_name_or_by_path() {
        let claims = claims(json!({
            "sub": "eve", "exp": 1, "role": "one", "groups": ["a", 1, "b"],
            "realm_access": { "roles": ["c"] }, "https://example/roles": "d",
        }));
        assert_eq!(claims.values("role"), ["one"]);
        assert_eq!(claims.values("groups"), ["a", "b"]);
        assert_eq!(claims.values("realm_access.roles"), ["c"]);
        assert_eq!(claims.values("https://example/roles"), ["d"]);
        for none in ["", ".", "absent", "realm_access", "role.x", "groups.0"] {
            assert!(claims.values(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn a_name_stands_with_its_subject_in_one_short_line() {
        let named = claims(json!({ "sub": "42", "exp": 1, "email": "eve@example\n.org" }));
        assert_eq!(named.name(), "eve@example.org (42)");
        let long = claims(json!({ "sub": "x".repeat(1000), "exp": 1 }));
        assert_eq!(long.name().len(), MAX_NAME);
    }
}
