//! From bytes to an answer in JSON.

use causeway_bundle::{Bundle, Trust, verify};
use causeway_log::VerifierKey;
use causeway_protocol::Hash;
use serde::Deserialize;
use serde_json::json;

/// What whoever looks at the page trusts.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Known {
    /// SHA-256 of trust anchors.
    pub anchors: Vec<Hash>,
    /// The log's keys, as `name+id+key`.
    pub log_keys: Vec<String>,
    /// Witnesses of the log, as `name+id+key`.
    pub witnesses: Vec<String>,
}

/// Judges a bundle by what is known, which is JSON. The answer is JSON, whatever came.
pub fn judge(bundle: &[u8], known: &[u8]) -> String {
    let refused =
        |code: &str, detail: String| json!({ "verified": false, "code": code, "detail": detail }).to_string();
    let trust = match read(known) {
        Ok(trust) => trust,
        Err(detail) => return refused("malformed-trust", detail),
    };
    match Bundle::decode(bundle).map(|bundle| verify(&bundle, &trust)) {
        Err(error) => refused("malformed-bundle", error.to_string()),
        Ok(Err(fault)) => refused(fault.code(), fault.to_string()),
        Ok(Ok(report)) => {
            serde_json::to_string(&report).unwrap_or_else(|error| refused("report", error.to_string()))
        }
    }
}

fn read(known: &[u8]) -> Result<Trust, String> {
    let Known { anchors, log_keys, witnesses } =
        serde_json::from_slice(known).map_err(|error| error.to_string())?;
    let keys = |texts: Vec<String>| {
        let read = texts
            .iter()
            .map(|text| text.parse::<VerifierKey>().map_err(|error| format!("{text:?}: {error}")));
        read.collect::<Result<Vec<_>, _>>()
    };
    Ok(Trust { anchors, log_keys: keys(log_keys)?, witnesses: keys(witnesses)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_comes_the_answer_is_json_and_says_what_is_wrong() {
        let code = |bundle: &[u8], known: &[u8]| {
            let answer: serde_json::Value = serde_json::from_str(&judge(bundle, known)).unwrap();
            answer["code"].as_str().map(str::to_owned)
        };
        assert_eq!(code(b"", b"{}").as_deref(), Some("malformed-bundle"));
        assert_eq!(code(b"", b"").as_deref(), Some("malformed-trust"));
        assert_eq!(code(b"", br#"{"log_keys":["nobody"]}"#).as_deref(), Some("malformed-trust"));
        assert_eq!(code(b"", br#"{"log_key":[]}"#).as_deref(), Some("malformed-trust"));
        let good = include_bytes!("../../bundle/tests/data/qbft.bundle");
        assert_eq!(code(good, b"{}"), None);
        let elsewhere = format!(r#"{{"anchors":["{}"]}}"#, Hash([7; 32]));
        assert_eq!(code(good, elsewhere.as_bytes()).as_deref(), Some("other-anchor"));
    }
}
