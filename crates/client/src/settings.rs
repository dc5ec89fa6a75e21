//! Where the hub is and how to talk to it.

use core::fmt;
use core::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;

/// A bearer token. It never shows in debug output, and in no log of the HTTP library.
#[derive(Clone)]
pub struct Token(pub(crate) HeaderValue);

impl Token {
    /// A token as the hub gave it out; white space around it is ignored.
    pub fn new(secret: &str) -> Result<Self, SettingsError> {
        let secret = secret.trim();
        if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SettingsError::Token);
        }
        let mut value =
            HeaderValue::from_str(&format!("Bearer {secret}")).map_err(|_| SettingsError::Token)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// How a [`HubClient`](crate::HubClient) talks to its hub.
#[derive(Debug, Clone)]
pub struct Settings {
    pub(crate) hub: Url,
    pub(crate) token: Option<Token>,
    /// How long one attempt may take; a long poll may take its `wait` longer. 30 s.
    pub timeout: Duration,
    /// How long the connection may take to stand. 10 s.
    pub connect_timeout: Duration,
    /// How often a repeatable call is repeated after a failure. 3.
    pub retries: usize,
    /// The first pause before a repetition; later ones double, with jitter. 200 ms.
    pub first_pause: Duration,
}

impl Settings {
    /// Settings for the hub at `hub`, an `http` or `https` URL (a path in it is kept as a prefix), with a bearer token for
    /// everything that is not public.
    pub fn new(hub: &str, token: Option<Token>) -> Result<Self, SettingsError> {
        let refuse = |why: &str| SettingsError::Url { came: hub.to_owned(), why: why.to_owned() };
        let mut url = Url::parse(hub).map_err(|cause| refuse(&cause.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("expected http or https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("credentials do not belong into a URL"));
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self {
            hub: url,
            token,
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            retries: 3,
            first_pause: Duration::from_millis(200),
        })
    }
}

/// Settings that lead to no hub.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Not the URL of a hub.
    #[error("hub {came:?}: {why}")]
    Url {
        /// The text that came.
        came: String,
        /// What is wrong with it.
        why: String,
    },
    /// Not a bearer token. The text is not repeated here: it may be a secret.
    #[error("expected a bearer token of visible ASCII characters")]
    Token,
    /// The HTTP library could not be set up.
    #[error("HTTP client: {0}")]
    Http(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_never_shows() {
        let token = Token::new(" cw_secret\n").unwrap();
        assert!(!format!("{token:?} {:?}", token.0).contains("secret"));
        assert_eq!(token.0.to_str().unwrap(), "Bearer cw_secret");
    }

    #[test]
    fn odd_tokens_and_urls_are_refused() {
        for odd in ["", "  ", "two words", "naïve", "line\nbreak"] {
            assert_eq!(Token::new(odd).unwrap_err(), SettingsError::Token, "{odd:?}");
        }
        for odd in ["", "hub.example", "ftp://hub.example", "https://user:word@hub.example"] {
            assert!(matches!(Settings::new(odd, None), Err(SettingsError::Url { .. })), "{odd:?}");
        }
    }
}
