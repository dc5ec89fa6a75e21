//! One server of the network: where it listens, how it is started, whether it runs.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use causeway_process::{Port, Process, tail};
use tokio::net::TcpStream;

use crate::NodeError;

/// How long a server may take to listen; generous, for busy machines.
const START: Duration = Duration::from_mins(1);
/// Between two looks at something awaited.
pub(crate) const POLL: Duration = Duration::from_millis(50);
/// Log lines shown with a failure.
const LOG_LINES: usize = 30;

/// A process that listens on 127.0.0.1.
#[derive(Debug)]
pub(crate) struct Server {
    name: String,
    port: Port,
    /// What else it listens on.
    more_ports: Vec<Port>,
    log: PathBuf,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    process: Mutex<Option<Process>>,
}

/// How a server is started.
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) port: Port,
    pub(crate) more_ports: Vec<Port>,
    pub(crate) log: PathBuf,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
}

impl Server {
    /// Described, not started.
    pub(crate) fn new(plan: Plan) -> Self {
        let Plan { name, port, more_ports, log, program, arguments, environment } = plan;
        let process = Mutex::new(None);
        Self { name, port, more_ports, log, program, arguments, environment, process }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    /// Another port of it.
    pub(crate) fn more_port(&self, index: usize) -> u16 {
        self.more_ports.get(index).map_or(0, Port::number)
    }

    /// Starts it, killing it first if it runs, and waits until it listens.
    pub(crate) async fn start(&self) -> Result<(), NodeError> {
        self.kill();
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        let process = Process::start(command, &self.log).map_err(NodeError::io("starting", &self.program))?;
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(process);
        self.wait(&format!("{} to listen", self.name), START, async || {
            Ok(TcpStream::connect(self.address()).await.is_ok())
        })
        .await
    }

    /// SIGKILL.
    pub(crate) fn kill(&self) {
        self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// SIGSTOP.
    pub(crate) fn pause(&self) -> Result<(), NodeError> {
        self.signal(Process::pause)
    }

    /// SIGCONT.
    pub(crate) fn resume(&self) -> Result<(), NodeError> {
        self.signal(Process::resume)
    }

    fn signal(&self, signal: impl FnOnce(&mut Process) -> std::io::Result<()>) -> Result<(), NodeError> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let not_running = || NodeError::NoSuch { what: "running process", name: self.name.clone() };
        signal(process.as_mut().ok_or_else(not_running)?).map_err(NodeError::io("signalling", &self.name))
    }

    /// Waits until `done`, failing as soon as this server has ended.
    pub(crate) async fn wait(
        &self,
        what: &str,
        patience: Duration,
        done: impl AsyncFn() -> Result<bool, NodeError>,
    ) -> Result<(), NodeError> {
        let start = Instant::now();
        loop {
            if done().await? {
                return Ok(());
            }
            let ended = {
                let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
                process.as_mut().and_then(Process::ended)
            };
            let (node, log) = (self.name.clone(), || tail(&self.log, LOG_LINES));
            if let Some(status) = ended {
                return Err(NodeError::Ended { node, status: status.to_string(), log: log() });
            }
            if start.elapsed() > patience {
                return Err(NodeError::Timeout {
                    what: what.into(),
                    waited: start.elapsed(),
                    node,
                    log: log(),
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }
}
