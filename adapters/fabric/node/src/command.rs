//! Running Fabric's own tools.

use std::path::Path;

use tokio::process::Command;

use crate::{Binaries, Identity, NodeError};

/// Lines of a tool's output that are shown with its failure.
const LINES: usize = 15;

/// One call of a tool.
pub(crate) struct Tool {
    command: Command,
    shown: String,
}

impl Tool {
    /// `name` with `arguments`.
    pub(crate) fn new<A: AsRef<str>>(binaries: &Binaries, name: &str, arguments: &[A]) -> Self {
        let mut command = Command::new(binaries.path(name));
        command.args(arguments.iter().map(AsRef::as_ref));
        let words = arguments.iter().map(AsRef::as_ref).take(4);
        let shown = [name].into_iter().chain(words).collect::<Vec<_>>().join(" ");
        Self { command, shown }
    }

    /// Sets where it finds its configuration.
    pub(crate) fn configured(mut self, folder: &Path) -> Self {
        self.command.env("FABRIC_CFG_PATH", folder);
        self
    }

    /// Speaks as `identity`, to the peer of its organisation at `address`.
    pub(crate) fn identified(mut self, identity: &Identity, address: &str) -> Self {
        self.command
            .env("CORE_PEER_LOCALMSPID", &identity.msp)
            .env("CORE_PEER_MSPCONFIGPATH", &identity.folder)
            .env("CORE_PEER_ADDRESS", address)
            .env("CORE_PEER_TLS_ROOTCERT_FILE", &identity.tls.root)
            .env("CORE_PEER_TLS_CLIENTCERT_FILE", &identity.tls.certificate)
            .env("CORE_PEER_TLS_CLIENTKEY_FILE", &identity.tls.key);
        self
    }

    /// Runs it and answers its standard output.
    pub(crate) async fn run(mut self) -> Result<Vec<u8>, NodeError> {
        self.command.stdin(std::process::Stdio::null()).kill_on_drop(true);
        let done = self.command.output().await.map_err(NodeError::io("starting", &self.shown))?;
        if done.status.success() {
            return Ok(done.stdout);
        }
        let said = [done.stdout, done.stderr].concat();
        let said = last_lines(&String::from_utf8_lossy(&said), LINES);
        Err(NodeError::Command { command: self.shown, status: done.status.to_string(), said })
    }
}

/// The last `count` lines of a text.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
