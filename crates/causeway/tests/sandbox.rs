//! `causeway sandbox --json`, and the commands of people against the hub in it.
#![allow(clippy::unwrap_used)] // a test may panic

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A running sandbox, killed when dropped.
struct Sandbox(Child);

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The command line of a person with one of the sandbox's tokens.
struct Person {
    hub: String,
    token: PathBuf,
}

impl Person {
    fn says(&self, arguments: &[&str]) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_causeway"))
            .args(arguments)
            .arg("--json")
            .env("CAUSEWAY_HUB", &self.hub)
            .env("CAUSEWAY_TOKEN_FILE", &self.token)
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

#[test]
fn a_sandbox_settles_its_packets_and_answers_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_causeway"))
        .args(["sandbox", "--packets", "5", "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut sandbox = Sandbox(child);
    let stdout = BufReader::new(sandbox.0.stdout.take().unwrap());
    let mut events = stdout.lines().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());

    let ready = events.find(|event| event["event"] == "ready").unwrap();
    let seen: Vec<Value> = {
        let mut seen = Vec::new();
        for event in &mut events {
            let last = event["event"] == "summary";
            seen.push(event);
            if last {
                break;
            }
        }
        seen
    };
    let summary = seen.last().unwrap();
    assert_eq!((&summary["ok"], &summary["pending"]), (&true.into(), &0.into()), "{summary}");
    assert_eq!(summary["packets"], 5);
    assert_eq!(seen.iter().filter(|event| event["event"] == "packet").count(), 5);
    assert!(seen.iter().any(|event| event["event"] == "refused" && event["what"] == "forged packet"));

    let person = |role: &str| {
        let token = folder.path().join(role);
        std::fs::write(&token, ready["tokens"][role].as_str().unwrap()).unwrap();
        Person { hub: ready["hub"].as_str().unwrap().to_owned(), token }
    };
    look_around(&person("auditor"), &ready);
    govern(&person("operator"), &ready);

    let pid = sandbox.0.id().to_string();
    let told = Instant::now();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let status = sandbox.0.wait().unwrap();
    assert!(status.success(), "{status}");
    assert!(told.elapsed() < Duration::from_secs(10), "it took {:?} to end", told.elapsed());
}

fn look_around(auditor: &Person, ready: &Value) {
    let islands = auditor.says(&["island", "list"]);
    assert_eq!(islands.as_array().unwrap().len(), 2);
    let name = ready["islands"][0]["name"].as_str().unwrap();
    let island = auditor.says(&["island", "show", name]);
    assert_eq!((&island["id"], &island["state"]), (&ready["islands"][0]["id"], &"active".into()));

    let packets = auditor.says(&["packet", "list"]);
    assert_eq!(packets.as_array().unwrap().len(), 5);
    let settled = auditor.says(&["packet", "list", "--state", "refunded"]);
    assert_eq!(settled.as_array().unwrap().len(), 1);
    let id = settled[0]["id"].as_str().unwrap();
    let shown = auditor.says(&["packet", "show", id]);
    let events: Vec<_> =
        shown["timeline"]["events"].as_array().unwrap().iter().map(|event| &event["event"]).collect();
    assert_eq!(events, ["PacketSent", "PacketExpired", "PacketSettled"]);
}

fn govern(operator: &Person, ready: &Value) {
    let name = ready["islands"][1]["name"].as_str().unwrap();
    let suspended = operator.says(&["island", "suspend", name, "--reason", "maintenance"]);
    assert_eq!(suspended["state"], "suspended");
    let resumed = operator.says(&["island", "resume", name, "--reason", "maintenance is over"]);
    assert_eq!(resumed["state"], "active");

    let made = operator.says(&["token", "create", "--name", "a reader", "--role", "auditor"]);
    assert!(made["secret"].as_str().unwrap().len() > 24);
    let id = made["token"]["id"].as_str().unwrap();
    let tokens = operator.says(&["token", "list"]);
    let listed = tokens.as_array().unwrap().iter().find(|token| token["id"] == id).unwrap();
    assert_eq!((&listed["name"], &listed["revoked_at"]), (&"a reader".into(), &Value::Null));
    let revoked = operator.says(&["token", "revoke", id]);
    assert!(revoked["revoked_at"].is_string());
}
