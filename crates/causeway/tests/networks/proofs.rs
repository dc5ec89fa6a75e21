//! Packets' bundles, fetched from the hub and verified by the binary alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use causeway_api::PacketState;
use causeway_client::HubClient;
use causeway_protocol::PacketId;

use crate::deployment::{Listed, log_key};

/// Each of these packets is proven to somebody who has nothing but both islands' anchors and the key of the log. A bundle with a byte
/// changed, wherever it is, is refused.
pub(crate) async fn assert_proven(
    folder: &Path,
    auditor: &HubClient,
    islands: &[Listed],
    ended: &BTreeMap<PacketId, PacketState>,
) {
    for (place, (id, state)) in ended.iter().enumerate() {
        let bundle = auditor.bundle(*id).await.unwrap();
        let report = verify(folder, islands, &bundle);
        let text = String::from_utf8_lossy(&report.stdout);
        assert!(report.status.success(), "{id}: {text}");
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["id"], id.to_string());
        assert_eq!(report["state"], serde_json::to_value(state).unwrap());
        let trusted = report["islands"].as_array().unwrap().iter().map(|island| &island["anchor_trusted"]);
        assert!(trusted.into_iter().all(|trusted| trusted == true));

        let mut changed = bundle;
        let at = changed.len() / (ended.len() + 1) * (place + 1);
        changed[at] ^= 1;
        let refused = verify(folder, islands, &changed);
        assert_eq!(refused.status.code(), Some(1), "byte {at} of {} of {id}", changed.len());
        let text = String::from_utf8_lossy(&refused.stdout);
        let refused: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(!refused["detail"].as_str().unwrap().is_empty());
    }
}

fn verify(folder: &Path, islands: &[Listed], bundle: &[u8]) -> Output {
    let file = folder.join("packet.bundle");
    std::fs::write(&file, bundle).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_causeway"));
    command.args(["verify", "bundle", "--json", "--log-key", &log_key().verifier().to_string()]).arg(&file);
    for island in islands {
        command.args(["--anchor", &const_hex::encode_prefixed(&island.anchor)]);
    }
    command.output().unwrap()
}
