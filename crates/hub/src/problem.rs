//! Refusals as RFC 9457 problem documents: a stable code, what was wrong, and what to do next.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use causeway_api as api;

use crate::extract::{Json, Path};

/// Declares the codes with everything a client is told about them, in one table.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:ident, $title:literal, $next:literal;)*) => {
        /// Every kind of problem this interface answers. The names are promises: programs branch on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemCode {
            $($(#[$doc])* $variant,)*
        }

        impl ProblemCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable, kebab-case name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The HTTP status it is answered with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// The kind of problem in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What to do next, unless the case says something better.
            pub const fn next(self) -> &'static str {
                match self { $(Self::$variant => $next,)* }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    MalformedJson = "malformed-json", BAD_REQUEST, "The body is not JSON", "Send one JSON document.";
    /// The JSON nests deeper than allowed.
    TooDeep = "json-too-deep", BAD_REQUEST, "The JSON nests too deep", "Send the document that /openapi.json describes.";
    /// The JSON is not of the expected shape, or a value in it is not allowed.
    InvalidBody = "invalid-body", UNPROCESSABLE_ENTITY, "The body is not what this route takes", "Compare it with the schema in /openapi.json.";
    /// A stream of envelopes whose lengths do not add up.
    MalformedStream = "malformed-stream", BAD_REQUEST, "The stream of envelopes cannot be split", "Put each envelope's length before it, four bytes, big-endian.";
    /// A query parameter is unknown or has a value that is not allowed.
    InvalidQuery = "invalid-query", BAD_REQUEST, "A query parameter is unknown or wrong", "Use the parameters that /openapi.json lists for this route.";
    /// A part of the path is not an id or a name.
    InvalidPath = "invalid-path", BAD_REQUEST, "A part of the path is not an id", "Ids are 0x and hex digits; islands may also be named.";
    /// A header has a value that is not allowed.
    InvalidHeader = "invalid-header", BAD_REQUEST, "A header has a value that is not allowed", "Correct the header named in the detail.";
    /// The content type is none this route takes.
    UnsupportedMediaType = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The content type is not taken here", "Send the content type that the detail names.";
    /// The body is larger than allowed.
    BodyTooLarge = "body-too-large", PAYLOAD_TOO_LARGE, "The body is too large", "Send less in one request.";
    /// The headers are larger than allowed.
    HeadersTooLarge = "headers-too-large", REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large", "Send fewer and shorter headers.";
    /// No bearer token, or one that is unknown, revoked or expired.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "A valid bearer token is needed", "Send `Authorization: Bearer …` with a token that the hub's operator made for you.";
    /// The token's role may not do this.
    Forbidden = "forbidden", FORBIDDEN, "The token's role may not do this", "Use a token of a role that the detail names.";
    /// No such thing, or not the caller's.
    NotFound = "not-found", NOT_FOUND, "There is no such thing here", "Check the id or the name; things of others are not shown.";
    /// No route has this path.
    NoSuchRoute = "no-such-route", NOT_FOUND, "No route has this path", "See /openapi.json for every route.";
    /// The route does not take this method.
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "The route does not take this method", "See /openapi.json, or the Allow header.";
    /// The name is taken by another island, or the same island is registered under other terms.
    IslandTaken = "island-taken", CONFLICT, "The island or its name is registered already", "Choose another name, or use the island that is there.";
    /// The gateway is registered under this owner, or another owner opened it.
    GatewayTaken = "gateway-taken", CONFLICT, "The gateway is registered already, or is another owner's", "Read the island: it lists its gateways and their owners.";
    /// The gateway's id does not follow from island, address and birth.
    GatewayId = "gateway-id", UNPROCESSABLE_ENTITY, "The gateway's id does not follow from the rest", "Give the hash of the block before the one the gateway was opened in.";
    /// Too many gateways that are not open.
    GatewayLimit = "gateway-limit", CONFLICT, "Too many gateways wait for their opening", "Prove the gateways registered before, or ask the operator.";
    /// The island's state does not allow this step.
    IslandState = "island-state", CONFLICT, "The island's state does not allow this", "Read the island's state first.";
    /// The approval names another anchor than the one registered.
    AnchorMismatch = "anchor-mismatch", CONFLICT, "The anchor approved is not the anchor registered", "Compare the anchor's bytes with the owner, then approve the SHA-256 of those.";
    /// The trust anchor cannot be used.
    AnchorRefused = "anchor-refused", UNPROCESSABLE_ENTITY, "The trust anchor cannot be used", "Build the anchor again as docs/formats.md says.";
    /// No light client for this family.
    UnsupportedFamily = "unsupported-family", UNPROCESSABLE_ENTITY, "There is no light client for this family yet", "Use one of the families that the detail names.";
    /// The Idempotency-Key was used with another body.
    IdempotencyMismatch = "idempotency-mismatch", UNPROCESSABLE_ENTITY, "This Idempotency-Key was used with another body", "Use a new key for a new request.";
    /// A request with this Idempotency-Key is being worked on.
    IdempotencyInFlight = "idempotency-in-flight", CONFLICT, "A request with this Idempotency-Key is in flight", "Wait for its answer, then ask again with the same key.";
    /// The answer to this Idempotency-Key held a secret, which is shown once.
    SecretShownOnce = "secret-shown-once", CONFLICT, "The answer held a secret that is shown once", "If the secret was lost, revoke the token and make another.";
    /// What was recorded is not in the log yet, or this hub writes none.
    NotLogged = "not-logged", SERVICE_UNAVAILABLE, "The log does not hold it yet", "Try again after Retry-After; if /checkpoint is not there, ask the operator to switch the log on.";
    /// There is more evidence than a bundle holds.
    BundleTooLarge = "bundle-too-large", CONFLICT, "There is more evidence than a bundle holds", "Fetch the islands' evidence piece by piece, and check it with `causeway verify evidence`.";
    /// The token is revoked, was rotated before, or has ended.
    TokenOver = "token-over", CONFLICT, "The token has ended or was rotated before", "Make a new token.";
    /// The token asks faster than allowed.
    RateLimited = "rate-limited", TOO_MANY_REQUESTS, "Too many requests with this token", "Wait as long as Retry-After says.";
    /// Too many requests at once.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "The hub is busy", "Try again after Retry-After.";
    /// The keys of the issuer that people sign in at are not known.
    IdentityUnavailable = "identity-unavailable", SERVICE_UNAVAILABLE, "The issuer of the token cannot be asked", "Try again after Retry-After, or use a token of the hub.";
    /// The hub is stopping.
    ShuttingDown = "shutting-down", SERVICE_UNAVAILABLE, "The hub is stopping", "Try again after Retry-After.";
    /// The request took longer than allowed.
    TimedOut = "timed-out", SERVICE_UNAVAILABLE, "The request took too long", "Try again; submitting the same evidence twice is harmless.";
    /// Postgres does not answer.
    LedgerUnavailable = "ledger-unavailable", SERVICE_UNAVAILABLE, "The ledger does not answer", "Try again after Retry-After; nothing was acknowledged.";
    /// A defect in the hub.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something is wrong in the hub", "Tell the operator the request's x-request-id.";
}

/// What a code means: the page that `type` in a problem document refers to.
#[utoipa::path(
    get, path = "/problems/{code}", operation_id = "problem", tag = "operations",
    params(("code" = String, Path, description = "The code.")),
    responses((status = 200, body = api::Problem)),
)]
pub(crate) async fn explain(Path(code): Path<String>) -> Result<Json<api::Problem>, Problem> {
    let known = ProblemCode::ALL.iter().find(|known| known.as_str() == code);
    let known = known.ok_or_else(|| Problem::not_found("problem"))?;
    Ok(Json(Problem::new(*known, known.title()).document()))
}

/// One refusal: its code, and what was expected and what came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    code: ProblemCode,
    detail: String,
    next: Option<String>,
    header: Option<(HeaderName, String)>,
}

impl Problem {
    /// A problem of this kind, and what was expected and what came.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), next: None, header: None }
    }

    /// Says what to do next in this case, instead of what the code says in general.
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Tells the client when to try again.
    pub fn retry_after(self, seconds: u64) -> Self {
        self.with_header(header::RETRY_AFTER, seconds.to_string())
    }

    /// Adds a header to the answer.
    pub fn with_header(mut self, name: HeaderName, value: String) -> Self {
        self.header = Some((name, value));
        self
    }

    /// Its kind.
    pub fn code(&self) -> ProblemCode {
        self.code
    }

    /// What was expected and what came.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Not there, or not the caller's: the answer is the same, so that nobody learns what others have.
    pub fn not_found(what: &str) -> Self {
        Self::new(ProblemCode::NotFound, format!("no such {what}, or it is not yours to see"))
    }

    /// The document that is sent.
    pub fn document(&self) -> api::Problem {
        api::Problem {
            r#type: format!("/problems/{}", self.code.as_str()),
            title: self.code.title().to_owned(),
            status: self.code.status().as_u16(),
            code: self.code.as_str().to_owned(),
            detail: self.detail.clone(),
            next: self.next.clone().unwrap_or_else(|| self.code.next().to_owned()),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.document()).unwrap_or_default();
        let mut response = (self.code.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some((name, value)) = self.header
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            headers.insert(name, value);
        }
        response.extensions_mut().insert(self.code);
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_a_name_of_its_own_a_title_and_a_next_step() {
        let names: BTreeSet<_> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), ProblemCode::ALL.len());
        for code in ProblemCode::ALL {
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code:?}");
            assert!(code.status().is_client_error() || code.status().is_server_error(), "{code:?}");
            assert!(code.title().len() > 9 && code.next().ends_with('.'), "{code:?}");
        }
    }

    #[test]
    fn the_document_says_what_the_case_says_and_else_what_the_code_says() {
        let general = Problem::new(ProblemCode::NotFound, "no such packet");
        assert_eq!(general.document().next, ProblemCode::NotFound.next());
        let special = general.next("Look again.");
        assert_eq!(special.document().next, "Look again.");
        assert_eq!(special.document().status, 404);
        assert_eq!(special.document().r#type, "/problems/not-found");
    }
}
