//! `causeway config`: files checked whole, examples and schemas made from the same structs.
#![allow(clippy::unwrap_used)] // a test may panic

use std::path::PathBuf;

use assert_cmd::Command;
use serde_json::Value;

const ROLES: [&str; 3] = ["hub", "relayer", "attestor"];

fn causeway(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_causeway"));
    command.args(arguments);
    command
}

fn printed(arguments: &[&str]) -> String {
    let output = causeway(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn file(folder: &tempfile::TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// What `config check hub` reports about `text`: (line, key, problem).
fn problems(text: &str) -> Vec<(u64, String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, text);
    let output = causeway(&["config", "check", "hub", "--json"]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let problems = report["problems"].as_array().unwrap();
    problems.iter().map(|p| (p["line"].as_u64().unwrap(), text(&p["key"]), text(&p["problem"]))).collect()
}

#[test]
fn the_committed_examples_and_schemas_are_what_the_structs_say() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/systemd"));
    for role in ROLES {
        for (what, name) in [("example", format!("{role}.toml")), ("schema", format!("{role}.schema.json"))] {
            let made = printed(&["config", what, role]);
            let path = folder.join(name);
            if std::env::var_os("CAUSEWAY_UPDATE_EXAMPLES").is_some() {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&path, &made).unwrap();
            }
            let committed = std::fs::read_to_string(&path).unwrap();
            assert_eq!(committed, made, "run again with CAUSEWAY_UPDATE_EXAMPLES=1: {}", path.display());
        }
    }
}

#[test]
fn every_example_passes_its_own_check() {
    let folder = tempfile::tempdir().unwrap();
    for role in ROLES {
        let path = file(&folder, &printed(&["config", "example", role]));
        causeway(&["config", "check", role]).arg(&path).assert().code(0);
    }
}

#[test]
fn every_problem_is_reported_in_one_go_with_line_and_key() {
    let found = problems(
        "origin = 5\nlisten = \"here\"\nextra = 1\n[database]\nurl = \"postgres://secret\"\nmax_connections = 0\n[limits]\nrate = \"many\"\nbogus = 2\n",
    );
    let places: Vec<_> = found.iter().map(|(line, key, _)| (*line, key.as_str())).collect();
    let expected = [
        (1, "log"),
        (1, "origin"),
        (2, "listen"),
        (3, "extra"),
        (5, "database.url"),
        (6, "database.max_connections"),
        (8, "limits.rate"),
        (9, "limits.bogus"),
    ];
    assert_eq!(places, expected);
    assert_eq!(found[0].2, "missing");
    assert!(found[3].2.starts_with("unknown key"));
    assert_eq!(found[5].2, "expected 2 to 1000, got 0");
    assert_eq!(found[6].2, "expected a whole number, got text");
}

#[test]
fn syntax_errors_and_missing_keys_are_problems_like_any_other() {
    let found = problems("listen = = 3\n[database]\n");
    assert!(found.iter().any(|(line, key, _)| *line == 1 && key.is_empty()));
    assert!(
        found
            .iter()
            .any(|(line, key, what)| (*line, key.as_str(), what.as_str()) == (2, "database.url", "missing"))
    );
    assert!(found.iter().any(|(_, key, what)| (key.as_str(), what.as_str()) == ("origin", "missing")));
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    let found = problems(
        "origin = \"hub/log\"\n[database]\nurl = \"postgres://user:hunter2@host/db\"\n\
         [log]\nkeys = [\"credential:log-key\"]\nkept = \"/checkpoint\"\n",
    );
    assert_eq!(found.len(), 1);
    assert!(found[0].2.contains("credential:") && !found[0].2.contains("hunter2"));
}

#[test]
fn the_environment_overrides_a_key_and_is_checked_like_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, &printed(&["config", "example", "hub"]));
    let check = |name: &str, value: &str| {
        let mut command = causeway(&["config", "check", "hub"]);
        let output = command.arg(&path).env(name, value).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(check("CAUSEWAY_DATABASE__MAX_CONNECTIONS", "20").0, 0);
    let (code, text) = check("CAUSEWAY_DATABASE__MAX_CONNECTIONS", "none");
    assert_eq!(code, 1);
    assert!(text.starts_with("CAUSEWAY_DATABASE__MAX_CONNECTIONS: database.max_connections: "), "{text}");
    assert_eq!(check("CAUSEWAY_DATABASE__MAX_CONECTIONS", "20").0, 1);
    // A variable of one step that is no key is something else: a setting of client commands, say.
    assert_eq!(check("CAUSEWAY_TOKEN_FILE", "/nowhere").0, 0);
}

#[test]
fn rules_between_keys_are_checked_too() {
    let folder = tempfile::tempdir().unwrap();
    let example = printed(&["config", "example", "attestor"]);
    let path = file(&folder, &example.replace("\"customs\"", "\"harbour\""));
    let output = causeway(&["config", "check", "attestor"]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("islands[1].name: harbour is named twice"), "{text}");
}

#[test]
fn a_log_needs_a_key_a_place_and_witnesses_that_are_some() {
    let example = printed(&["config", "example", "hub"]);
    let broken = example
        .replace("keys = [\"credential:log-key\"]", "keys = []")
        .replace("\"/var/lib/causeway-hub/checkpoint\"", "\"checkpoint\"")
        .replace("# former_keys = []", "former_keys = [\"nonsense\"]")
        // A log's key is no witness's.
        .replace("# witnesses = []", "witnesses = [{ url = \"https://w.example\", key = \"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\" }]");
    let keys: Vec<String> = problems(&broken).into_iter().map(|(_, key, _)| key).collect();
    for key in ["log.keys", "log.kept", "log.former_keys[0]", "log.witnesses[0].key"] {
        assert!(keys.iter().any(|named| named == key), "{key}: {keys:?}");
    }
}

#[test]
fn a_hub_without_a_log_is_refused() {
    let found = problems("origin = \"hub/log\"\n[database]\nurl = \"credential:database-url\"\n");
    let named: Vec<_> = found.iter().map(|(_, key, what)| (key.as_str(), what.as_str())).collect();
    assert_eq!(named, [("log", "missing")]);
}

#[test]
fn wrong_usage_exits_with_2() {
    causeway(&["config", "check", "nobody"]).assert().code(2);
    causeway(&["hub"]).assert().code(2);
    causeway(&[]).assert().code(2);
}
