//! An issuer's keys: found by its discovery document, kept for a while, asked for again when a new one is named.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use parking_lot::RwLock;
use reqwest::Url;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::Refused;

/// Keys younger than this are taken without asking again.
const FRESH: Duration = Duration::from_mins(10);
/// Keys older than this are not taken any more, whether or not the issuer can be asked.
const USABLE: Duration = Duration::from_hours(1);
/// Pause between two questions to the issuer: anyone can name a key that is not there.
const PAUSE: Duration = Duration::from_secs(10);
/// Longest that one answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most bytes of an answer.
const MAX_ANSWER: usize = 256 * 1024;
/// Most keys of an issuer.
const MAX_KEYS: usize = 64;

/// The keys of one issuer.
pub(crate) struct Keys {
    http: reqwest::Client,
    issuer: String,
    known: RwLock<Arc<Known>>,
    /// When the issuer was asked last. Held while it is asked.
    asked: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<String, Arc<Jwk>>,
    since: Option<Instant>,
}

impl Known {
    fn younger_than(&self, age: Duration) -> bool {
        self.since.is_some_and(|since| since.elapsed() < age)
    }
}

/// Why an issuer's keys were not read.
#[derive(Debug, thiserror::Error)]
enum KeysError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("{0}")]
    Address(String),
    #[error("{url}: more than {MAX_ANSWER} bytes")]
    TooLong { url: Url },
    #[error("{url}: {why}")]
    Document { url: Url, why: String },
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

impl Keys {
    /// Nothing is known yet.
    pub(super) fn new(issuer: &str) -> Result<Self, String> {
        checked(issuer)?;
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .map_err(|error| error.to_string())?;
        let known = RwLock::new(Arc::new(Known::default()));
        Ok(Self { http, issuer: issuer.to_owned(), known, asked: Mutex::new(None) })
    }

    /// The key with this id. Asks the issuer when it is not among those known, or those are old.
    pub(super) async fn find(&self, kid: &str) -> Result<Option<Arc<Jwk>>, Refused> {
        if let Some(key) = self.fresh(kid) {
            return Ok(Some(key));
        }
        let mut asked = self.asked.lock().await;
        // Somebody else may have asked meanwhile.
        if let Some(key) = self.fresh(kid) {
            return Ok(Some(key));
        }
        if asked.is_none_or(|at| at.elapsed() >= PAUSE) {
            *asked = Some(Instant::now());
            match self.ask().await {
                Ok(keys) => *self.known.write() = Arc::new(Known { keys, since: Some(Instant::now()) }),
                Err(error) => tracing::warn!(%error, issuer = self.issuer, "the issuer's keys were not read"),
            }
        }
        let known = self.known.read().clone();
        if !known.younger_than(USABLE) {
            return Err(Refused::NoKeys);
        }
        Ok(known.keys.get(kid).cloned())
    }

    fn fresh(&self, kid: &str) -> Option<Arc<Jwk>> {
        let known = self.known.read();
        known.keys.get(kid).filter(|_| known.younger_than(FRESH)).cloned()
    }

    async fn ask(&self) -> Result<HashMap<String, Arc<Jwk>>, KeysError> {
        let base = self.issuer.trim_end_matches('/');
        let (url, discovery) =
            self.read::<Discovery>(&format!("{base}/.well-known/openid-configuration")).await?;
        if discovery.issuer != self.issuer {
            let why = format!("it is of issuer {:?}, expected {:?}", discovery.issuer, self.issuer);
            return Err(KeysError::Document { url, why });
        }
        let (url, set) = self.read::<KeySet>(&discovery.jwks_uri).await?;
        if set.keys.len() > MAX_KEYS {
            let why = format!("{} keys, at most {MAX_KEYS} are taken", set.keys.len());
            return Err(KeysError::Document { url, why });
        }
        // What is no key we know is none we use: an issuer may have others, for others.
        let keys = set.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        let named = keys.filter_map(|key| Some((key.common.key_id.clone()?, Arc::new(key))));
        Ok(named.collect())
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<(Url, T), KeysError> {
        let url = checked(url).map_err(KeysError::Address)?;
        let mut answer = self.http.get(url.clone()).send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ANSWER {
                return Err(KeysError::TooLong { url });
            }
        }
        match serde_json::from_slice(&body) {
            Ok(document) => Ok((url, document)),
            Err(error) => Err(KeysError::Document { url, why: error.to_string() }),
        }
    }
}

/// The URL of an issuer or of its keys: `https`, or `http` on the loopback.
fn checked(url: &str) -> Result<Url, String> {
    let parsed = Url::parse(url).map_err(|error| format!("{url:?}: {error}"))?;
    let host = parsed.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match parsed.scheme() {
        "https" => Ok(parsed),
        "http" if loopback => Ok(parsed),
        _ => Err(format!("{url:?}: expected https, or http on the loopback")),
    }
}

/// Whether `key` is one that signs with `algorithm`.
pub(super) fn signs(key: &Jwk, algorithm: Algorithm) -> bool {
    let of_family = match (&key.algorithm, algorithm.family()) {
        (AlgorithmParameters::RSA(_), AlgorithmFamily::Rsa) => true,
        (AlgorithmParameters::EllipticCurve(key), AlgorithmFamily::Ec) => match algorithm {
            Algorithm::ES256 => key.curve == EllipticCurve::P256,
            _ => key.curve == EllipticCurve::P384,
        },
        (AlgorithmParameters::OctetKeyPair(key), AlgorithmFamily::Ed) => key.curve == EllipticCurve::Ed25519,
        _ => false,
    };
    let meant = key
        .common
        .key_algorithm
        .is_none_or(|meant| meant.to_string().parse().is_ok_and(|meant: Algorithm| meant == algorithm));
    let for_signatures =
        key.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    of_family && meant && for_signatures
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn key(value: Value) -> Jwk {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn issuers_are_asked_over_tls_except_on_this_machine() {
        for good in ["https://id.example/realm", "http://127.0.0.1:1/", "http://localhost", "http://[::1]:8"]
        {
            assert!(checked(good).is_ok(), "{good}");
        }
        for odd in
            ["http://id.example", "http://127.0.0.1.example", "ftp://id.example", "file:///etc/passwd", ""]
        {
            assert!(checked(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_key_signs_with_its_own_algorithm_only() {
        let rsa = json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" });
        let p256 = json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" });
        let p384 = json!({ "kty": "EC", "crv": "P-384", "x": "AA", "y": "AA" });
        let ed25519 = json!({ "kty": "OKP", "crv": "Ed25519", "x": "AA" });
        let secret = json!({ "kty": "oct", "k": "AA" });
        assert!(signs(&key(rsa.clone()), Algorithm::RS256) && signs(&key(rsa.clone()), Algorithm::PS512));
        assert!(signs(&key(p256.clone()), Algorithm::ES256) && !signs(&key(p256.clone()), Algorithm::ES384));
        assert!(signs(&key(p384.clone()), Algorithm::ES384) && !signs(&key(p384), Algorithm::ES256));
        assert!(signs(&key(ed25519.clone()), Algorithm::EdDSA) && !signs(&key(ed25519), Algorithm::RS256));
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            for any in [&rsa, &p256, &secret] {
                assert!(!signs(&key(any.clone()), algorithm));
            }
        }
        let mut narrow = rsa.clone();
        narrow["alg"] = json!("RS256");
        assert!(signs(&key(narrow.clone()), Algorithm::RS256) && !signs(&key(narrow), Algorithm::RS384));
        let mut encrypts = rsa;
        encrypts["use"] = json!("enc");
        assert!(!signs(&key(encrypts), Algorithm::RS256));
    }
}
