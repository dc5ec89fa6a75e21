//! The running server, and the guard that takes it down when this process is gone.
//!
//! A process killed by SIGKILL runs no destructor. So the server is the child of a small shell that reads a pipe whose
//! other end only this process holds: when the pipe ends, for whatever reason, the guard shuts the server down.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::StartError;
use crate::account::Account;

/// Runs "$@" until standard input ends; then a fast shutdown (SIGINT), after ten seconds an immediate one (SIGQUIT). Leaves no
/// process behind, the one that counts those seconds included.
/// GUARD_LOG names the server's log. GUARD_REMOVE names a folder to remove afterwards, unless the pipe said `keep`: then this
/// process lives and sees to it.
const GUARD: &str = r#"
"$@" </dev/null >>"$GUARD_LOG" 2>&1 &
server=$!
word=$(cat)
kill -INT "$server" 2>/dev/null
( trap 'kill $nap' TERM; sleep 10 & nap=$!; wait "$nap" && kill -QUIT "$server" ) >/dev/null 2>&1 &
slow=$!
wait "$server"
kill "$slow" 2>/dev/null
wait "$slow"
if [ -n "$GUARD_REMOVE" ] && [ "$word" != keep ]; then rm -rf "$GUARD_REMOVE"; fi
"#;

/// How long a server may take to get ready: recovery after a crash included.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// How long a guard takes at most to shut an earlier server down.
const VACANT_WITHIN: Duration = Duration::from_secs(15);

/// A guard with the server it guards.
#[derive(Debug)]
pub(crate) struct Process {
    guard: Child,
    data: PathBuf,
}

impl Process {
    /// Starts `postgres` with `arguments` on `data`.
    pub(crate) fn start(
        postgres: &Path,
        data: &Path,
        arguments: &[String],
        log: &Path,
        remove: Option<&Path>,
        account: Account,
    ) -> Result<Self, StartError> {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", GUARD, "causeway-postgres-guard"])
            .arg(postgres)
            .arg("-D")
            .arg(data)
            .args(arguments)
            .env("GUARD_LOG", log)
            .env("GUARD_REMOVE", remove.map_or_else(Default::default, Path::as_os_str))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own: Ctrl-C in a terminal reaches this process, which then decides in what order things stop.
            .process_group(0);
        account.run(&mut command);
        let guard = command.spawn().map_err(|cause| StartError::Run { program: "/bin/sh".into(), cause })?;
        Ok(Self { guard, data: data.to_path_buf() })
    }

    /// Waits until a server of an earlier process, which its guard may still be shutting down, is gone from `data`.
    pub(crate) async fn vacant(data: &Path) -> Result<(), StartError> {
        let begun = Instant::now();
        while let Some(earlier) = pid_in(data).filter(|pid| test_kill_process(*pid).is_ok()) {
            if begun.elapsed() > VACANT_WITHIN {
                return Err(StartError::InUse {
                    data: data.to_path_buf(),
                    pid: earlier.as_raw_nonzero().get(),
                });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Waits until the server says in its pid file that it accepts connections.
    pub(crate) async fn ready(&mut self, log: &Path) -> Result<(), StartError> {
        let begun = Instant::now();
        let mut seen = false;
        loop {
            let status = self.status();
            if status.as_deref() == Some("ready") {
                return Ok(());
            }
            seen |= status.is_some();
            // The file goes away with the server.
            let gone = seen && status.is_none();
            let refused = begun.elapsed() > Duration::from_secs(1) && status.is_none() && ended(log);
            if gone || refused || begun.elapsed() > READY_WITHIN {
                return Err(StartError::NotReady(tail(log)));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The eighth line of postmaster.pid: `starting`, `ready`, `stopping`.
    fn status(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        Some(text.lines().nth(7).unwrap_or("starting").trim().to_owned())
    }

    /// The server's own process.
    fn server(&self) -> Option<Pid> {
        pid_in(&self.data)
    }

    /// Sends the server a signal; nothing when it is gone already.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(server) = self.server() {
            let _ = kill_process(server, signal);
        }
    }

    /// Kills the server as a power failure would, and waits until the process is gone.
    pub(crate) fn kill(&mut self) {
        if let Some(server) = self.server() {
            // The guard owns the process and reaps it; an error means that it is gone already.
            let _ = kill_process(server, Signal::KILL);
        }
        self.stop();
        // A killed server leaves its pid file behind; a new one would wait to see whether that process lives.
        let _ = std::fs::remove_file(self.data.join("postmaster.pid"));
    }

    /// Ends the pipe, and waits for the guard to shut the server down.
    pub(crate) fn stop(&mut self) {
        if let Some(mut pipe) = self.guard.stdin.take() {
            // A guard that is gone already has nothing left to be told.
            let _ = pipe.write_all(b"keep");
        }
        if let Err(error) = self.guard.wait() {
            tracing::warn!(%error, "the guard of a private Postgres could not be waited for");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The process that `postmaster.pid` in `data` names.
fn pid_in(data: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
    text.lines().next()?.trim().parse().ok().and_then(Pid::from_raw)
}

/// Whether the log says that the server gave up before it had a pid file.
fn ended(log: &Path) -> bool {
    tail(log).contains("FATAL")
}

/// The last lines of the server's log.
fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("; ")
}
