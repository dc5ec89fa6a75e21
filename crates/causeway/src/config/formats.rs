//! Text formats of configuration values. A value's format is named in the schema, and checked here.

use std::net::SocketAddr;
use std::path::Path;

use causeway_client::Settings;
use causeway_protocol::{Address, Family, Hash};
use schemars::{Schema, SchemaGenerator, json_schema};

use super::Secret;

/// Checks `text` against a named format; says what was expected.
pub(crate) fn check(format: &str, text: &str) -> Result<(), String> {
    match format {
        "hash" => text.parse::<Hash>().map(drop).map_err(|error| error.to_string()),
        "address" => text.parse::<Address>().map(drop).map_err(|error| error.to_string()),
        "hex" => decode_hex(text).map(drop),
        "hex-or-file" if text.starts_with("0x") => decode_hex(text).map(drop),
        "hex-or-file" | "path" => absolute(text),
        "secret" => text.parse::<Secret>().map(drop),
        "url" => Settings::new(text, None).map(drop).map_err(|error| error.to_string()),
        "listen" => text
            .parse::<SocketAddr>()
            .map(drop)
            .map_err(|_| format!("expected an address and port like 127.0.0.1:8080, got {text:?}")),
        "family" => text.parse::<Family>().map(drop).map_err(|error| error.to_string()),
        "name" => name(text),
        // Formats that schemars names by itself (uint64 and the like) say nothing about text.
        _ => Ok(()),
    }
}

/// `0x` and two hex digits a byte.
pub(crate) fn decode_hex(text: &str) -> Result<Vec<u8>, String> {
    let digits = text.strip_prefix("0x").ok_or("expected 0x and hex digits")?;
    const_hex::decode(digits).map_err(|error| format!("expected 0x and hex digits: {error}"))
}

fn absolute(text: &str) -> Result<(), String> {
    if Path::new(text).is_absolute() {
        Ok(())
    } else {
        Err(format!("expected an absolute path, got {text:?}"))
    }
}

/// 1 to 64 of a–z, 0–9 and `-`: the names of islands.
fn name(text: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=64).contains(&text.len()) && text.chars().all(fits) {
        Ok(())
    } else {
        Err(format!("expected 1 to 64 of a-z, 0-9 and -, got {text:?}"))
    }
}

macro_rules! formats {
    ($($name:ident = $format:literal),* $(,)?) => {
        $(
            /// The schema of text in this format.
            pub(crate) fn $name(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": $format })
            }
        )*
    };
}

formats! {
    hash = "hash",
    hex = "hex",
    hex_or_file = "hex-or-file",
    path = "path",
    url = "url",
    listen = "listen",
    family = "family",
    name_of_island = "name",
}

/// The schema of a list of 32-byte values.
pub(crate) fn hashes(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "string", "format": "hash" } })
}

/// The schema of a list of URLs, at least one.
pub(crate) fn urls(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "minItems": 1, "items": { "type": "string", "format": "url" } })
}
