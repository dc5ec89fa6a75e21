//! A standby that follows a server by streaming, and takes its place: for tests of failures that lose a machine.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::cluster::{Cluster, USER};
use crate::{Server, StartError};

/// How long a promotion may take.
const PROMOTED_WITHIN: Duration = Duration::from_secs(30);

impl Server {
    /// A standby of this server, which has everything of it and goes on to follow. It needs `pg_basebackup` beside `postgres`.
    pub async fn standby(&self) -> Result<Self, StartError> {
        let temporary = tempfile::Builder::new()
            .prefix("causeway-postgres-")
            .tempdir()
            .map_err(StartError::files("creating a folder in", &std::env::temp_dir()))?;
        let folder = temporary.path();
        let private = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder, private).map_err(StartError::files("protecting", folder))?;
        self.account.own(folder)?;
        let cluster = Cluster { folder: folder.to_owned(), password: self.cluster.password.clone() };
        let program = self.binaries.initdb().with_file_name("pg_basebackup");
        let mut command = Command::new(&program);
        command
            .args(["--host", "127.0.0.1", "--port", &self.port.to_string(), "--username", USER])
            .args(["--write-recovery-conf", "--wal-method", "stream", "--checkpoint", "fast"])
            .arg("--pgdata")
            .arg(cluster.data())
            .env("PGPASSWORD", &cluster.password)
            .stdin(Stdio::null());
        if !self.options.durable {
            command.arg("--no-sync");
        }
        self.account.run(&mut command);
        let copied = tokio::task::spawn_blocking(move || command.output()).await;
        let copied = copied.map_err(|error| StartError::InitDb(error.to_string()))?;
        let output = copied.map_err(|cause| StartError::Run { program, cause })?;
        if !output.status.success() {
            return Err(StartError::InitDb(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        Self::begin(cluster, self.binaries.clone(), self.account, self.options.clone(), Some(temporary)).await
    }

    /// From now on a commit is acknowledged once a standby has it on its disk too, and waits while there is none.
    pub fn wait_for_standby(&self) -> Result<(), StartError> {
        let path = self.cluster.data().join("postgresql.auto.conf");
        let mut file =
            std::fs::File::options().append(true).open(&path).map_err(StartError::files("opening", &path))?;
        file.write_all(b"synchronous_standby_names = '*'\n").map_err(StartError::files("writing", &path))?;
        self.signal(Signal::HUP);
        Ok(())
    }

    /// Makes a standby a server of its own.
    pub async fn promote(&self) -> Result<(), StartError> {
        let data = self.cluster.data();
        let trigger = data.join("promote");
        std::fs::write(&trigger, "").map_err(StartError::files("writing", &trigger))?;
        self.signal(Signal::USR1);
        let begun = Instant::now();
        while follows(&data) {
            if begun.elapsed() > PROMOTED_WITHIN {
                return Err(StartError::NotReady("it still follows another server".to_owned()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    fn signal(&self, signal: Signal) {
        if let Some(process) = &self.process {
            process.signal(signal);
        }
    }
}

/// Whether the server on `data` is a standby.
fn follows(data: &Path) -> bool {
    data.join("standby.signal").exists()
}
