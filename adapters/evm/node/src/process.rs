//! One node's process: started so that it cannot outlive us, paused, resumed, killed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};

use rustix::process::{Pid, Signal, kill_process};

use crate::NodeError;

/// util-linux's `setpriv` has the kernel kill a child when the thread that started it ends; a test that is killed
/// would otherwise leave its nodes behind.
const SETPRIV: &str = "/usr/bin/setpriv";

type Order = (Command, Sender<std::io::Result<Child>>);

/// Starts every child, because the kernel's "parent" is a thread: this one lives as long as the process, a test's
/// own thread does not.
static SPAWNER: LazyLock<Sender<Order>> = LazyLock::new(|| {
    let (sender, orders) = channel::<Order>();
    std::thread::spawn(move || {
        for (mut command, answer) in orders {
            // The receiver waits for this answer; it is gone only if its thread panicked.
            drop(answer.send(command.spawn()));
        }
    });
    sender
});

/// A running node. Killed and reaped when dropped.
#[derive(Debug)]
pub(crate) struct NodeProcess {
    child: Child,
    paused: bool,
}

impl NodeProcess {
    /// Runs `binary` with `arguments`, its output appended to `log`.
    pub(crate) fn start(binary: &Path, arguments: &[String], log: &Path) -> Result<Self, NodeError> {
        let output =
            File::options().create(true).append(true).open(log).map_err(NodeError::io("opening", log))?;
        let errors = output.try_clone().map_err(NodeError::io("opening", log))?;
        let mut command = if Path::new(SETPRIV).exists() {
            let mut command = Command::new(SETPRIV);
            command.args(["--pdeathsig", "KILL", "--"]).arg(binary);
            command
        } else {
            Command::new(binary)
        };
        // GoQuorum refuses to start without a word about its private transactions; `ignore` turns them off.
        command
            .args(arguments)
            .env("PRIVATE_CONFIG", "ignore")
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);

        let (answer, started) = channel();
        let gone = || std::io::Error::other("the spawning thread is gone");
        let spawned = SPAWNER
            .send((command, answer))
            .map_err(|_| gone())
            .and_then(|()| started.recv().map_err(|_| gone()).flatten());
        Ok(Self { child: spawned.map_err(NodeError::io("starting", binary))?, paused: false })
    }

    /// SIGSTOP: the process keeps its sockets and does nothing.
    pub(crate) fn pause(&mut self) -> Result<(), NodeError> {
        self.paused = true;
        self.signal(Signal::STOP)
    }

    /// SIGCONT.
    pub(crate) fn resume(&mut self) -> Result<(), NodeError> {
        self.signal(Signal::CONT)?;
        self.paused = false;
        Ok(())
    }

    /// Whether it was paused and not resumed since.
    pub(crate) fn is_paused(&self) -> bool {
        self.paused
    }

    fn signal(&self, signal: Signal) -> Result<(), NodeError> {
        // The child is not reaped before it is dropped or seen ended, so its id cannot have become someone else's.
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).map_err(|error| NodeError::Io {
            doing: format!("signalling process {pid:?}"),
            source: error.into(),
        })
    }

    /// The exit status, if the process has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        // It may have ended by itself; either way there is nothing left to do about it.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The last `lines` lines of a log, or why it cannot be read.
pub(crate) fn tail(log: &PathBuf, lines: usize) -> String {
    match std::fs::read(log) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let all: Vec<&str> = text.lines().collect();
            all[all.len().saturating_sub(lines)..].join("\n")
        }
        Err(error) => format!("(no log: {error})"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn state(process: &NodeProcess) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.child.id())).unwrap();
        status.lines().find_map(|line| line.strip_prefix("State:")).unwrap().trim().to_owned()
    }

    fn wait_until(what: impl Fn() -> bool) {
        let start = Instant::now();
        while !what() {
            assert!(start.elapsed() < Duration::from_secs(10), "did not happen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_process_pauses_resumes_and_dies_with_its_handle() {
        let folder = tempfile::tempdir().unwrap();
        let arguments = ["60".to_owned()];
        let mut process =
            NodeProcess::start(Path::new("/bin/sleep"), &arguments, &folder.path().join("log")).unwrap();
        process.pause().unwrap();
        wait_until(|| state(&process).starts_with('T'));
        process.resume().unwrap();
        wait_until(|| state(&process).starts_with('S'));
        let id = process.child.id();
        process.pause().unwrap();
        drop(process);
        assert!(!Path::new(&format!("/proc/{id}")).exists());
    }

    #[test]
    fn a_log_tail_is_its_last_lines() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        std::fs::write(&log, "one\ntwo\nthree\n").unwrap();
        assert_eq!(tail(&log, 2), "two\nthree");
        assert!(tail(&folder.path().join("none"), 2).starts_with("(no log"));
    }
}
