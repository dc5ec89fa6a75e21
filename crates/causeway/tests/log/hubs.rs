//! Two hubs over one database, each a process of its own.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use causeway_client::{HubClient, Settings};
use causeway_log::{KeyKind, KeyName, NoteSigner};

use crate::service::{Service, secret};

/// The log's origin line.
pub(crate) const ORIGIN: &str = "hub.test/log";

/// What signs the log: both hubs have it.
pub(crate) fn log_key() -> NoteSigner {
    NoteSigner::new(KeyName::new(ORIGIN).unwrap(), KeyKind::Note, &[0x61; 32]).unwrap()
}

/// One of them.
pub(crate) struct Hub {
    pub(crate) service: Service,
    pub(crate) client: HubClient,
    kept: PathBuf,
}

impl Hub {
    /// Starts one on the database at `url` and waits until it serves.
    pub(crate) async fn start(folder: &Path, name: &str, url: &str) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let database = secret(folder, "database-url", url);
        let key = secret(folder, "log-key", &log_key().to_secret_text());
        let kept = folder.join(format!("{name}.checkpoint"));
        let config = format!(
            "origin = \"{ORIGIN}\"\nlisten = \"127.0.0.1:{port}\"\n[database]\nurl = \"{database}\"\n\
             [log]\nkeys = [\"{key}\"]\nkept = \"{}\"\n",
            kept.display()
        );
        let service = Service::start(folder, "hub", name, &config);
        let client = Settings::new(&format!("http://127.0.0.1:{port}"), None).unwrap();
        let hub = Self { service, client: HubClient::new(client).unwrap(), kept };
        let begun = Instant::now();
        while hub.client.ready().await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "{}", hub.service.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        hub
    }
}

/// Which of them signed last: the one whose last checkpoint is newest, and of two that keep the same one, who kept it first.
pub(crate) fn holder(hubs: &[Hub; 2]) -> usize {
    let kept = |hub: &Hub| -> (u64, std::cmp::Reverse<std::time::SystemTime>) {
        let note = std::fs::read_to_string(&hub.kept).unwrap_or_default();
        let size = note.lines().nth(1).and_then(|line| line.parse().ok()).unwrap_or_default();
        let at = std::fs::metadata(&hub.kept).and_then(|kept| kept.modified());
        (size, std::cmp::Reverse(at.unwrap_or(std::time::UNIX_EPOCH)))
    };
    usize::from(kept(&hubs[1]) > kept(&hubs[0]))
}
