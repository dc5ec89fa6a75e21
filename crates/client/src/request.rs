//! One request: built, sent, repeated where that is harmless, and its answer read within bounds.

use core::time::Duration;
use std::borrow::Cow;
use std::io::Write as _;

use backon::{ExponentialBuilder, Retryable};
use causeway_api::Problem;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ClientError, Settings, SettingsError};

/// Most bytes of an answer that are read: a page of the largest evidence fits, in hex.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// The longest pause between two attempts, whatever the hub asks for.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// A connection pool to one hub. Cheap to clone; clones share the pool.
#[derive(Debug, Clone)]
pub struct HubClient {
    http: reqwest::Client,
    settings: Settings,
}

/// What is sent.
#[derive(Debug, Clone)]
enum Body {
    Nothing,
    Json(Vec<u8>),
    Bytes(&'static str, Vec<u8>),
}

/// One request before it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: Method,
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Body,
    repeatable: bool,
    wait: Duration,
}

impl Request {
    fn new(method: Method, path: &[&str], repeatable: bool) -> Self {
        let path = path.iter().map(|&segment| segment.to_owned()).collect();
        Self { method, path, query: Vec::new(), body: Body::Nothing, repeatable, wait: Duration::ZERO }
    }

    /// Reads something: repeatable.
    pub(crate) fn get(path: &[&str]) -> Self {
        Self::new(Method::GET, path, true)
    }

    /// Changes something: sent once.
    pub(crate) fn post(path: &[&str]) -> Self {
        Self::new(Method::POST, path, false)
    }

    /// Declares that the hub answers a repetition as it answered the first time.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Adds a query parameter.
    pub(crate) fn query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// Adds a query parameter if there is a value.
    pub(crate) fn query_if(self, name: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Lets the hub hold the answer back for up to `wait`, whole seconds; nothing is sent for less than one.
    pub(crate) fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        if wait.as_secs() == 0 { self } else { self.query("wait", wait.as_secs()) }
    }

    /// Sends `bytes` of a media type.
    pub(crate) fn bytes(mut self, media_type: &'static str, bytes: Vec<u8>) -> Self {
        self.body = Body::Bytes(media_type, bytes);
        self
    }

    /// Sends `value` as JSON.
    pub(crate) fn json(mut self, value: &impl Serialize) -> Result<Self, ClientError> {
        let bytes = serde_json::to_vec(value).map_err(|cause| ClientError::Answer {
            call: self.call(),
            detail: format!("request: {cause}"),
        })?;
        self.body = Body::Json(bytes);
        Ok(self)
    }

    fn call(&self) -> Cow<'static, str> {
        format!("{} /{}", self.method, self.path.join("/")).into()
    }

    fn url(&self, hub: &Url) -> Url {
        let mut url = hub.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(&self.path); // percent-encodes each
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }
}

impl HubClient {
    /// A client by `settings`. Connects on the first call.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let http = reqwest::Client::builder()
            .connect_timeout(settings.connect_timeout)
            .redirect(reqwest::redirect::Policy::none()) // a token goes nowhere but to its hub
            .user_agent(concat!("causeway/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|cause| SettingsError::Http(cause.to_string()))?;
        Ok(Self { http, settings })
    }

    /// Sends `request` and reads a JSON answer.
    pub(crate) async fn json<T: DeserializeOwned>(&self, request: Request) -> Result<T, ClientError> {
        let bytes = self.send(&request).await?;
        serde_json::from_slice(&bytes)
            .map_err(|cause| ClientError::Answer { call: request.call(), detail: cause.to_string() })
    }

    /// Sends `request`, with repetitions if it is repeatable; the body of a successful answer.
    pub(crate) async fn send(&self, request: &Request) -> Result<Vec<u8>, ClientError> {
        if !request.repeatable {
            return self.attempt(request).await;
        }
        let pauses = ExponentialBuilder::default()
            .with_min_delay(self.settings.first_pause)
            .with_max_delay(MAX_PAUSE)
            .with_max_times(self.settings.retries)
            .with_jitter();
        (|| self.attempt(request))
            .retry(pauses)
            .when(ClientError::is_transient)
            .adjust(|error, pause| pause.map(|pause| pause.max(error.retry_after().unwrap_or_default())))
            .await
    }

    async fn attempt(&self, request: &Request) -> Result<Vec<u8>, ClientError> {
        let transport = |cause: reqwest::Error| ClientError::Transport { call: request.call(), cause };
        let mut builder = self
            .http
            .request(request.method.clone(), request.url(&self.settings.hub))
            .header(ACCEPT, "application/json")
            .timeout(self.settings.timeout + request.wait);
        if let Some(token) = &self.settings.token {
            builder = builder.header(AUTHORIZATION, token.0.clone());
        }
        builder = match &request.body {
            Body::Nothing => builder,
            Body::Json(bytes) => builder.header(CONTENT_TYPE, "application/json").body(bytes.clone()),
            Body::Bytes(media_type, bytes) => {
                let builder = builder.header(CONTENT_TYPE, *media_type);
                match compressed(bytes) {
                    Some(smaller) => builder.header(CONTENT_ENCODING, "gzip").body(smaller),
                    None => builder.body(bytes.clone()),
                }
            }
        };
        let response = builder.send().await.map_err(transport)?;
        let (status, retry_after) = (response.status(), retry_after(&response));
        let body = read(response, request).await?;
        if status.is_success() { Ok(body) } else { Err(refusal(request, status, retry_after, &body)) }
    }
}

/// `bytes` by gzip, where that makes them smaller: whole blocks of some families repeat their certificates many times.
fn compressed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory cannot fail; if it does, they travel as they are.
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok().filter(|smaller| smaller.len() < bytes.len())
}

/// The pause an answer asks for, in its form of whole seconds.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_PAUSE))
}

async fn read(mut response: Response, request: &Request) -> Result<Vec<u8>, ClientError> {
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await;
        match chunk.map_err(|cause| ClientError::Transport { call: request.call(), cause })? {
            None => return Ok(body),
            Some(chunk) if body.len() + chunk.len() > MAX_ANSWER => {
                return Err(ClientError::TooLarge { call: request.call(), most: MAX_ANSWER });
            }
            Some(chunk) => body.extend_from_slice(&chunk),
        }
    }
}

fn refusal(request: &Request, status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> ClientError {
    let call = request.call();
    if let Ok(problem) = serde_json::from_slice::<Problem>(body) {
        // The status line decides, not what the document repeats of it.
        let problem = Box::new(Problem { status: status.as_u16(), ..problem });
        ClientError::Refused { call, problem, retry_after }
    } else {
        let start = String::from_utf8_lossy(body).chars().take(120).collect();
        ClientError::NotAHub { call, status: status.as_u16(), start, retry_after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_segment_of_the_path() {
        let hub = Settings::new("https://hub.example/bridge", None).unwrap().hub;
        let url = Request::get(&["v1", "islands", "a/../b?c"]).query("after", 7).url(&hub);
        assert_eq!(url.as_str(), "https://hub.example/bridge/v1/islands/a%2F..%2Fb%3Fc?after=7");
    }
}
