//! Starting, naming and stopping one private server.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::StartError;
use crate::account::Account;
use crate::binaries::Binaries;
use crate::cluster::{Cluster, USER};
use crate::process::Process;

/// How long a killed server's last backend may take to end before a restart gives up.
const LAST_BACKEND: Duration = Duration::from_secs(30);

/// How a private server is to be run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its folder, made when absent and used again when it was made by this program; `None`: a temporary one, removed at
    /// the end.
    pub data_dir: Option<PathBuf>,
    /// Whether a commit survives a crash of the machine, not only of the server. `false` is for tests: much faster.
    pub durable: bool,
    /// Most connections it accepts.
    pub max_connections: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self { data_dir: None, durable: true, max_connections: 100 }
    }
}

/// A running private server. It listens on 127.0.0.1 only and asks for a random password.
#[derive(Debug)]
pub struct Server {
    pub(crate) process: Option<Process>,
    pub(crate) cluster: Cluster,
    pub(crate) binaries: Binaries,
    pub(crate) account: Account,
    pub(crate) options: Options,
    pub(crate) port: u16,
    /// Held so that a temporary folder lives as long as its server; dropped last.
    temporary: Option<TempDir>,
}

/// How often another port is tried when somebody else takes the chosen one in the meantime.
const PORT_ATTEMPTS: u32 = 5;

impl Server {
    /// Finds the programs, makes the data folder where needed, starts the server and waits until it is ready.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let binaries = programs().await?;
        let account = Account::choose()?;
        let (folder, temporary) = if let Some(folder) = options.data_dir.clone() {
            (folder, None)
        } else {
            let temporary = tempfile::Builder::new()
                .prefix("causeway-postgres-")
                .tempdir()
                .map_err(StartError::files("creating a folder in", &std::env::temp_dir()))?;
            (temporary.path().to_path_buf(), Some(temporary))
        };
        let (durable, found) = (options.durable, binaries.clone());
        let cluster = tokio::task::spawn_blocking(move || Cluster::open(&folder, &found, account, durable))
            .await
            .map_err(|error| StartError::InitDb(error.to_string()))??;
        Self::begin(cluster, binaries, account, options, temporary).await
    }

    /// Starts a server on a cluster that is there, on a port of its own.
    pub(crate) async fn begin(
        cluster: Cluster,
        binaries: Binaries,
        account: Account,
        options: Options,
        temporary: Option<TempDir>,
    ) -> Result<Self, StartError> {
        Process::vacant(&cluster.data()).await?;
        let mut server = Self { process: None, cluster, binaries, account, options, port: 0, temporary };
        let mut attempt = 1;
        loop {
            server.port = free_port();
            match server.run().await {
                Err(StartError::NotReady(log)) if log.contains("in use") && attempt < PORT_ATTEMPTS => {
                    attempt += 1;
                }
                Err(error) => return Err(error),
                Ok(()) => return Ok(server),
            }
        }
    }

    /// The URL of one of its databases, password included.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{}@127.0.0.1:{}/{database}", self.cluster.password, self.port)
    }

    /// Stops it: sessions are ended, data is written out.
    pub async fn stop(mut self) {
        let process = self.process.take();
        // Waiting for a process blocks; nothing is left to do if the waiting task cannot run.
        let _ = tokio::task::spawn_blocking(move || drop(process)).await;
    }

    /// Kills it without warning, as a failure would. For tests of what comes after; [`Server::restart`] follows.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts it again after [`Server::kill`], on the same data and port.
    pub async fn restart(&mut self) -> Result<(), StartError> {
        self.process = None;
        let patience = Instant::now() + LAST_BACKEND;
        loop {
            match self.run().await {
                // Backends outlive a killed postmaster until they notice; Postgres refuses the data folder until then.
                Err(StartError::NotReady(log))
                    if log.contains("shared memory block") && Instant::now() < patience =>
                {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                started => return started,
            }
        }
    }

    async fn run(&mut self) -> Result<(), StartError> {
        let mut arguments = vec![
            format!("-clisten_addresses={}", Ipv4Addr::LOCALHOST),
            format!("-cport={}", self.port),
            "-cunix_socket_directories=".to_owned(),
            format!("-cmax_connections={}", self.options.max_connections),
            "-cshared_buffers=128MB".to_owned(),
            "-cmax_wal_size=2GB".to_owned(),
        ];
        if !self.options.durable {
            // A commit is still written before it is acknowledged, so that it survives the server's death.
            arguments.extend(["-cfsync=off", "-cfull_page_writes=off"].map(str::to_owned));
        }
        let log = self.cluster.log();
        // What an earlier start said must not be taken for what this one says.
        let _ = std::fs::remove_file(&log);
        let remove = self.temporary.as_ref().map(TempDir::path);
        let mut process = Process::start(
            &self.binaries.postgres(),
            &self.cluster.data(),
            &arguments,
            &log,
            remove,
            self.account,
        )?;
        process.ready(&log).await?;
        self.process = Some(process);
        Ok(())
    }
}

/// The programs of this machine; where there are none, fetched ones.
#[cfg(feature = "download")]
async fn programs() -> Result<Binaries, StartError> {
    match Binaries::find() {
        Err(StartError::NoBinaries) => crate::download::fetch().await,
        found => found,
    }
}

/// The programs of this machine.
#[cfg(not(feature = "download"))]
#[allow(clippy::unused_async, reason = "fetching them is what takes time")]
async fn programs() -> Result<Binaries, StartError> {
    Binaries::find()
}

/// A port below the ephemeral range, free a moment ago.
fn free_port() -> u16 {
    // Spread over processes and calls, so that two of them rarely ask for the same port at once.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let seed = now.subsec_micros() + std::process::id().wrapping_mul(7919);
    (0..8000u32)
        .map(|step| 20_000 + u16::try_from((seed.wrapping_add(step * 37)) % 12_000).unwrap_or_default())
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .unwrap_or(20_000)
}
