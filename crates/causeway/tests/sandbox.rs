//! `causeway sandbox --json`, and the commands of people against the hub in it.
#![allow(clippy::unwrap_used)] // a test may panic

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use causeway_api::{CreateToken, Role};
use causeway_client::{HubClient, Settings, Token};
use causeway_fabric_node::{NodeError, gateway_chaincode};
use causeway_ledger::{FactKey, Ledger, Options};
use causeway_log::{ProofPlan, SignedCheckpoint, verify_inclusion};
use serde_json::Value;

/// A running sandbox, killed when dropped.
struct Sandbox(Child);

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Sandbox {
    /// Starts one whose processes, its children's children included, have `mark` in their environment.
    fn start(arguments: &[&str], mark: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_causeway"));
        command.arg("sandbox").args(arguments).env("CAUSEWAY_TEST_MARK", mark);
        let streams = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(streams.spawn().unwrap())
    }

    fn ends_when_told(&mut self) {
        let pid = self.0.id().to_string();
        let told = Instant::now();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = self.0.wait().unwrap();
        assert!(status.success(), "{status}");
        assert!(told.elapsed() < Duration::from_secs(10), "it took {:?} to end", told.elapsed());
    }
}

/// What still runs of a sandbox that was started with `mark`.
fn left_behind(mark: &str) -> Vec<String> {
    let mark = format!("CAUSEWAY_TEST_MARK={mark}");
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok).map(|entry| entry.path());
    let marked = processes.filter(|process| {
        std::fs::read(process.join("environ"))
            .is_ok_and(|variables| variables.split(|byte| *byte == 0).any(|one| one == mark.as_bytes()))
    });
    marked.map(|process| std::fs::read_to_string(process.join("cmdline")).unwrap_or_default()).collect()
}

/// Whether there are Fabric nodes to run, built if need be; said where there are none, and an error where they are demanded.
fn fabric_or_skip() -> bool {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let built = runtime.block_on(async {
        causeway_fabric_node::Binaries::find().await?;
        gateway_chaincode().await
    });
    match built {
        Err(NodeError::Unavailable { reason })
            if std::env::var_os("CAUSEWAY_REQUIRE_NODES").is_none_or(|set| set != "1") =>
        {
            eprintln!("skipped: Hyperledger Fabric is not available: {reason}");
            false
        }
        other => {
            other.unwrap();
            true
        }
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
    tokio::runtime::Runtime::new().unwrap().block_on(read_log(&ready));
    govern(&person("operator"), &ready);

    sandbox.ends_when_told();
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

/// Everything that happened is in the log, whose key is known; and what happens next is within a second.
async fn read_log(ready: &Value) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let token = Token::new(&text(&ready["tokens"]["operator"])).unwrap();
    let operator = HubClient::new(Settings::new(&text(&ready["hub"]), Some(token)).unwrap()).unwrap();
    let ledger = Ledger::connect(&text(&ready["postgres"]), Options { max_connections: 2 }).await.unwrap();
    let (origin, keys) =
        (text(&ready["log"]["origin"]), [text(&ready["log"]["verifier_key"]).parse().unwrap()]);
    let auditor = CreateToken {
        name: "one more".into(),
        role: Role::Auditor,
        address: None,
        island: None,
        held_by_hub: false,
        expires_at: None,
    };
    let made = operator.create_token(&auditor).await.unwrap().token.id;
    let begun = Instant::now();
    let mut facts = vec![FactKey::token(made)];
    let (index, tree) = loop {
        let note = operator.checkpoint().await.unwrap();
        let tree = SignedCheckpoint::open(note.as_bytes(), &origin, &keys).unwrap().head();
        match ledger.logged_fact(&facts[0]).await.unwrap() {
            Some(logged) if logged.index < tree.size => break (logged.index, tree),
            _ => assert!(begun.elapsed() < Duration::from_secs(10), "the token is not in the log"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let took = begun.elapsed();
    println!("leaf {index} was under a signed checkpoint {} ms after it was recorded", took.as_millis());
    assert!(took < Duration::from_secs(2), "{took:?}: a second, and as much for a busy machine");
    for island in ready["islands"].as_array().unwrap() {
        facts.push(FactKey::island(text(&island["id"]).parse().unwrap()));
        let gateway = text(&island["gateway_id"]).parse().unwrap();
        // Opened, and at least one packet.
        facts.extend([FactKey::gateway(gateway), FactKey::event(gateway, 1), FactKey::event(gateway, 2)]);
    }
    for fact in facts {
        let logged =
            ledger.logged_fact(&fact).await.unwrap().unwrap_or_else(|| panic!("{fact:?} is not in the log"));
        let plan = ProofPlan::inclusion(logged.index, tree.size).unwrap();
        let proof = ledger.log_proof(&plan, tree.size).await.unwrap();
        verify_inclusion(logged.entry.leaf_hash(), logged.index, tree, &proof).unwrap();
    }
    ledger.close().await;
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

#[test]
fn a_fabric_channel_stands_beside_devnets_and_nothing_of_it_stays() {
    if !fabric_or_skip() {
        return;
    }
    let mark = format!("beside-{}", std::process::id());
    let arguments = ["--islands", "qbft,ibft2,fabric", "--packets", "20", "--json"];
    let mut sandbox = Sandbox::start(&arguments, &mark);
    let errors = log(&mut sandbox);
    let stdout = BufReader::new(sandbox.0.stdout.take().unwrap());
    let events = stdout.lines().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let mut seen = Vec::new();
    for event in events {
        let last = event["event"] == "summary";
        seen.push(event);
        if last {
            break;
        }
    }
    let Some(ready) = seen.iter().find(|event| event["event"] == "ready") else {
        panic!("it did not get ready:\n{}", errors.join().unwrap());
    };
    let families: Vec<_> = ready["islands"].as_array().unwrap().iter().map(|one| &one["family"]).collect();
    assert_eq!(families, ["qbft", "ibft2", "fabric"]);
    let channel = &ready["islands"][2];
    assert_eq!((&channel["name"], &channel["chain_id"]), (&"gamma".into(), &"gamma".into()));
    assert!(channel["rpc"].as_str().unwrap().starts_with("grpcs://127.0.0.1:"), "{channel}");

    let summary = seen.last().unwrap();
    assert_eq!((&summary["ok"], &summary["settled"]), (&true.into(), &18.into()), "{summary}");
    assert_eq!((&summary["failed"], &summary["refunded"]), (&1.into(), &1.into()), "{summary}");
    assert!(seen.iter().any(|event| event["event"] == "refused" && event["what"] == "forged packet"));
    let lanes: HashSet<_> =
        seen.iter().filter(|event| event["event"] == "packet").map(|event| event["lane"].as_str()).collect();
    assert_eq!(lanes.len(), 3, "each island sent to the next");

    assert!(left_behind(&mark).len() > 6, "Postgres, an orderer, two peers, two chaincodes");
    sandbox.ends_when_told();
    assert_eq!(left_behind(&mark), Vec::<String>::new());
}

#[test]
fn a_sandbox_that_is_told_to_end_while_it_starts_does() {
    if !fabric_or_skip() {
        return;
    }
    let mark = format!("starting-{}", std::process::id());
    let mut sandbox = Sandbox::start(&["--islands", "qbft,fabric", "--json"], &mark);
    let _errors = log(&mut sandbox);
    let waited = Instant::now();
    // An orderer or a peer is there: the channel is being made.
    while !left_behind(&mark).iter().any(|line| line.contains("orderer") || line.contains("peer")) {
        assert!(waited.elapsed() < Duration::from_mins(1), "no node was started");
        std::thread::sleep(Duration::from_millis(100));
    }
    sandbox.ends_when_told();
    assert_eq!(left_behind(&mark), Vec::<String>::new());
}

#[test]
fn without_fabrics_programs_nothing_is_started_and_it_says_what_to_do() {
    let empty = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_causeway"))
        .args(["sandbox", "--islands", "qbft,fabric", "--json"])
        .env("CAUSEWAY_FABRIC", empty.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("CAUSEWAY_FABRIC has no peer") && error.contains("--islands"), "{error}");
    assert!(!error.contains("Postgres"), "nothing else was started: {error}");
}

/// What it says on standard error, read so that it never waits for a reader.
fn log(sandbox: &mut Sandbox) -> JoinHandle<String> {
    let mut errors = sandbox.0.stderr.take().unwrap();
    std::thread::spawn(move || {
        let mut text = String::new();
        // What is no text is not worth failing for here.
        let _ = errors.read_to_string(&mut text);
        text
    })
}
