//! `causeway audit follow` beside a hub whose database somebody tampers with: it is a real hub over a real Postgres, and each
//! alarm is for what really stands in it.
#![allow(clippy::unwrap_used)] // a test may panic

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

/// A running sandbox, killed when dropped.
struct Sandbox {
    process: Child,
    ready: Value,
    token: PathBuf,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Sandbox {
    /// One whose packets have all ended.
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_causeway"))
            .args(["sandbox", "--packets", "6", "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut events = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        let ready = events.find(|event| event["event"] == "ready").unwrap();
        let summary = events.find(|event| event["event"] == "summary").unwrap();
        assert_eq!(summary["ok"], true, "{summary}");
        let token = folder.join("token");
        std::fs::write(&token, ready["tokens"]["auditor"].as_str().unwrap()).unwrap();
        Self { process, ready, token }
    }

    /// One look: what was said, and the exit code.
    fn look(&self, mirror: &Path) -> (Vec<Value>, i32) {
        let output = Command::new(env!("CARGO_BIN_EXE_causeway"))
            .args(["audit", "follow", "--once", "--json", "--log-key"])
            .arg(self.ready["log"]["verifier_key"].as_str().unwrap())
            .arg("--mirror")
            .arg(mirror)
            .env("CAUSEWAY_HUB", self.ready["hub"].as_str().unwrap())
            .env("CAUSEWAY_TOKEN_FILE", &self.token)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let said = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (said, output.status.code().unwrap())
    }

    /// The kind of alarm that a look raises.
    #[track_caller]
    fn alarm(&self, mirror: &Path) -> String {
        let (said, code) = self.look(mirror);
        assert_eq!(code, 1, "{said:?}");
        let alarm = said.last().unwrap();
        assert_eq!(alarm["event"], "alarm", "{said:?}");
        alarm["kind"].as_str().unwrap().to_owned()
    }

    /// Does something to the database that no program of ours does, past its triggers.
    async fn tamper(&self, statement: &'static str) {
        let mut postgres = PgConnection::connect(self.ready["postgres"].as_str().unwrap()).await.unwrap();
        sqlx::query("SET session_replication_role = replica").execute(&mut postgres).await.unwrap();
        let done = sqlx::query(statement).execute(&mut postgres).await.unwrap();
        assert!(done.rows_affected() > 0, "{statement}");
        postgres.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_agrees_with_an_honest_hub_and_raises_an_alarm_over_one_that_tampers() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(folder.path());
    let mirror = folder.path().join("mirror");
    let (said, code) = sandbox.look(&mirror);
    assert_eq!(code, 0, "{said:?}");
    let kinds: Vec<_> = said.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["log", "island", "island", "packets"]);
    assert!(said[0]["size"].as_u64().unwrap() > 50 && said[3]["events"].as_u64().unwrap() >= 17, "{said:?}");
    let (again, _) = sandbox.look(&mirror);
    assert!(again[0]["new"].as_u64().unwrap() < 20, "the mirror was kept: {again:?}");

    exports(&sandbox, folder.path());

    // The hub says that a packet expired: no evidence proves it.
    sandbox
        .tamper(
            "INSERT INTO gateway_events (gateway, number, kind, subject, height, block, transaction, log, block_time, evidence)
             SELECT packet.destination, 999, 'PacketExpired', packet.id, event.height, event.block, 0, 0, event.block_time, event.evidence
             FROM packets AS packet JOIN gateway_events AS event ON event.subject = packet.id LIMIT 1",
        )
        .await;
    assert_eq!(sandbox.alarm(&mirror), "fact-without-evidence");
    sandbox.tamper("DELETE FROM gateway_events WHERE number = 999").await;
    assert_eq!(sandbox.look(&mirror).1, 0);

    // It forgets a leaf that it signed, and puts another one in its place.
    sandbox
        .tamper(
            "UPDATE log_entries SET entry = overlay(entry PLACING '\\x00'::bytea FROM 34)
             WHERE index = (SELECT max(index) - 3 FROM log_entries)",
        )
        .await;
    let fresh = folder.path().join("fresh");
    assert_eq!(sandbox.alarm(&fresh), "fork");

    // It forgets evidence: what was recorded after it leads nowhere.
    sandbox.tamper("DELETE FROM evidence WHERE sequence = (SELECT min(sequence) FROM evidence) + 1").await;
    let (said, code) = sandbox.look(&mirror);
    assert_eq!(code, 1, "{said:?}");
    let alarm = said.last().unwrap();
    assert!(["evidence", "head"].contains(&alarm["kind"].as_str().unwrap()), "{alarm}");
}

/// An export is what the hub signed, whole and in order, or it is refused.
fn exports(sandbox: &Sandbox, folder: &Path) {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_causeway"))
            .args(arguments)
            .env("CAUSEWAY_HUB", sandbox.ready["hub"].as_str().unwrap())
            .env("CAUSEWAY_TOKEN_FILE", &sandbox.token)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), text)
    };
    let key = sandbox.ready["log"]["verifier_key"].as_str().unwrap();
    for format in ["csv", "ndjson"] {
        let file = folder.join(format!("packets.{format}"));
        let name = file.to_str().unwrap();
        let (code, text) = run(&["audit", "export", "packets", "--out", name, "--format", format]);
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("6 rows"), "{text}");
        let verify = || run(&["verify", "export", name, "--log-key", key]);
        let (code, text) = verify();
        assert!(code == 0 && text.contains("6 rows"), "{text}");
        assert_eq!(run(&["audit", "export", "packets", "--out", name]).0, 1, "it is there already");
        let again = run(&["audit", "export", "packets", "--out", name, "--format", format, "--resume"]);
        assert!(again.0 == 0 && again.1.contains("complete already"), "{again:?}");

        let good = std::fs::read(&file).unwrap();
        for bad in [&good[..good.len() - 1], &[&good[..], b"x"].concat(), &{
            let mut changed = good.clone();
            changed[10] ^= 1;
            changed
        }] {
            std::fs::write(&file, bad).unwrap();
            assert_eq!(verify().0, 1, "{format}");
        }
        // What was cut off goes on where the last signed part ends.
        let manifest = folder.join(format!("packets.{format}.manifest"));
        let parts = std::fs::read_to_string(&manifest).unwrap();
        std::fs::write(&manifest, "").unwrap();
        assert_eq!(verify().0, 1, "nothing is signed");
        let (code, text) =
            run(&["audit", "export", "packets", "--out", name, "--format", format, "--resume"]);
        assert_eq!(code, 0, "{text}");
        assert_eq!(verify().0, 0);
        assert_eq!(std::fs::read(&file).unwrap(), good);
        std::fs::write(&manifest, parts).unwrap();
    }
}
