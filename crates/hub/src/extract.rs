//! What a request says, read strictly: every failure is a problem document.

use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::problem::{Problem, ProblemCode};

/// A JSON document, in a request or an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        expect_media_type(request.headers(), &["application/json"])?;
        let body = Bytes::from_request(request, app).await.map_err(body_problem)?;
        check_depth(&body, app.config.limits.json_depth)?;
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            let code = if error.is_data() { ProblemCode::InvalidBody } else { ProblemCode::MalformedJson };
            Problem::new(code, error.to_string())
        })
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// A body as bytes, within the route's limit.
#[derive(Debug)]
pub(crate) struct Body(pub(crate) Bytes);

impl FromRequest<App> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        Bytes::from_request(request, app).await.map(Self).map_err(body_problem)
    }
}

/// The query's parameters: unknown ones are refused by the type.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri)
            .map(|query| Self(query.0))
            .map_err(|rejection| Problem::new(ProblemCode::InvalidQuery, rejection.body_text()))
    }
}

/// The path's parameters.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::<T>::from_request_parts(parts, state)
            .await
            .map(|path| Self(path.0))
            .map_err(|rejection| Problem::new(ProblemCode::InvalidPath, rejection.body_text()))
    }
}

/// Refuses a request whose content type is none of `taken`, where parameters after `;` do not count, or whose content was
/// encoded in a way that nothing has decoded.
pub(crate) fn expect_media_type(headers: &header::HeaderMap, taken: &[&str]) -> Result<(), Problem> {
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING) {
        let detail = format!("content encoding {encoding:?}, expected gzip or none");
        return Err(Problem::new(ProblemCode::UnsupportedMediaType, detail));
    }
    let came = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("none");
    let essence = came.split(';').next().unwrap_or_default().trim();
    if taken.iter().any(|known| known.eq_ignore_ascii_case(essence)) {
        return Ok(());
    }
    let detail = format!("expected {}, got {came}", taken.join(" or "));
    Err(Problem::new(ProblemCode::UnsupportedMediaType, detail))
}

fn body_problem(rejection: BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(ProblemCode::BodyTooLarge, "the body is larger than this route takes")
    } else {
        Problem::new(ProblemCode::MalformedJson, rejection.body_text())
    }
}

/// Refuses JSON that nests deeper than `most`, before anything is built from it.
fn check_depth(json: &[u8], most: usize) -> Result<(), Problem> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > most {
                    let detail = format!("nested deeper than {most} levels");
                    return Err(Problem::new(ProblemCode::TooDeep, detail));
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_23_deep_json_is_refused_before_it_is_parsed() {
        assert!(check_depth(b"[[[1]]]", 3).is_ok());
        let refused = check_depth(b"[[[[1]]]]", 3).unwrap_err();
        assert_eq!(refused.code(), ProblemCode::TooDeep);
        assert!(check_depth(&b"[".repeat(1_000_000), 16).is_err());
    }

    #[test]
    fn brackets_in_text_do_not_count_as_depth() {
        assert!(check_depth(br#"{"a":"[[[[\"[[["}"#, 1).is_ok());
        assert!(check_depth(br#"{"a":"\\","b":[1]}"#, 1).is_err());
    }

    #[test]
    fn a_content_type_may_carry_parameters_but_not_be_another() {
        let mut headers = header::HeaderMap::new();
        assert!(expect_media_type(&headers, &["application/json"]).is_err());
        headers.insert(header::CONTENT_TYPE, "Application/JSON; charset=utf-8".parse().unwrap());
        assert!(expect_media_type(&headers, &["application/json"]).is_ok());
        assert!(expect_media_type(&headers, &["text/plain"]).is_err());
    }
}
