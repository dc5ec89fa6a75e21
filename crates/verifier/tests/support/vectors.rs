//! The folder of outside vectors.

use std::path::PathBuf;

use serde_json::Value;

/// The JSON file `name` of the outside vectors, or `None` when they are not there: then the caller's test says so and is
/// skipped, unless CAUSEWAY_REQUIRE_VECTORS=1 demands them.
pub(crate) fn vectors(name: &str) -> Option<Value> {
    let root = std::env::var_os("CAUSEWAY_VECTORS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors")),
        PathBuf::from,
    );
    let path = root.join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        let required = std::env::var("CAUSEWAY_REQUIRE_VECTORS").is_ok_and(|value| value == "1");
        assert!(!required, "vectors are required, and {} is missing", path.display());
        println!("skipped: {} is not there", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("vectors are JSON"))
}

/// The bytes of a hex string, with or without `0x`.
pub(crate) fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("a hex string");
    let digits = text.strip_prefix("0x").unwrap_or(text);
    const_hex::decode(digits).expect("hex digits")
}
