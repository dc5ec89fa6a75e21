//! The command line as a person or a script meets it.
#![allow(clippy::unwrap_used)] // a test may panic

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use assert_cmd::Command;
use serde_json::{Value, json};

fn causeway(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_causeway"));
    command.args(arguments).env_remove("CAUSEWAY_HUB").env_remove("CAUSEWAY_TOKEN_FILE");
    command
}

/// A hub that answers every request with `status` and `body`. Answers its URL.
fn hub(status: &'static str, body: Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 8192];
            let _ = stream.read(&mut request).unwrap();
            let body = body.to_string();
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    url
}

#[test]
fn every_command_has_help() {
    for command in [
        vec![],
        vec!["hub"],
        vec!["relayer"],
        vec!["attestor"],
        vec!["sandbox"],
        vec!["config", "check"],
        vec!["config", "example"],
        vec!["config", "schema"],
        vec!["island", "anchor"],
        vec!["island", "register"],
        vec!["island", "approve"],
        vec!["island", "suspend"],
        vec!["island", "resume"],
        vec!["island", "freeze"],
        vec!["island", "retire"],
        vec!["island", "list"],
        vec!["island", "show"],
        vec!["packet", "list"],
        vec!["packet", "show"],
        vec!["token", "create"],
        vec!["token", "list"],
        vec!["token", "rotate"],
        vec!["token", "revoke"],
        vec!["key", "new"],
        vec!["key", "show"],
        vec!["verify", "chain"],
        vec!["verify", "evidence"],
    ] {
        let output = causeway(&command).arg("--help").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{command:?}");
        assert!(!output.stdout.is_empty());
    }
}

#[test]
fn a_new_key_is_readable_by_its_owner_alone_and_never_overwrites_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let made = causeway(&["key", "new", "--out"]).arg(&path).output().unwrap();
    assert!(made.status.success());
    let address = String::from_utf8(made.stdout).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    let secret = std::fs::read_to_string(&path).unwrap();
    let shown = causeway(&["key", "show", "--json"]).arg(&path).output().unwrap();
    let report: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(report["address"], address.trim());
    assert!(!String::from_utf8(shown.stdout).unwrap().contains(secret.trim()));

    causeway(&["key", "new", "--out"]).arg(&path).assert().code(1);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), secret);
}

#[test]
fn a_log_key_is_named_by_its_origin_and_shows_its_public_half_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let new = |origin: &str| causeway(&["key", "new", "--log", origin, "--out"]).arg(&path).output().unwrap();
    assert_eq!(new("two words").status.code(), Some(1));
    let made = new("hub.example.org/log");
    assert!(made.status.success());
    let public = String::from_utf8(made.stdout).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let secret = std::fs::read_to_string(&path).unwrap();
    // Name, id, key; there may be more plus signs in the key.
    let parts: Vec<&str> = public.splitn(3, '+').collect();
    assert_eq!(parts[0], "hub.example.org/log");
    let prefix = parts[..2].join("+");
    assert!(secret.starts_with(&format!("PRIVATE+KEY+{prefix}+")) && secret.trim() != public.trim());
    assert_eq!(new("hub.example.org/log").status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), secret);
}

#[test]
fn a_refusal_of_the_hub_names_its_code_and_the_next_step() {
    let problem = json!({
        "type": "/problems/no-such-island",
        "title": "No such island",
        "status": 404,
        "code": "no-such-island",
        "detail": "island nowhere is not registered",
        "next": "list the islands with GET /v1/islands",
    });
    let url = hub("404 Not Found", problem);
    let output = causeway(&["island", "show", "nowhere", "--hub", &url]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("no-such-island") && text.contains("next: list the islands"), "{text}");
}

#[test]
fn lists_print_json_on_demand_and_a_table_else() {
    let island = json!({
        "id": format!("0x{}", "11".repeat(32)),
        "name": "harbour",
        "family": "qbft",
        "state": "active",
        "fingerprint": format!("0x{}", "22".repeat(32)),
        "anchor": format!("0x{}", "33".repeat(32)),
        "anchor_digest": format!("0x{}", "55".repeat(32)),
        "gateways": [],
        "head": {"height": "42", "hash": format!("0x{}", "44".repeat(32)), "time": "1700000000"},
        "trust": {"until": "1700000100", "standing": "fresh"},
        "validators": [],
        "registered_at": "2026-11-24T00:00:00Z",
    });
    let url = hub("200 OK", json!({ "items": [island], "next": null }));
    let output = causeway(&["island", "list", "--json"]).env("CAUSEWAY_HUB", &url).output().unwrap();
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listed[0]["name"], "harbour");
    let output = causeway(&["island", "list", "--hub", &url]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let row: Vec<_> = text.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..4], ["harbour", "qbft", "active", "42"]);
}

#[test]
fn without_a_hub_a_client_command_is_wrong_usage() {
    causeway(&["island", "list"]).assert().code(2);
}
