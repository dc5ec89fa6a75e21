//! One process: started so that it cannot outlive us, paused, resumed, killed.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};

use rustix::process::{Pid, Signal, kill_process};

/// util-linux's `setpriv` has the kernel kill a child when the thread that started it ends; a test that is killed
/// would otherwise leave its nodes behind.
const SETPRIV: &str = "/usr/bin/setpriv";

type Order = (Command, Sender<io::Result<Child>>);

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

/// A running process. Killed and reaped when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    paused: bool,
}

impl Process {
    /// Runs `command` without input, its output appended to `log`. Of the command, its program, arguments, folder and
    /// changes to the environment count.
    pub fn start(command: Command, log: &Path) -> io::Result<Self> {
        let output = File::options().create(true).append(true).open(log)?;
        let errors = output.try_clone()?;
        let mut command = tied(command);
        command.stdin(Stdio::null()).stdout(output).stderr(errors);

        let (answer, started) = channel();
        let gone = || io::Error::other("the spawning thread is gone");
        let spawned = SPAWNER
            .send((command, answer))
            .map_err(|_| gone())
            .and_then(|()| started.recv().map_err(|_| gone()).flatten());
        Ok(Self { child: spawned?, paused: false })
    }

    /// SIGSTOP: the process keeps its sockets and does nothing.
    pub fn pause(&mut self) -> io::Result<()> {
        self.paused = true;
        self.signal(Signal::STOP)
    }

    /// SIGCONT.
    pub fn resume(&mut self) -> io::Result<()> {
        self.signal(Signal::CONT)?;
        self.paused = false;
        Ok(())
    }

    /// Whether it was paused and not resumed since.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        // The child is not reaped before it is dropped or seen ended, so its id cannot have become someone else's.
        kill_process(Pid::from_child(&self.child), signal).map_err(Into::into)
    }

    /// The exit status, if the process has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; either way there is nothing left to do about it.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The same command, dying with the thread that starts it where the system can do that.
fn tied(command: Command) -> Command {
    if !Path::new(SETPRIV).exists() {
        return command;
    }
    let mut tied = Command::new(SETPRIV);
    tied.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => tied.env(name, value),
            None => tied.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        tied.current_dir(folder);
    }
    tied
}

/// The last `lines` lines of a log, or why it cannot be read.
pub fn tail(log: &Path, lines: usize) -> String {
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

    fn state(process: &Process) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
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
        let mut command = Command::new("/bin/sleep");
        command.arg("60");
        let mut process = Process::start(command, &folder.path().join("log")).unwrap();
        process.pause().unwrap();
        wait_until(|| state(&process).starts_with('T'));
        process.resume().unwrap();
        wait_until(|| state(&process).starts_with('S'));
        let id = process.id();
        process.pause().unwrap();
        drop(process);
        assert!(!Path::new(&format!("/proc/{id}")).exists());
    }

    #[test]
    fn a_process_gets_its_arguments_environment_and_folder() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "echo $1 $NAME $(pwd)", "sh", "one"]).env("NAME", "two").current_dir(&folder);
        let mut process = Process::start(command, &log).unwrap();
        wait_until(|| std::fs::read(&log).is_ok_and(|said| said.ends_with(b"\n")));
        assert_eq!(tail(&log, 1), format!("one two {}", folder.path().canonicalize().unwrap().display()));
        let start = Instant::now();
        while process.ended().is_none() {
            assert!(start.elapsed() < Duration::from_secs(10), "it ends by itself");
        }
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
