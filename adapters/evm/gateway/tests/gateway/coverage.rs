//! Every error the contracts can revert with is expected by some test.

use std::path::Path;

use serde_json::Value;

fn errors(artifact: &str) -> Vec<String> {
    let artifact: Value = serde_json::from_str(artifact).unwrap();
    let entries = artifact["abi"].as_array().unwrap().iter();
    let errors = entries.filter(|entry| entry["type"] == "error");
    errors.map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_error_has_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gateway");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let tests: String = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    for (contract, artifact) in [
        ("Gateway", include_str!("../../artifacts/Gateway.json")),
        ("MessageBoard", include_str!("../../artifacts/MessageBoard.json")),
        ("TokenBridge", include_str!("../../artifacts/TokenBridge.json")),
        ("Voucher", include_str!("../../artifacts/Voucher.json")),
        ("DemoToken", include_str!("../../artifacts/DemoToken.json")),
    ] {
        for error in errors(artifact) {
            // A voucher's own errors as an ERC-20 are those of the demo token: the same code.
            let named = [contract, "DemoToken"].map(|name| format!("{name}::{error} {{"));
            assert!(named.iter().any(|name| tests.contains(name)), "no test expects {contract}::{error}");
        }
    }
}
