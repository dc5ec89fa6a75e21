//! The binary's services as processes of their own, so that a test can kill them.

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running `causeway ROLE --config FILE`, killed when dropped.
pub(crate) struct Service {
    role: &'static str,
    name: String,
    folder: std::path::PathBuf,
    child: Child,
}

impl Service {
    /// Starts `role` under `name` with `config`, which is written into `folder` together with the service's log.
    pub(crate) fn start(folder: &Path, role: &'static str, name: &str, config: &str) -> Self {
        std::fs::write(folder.join(format!("{name}.toml")), config).unwrap();
        let child = spawn(folder, role, name);
        Self { role, name: name.to_owned(), folder: folder.to_owned(), child }
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// A new process in place of the killed one.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(&self.folder, self.role, &self.name);
    }

    /// Fails with the log's end if the service has ended.
    pub(crate) fn assert_running(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("{} ended with {status}:\n{}", self.name, self.log());
        }
    }

    /// The end of its log.
    pub(crate) fn log(&self) -> String {
        let text =
            std::fs::read_to_string(self.folder.join(format!("{}.log", self.name))).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &Path, role: &str, name: &str) -> Child {
    let log =
        std::fs::File::options().create(true).append(true).open(folder.join(format!("{name}.log"))).unwrap();
    // What steers these tests would be read as overrides of the configuration.
    let ours = std::env::vars_os().map(|(name, _)| name);
    let steering = ours.filter(|name| name.to_string_lossy().starts_with("CAUSEWAY_"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_causeway"));
    steering.for_each(|name| {
        command.env_remove(name);
    });
    command
        .arg(role)
        .arg("--config")
        .arg(folder.join(format!("{name}.toml")))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// Writes `content` as a secret's file and answers its path.
pub(crate) fn secret(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}
