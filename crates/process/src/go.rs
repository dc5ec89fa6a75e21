//! Programs that Go builds from a pinned module: once, then found.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use crate::cache_folder;

/// Packages that one build compiles at once: whoever waits for it shares the machine with others.
const PARALLEL: &str = "2";
/// Between two looks whether somebody else's build has ended.
const POLL: Duration = Duration::from_millis(200);
/// Lines of Go's output that are shown with a failure.
const LINES: usize = 15;

/// A Go module and the programs in it. It need not be in any folder: it is written out where it is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoModule {
    /// What its programs are together, such as `fabric`: the name of their folder in the cache.
    pub name: &'static str,
    /// Its files and their paths in it, `go.mod` and `go.sum` among them. The latter pins every byte of every dependency.
    pub files: Vec<(String, Vec<u8>)>,
    /// The packages of its programs, as `go build` takes them. A program is called as the last part of its package.
    pub packages: Vec<String>,
    /// What else `go build` is told.
    pub flags: Vec<String>,
}

/// Programs that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no Go on this machine.
    #[error(
        "expected Go 1.23 or newer to build {name} with, and `go` did not start: {cause}. Install Go, and have it in the PATH"
    )]
    NoGo {
        /// What was to be built.
        name: &'static str,
        /// The operating system's answer.
        cause: io::Error,
    },
    /// Go did not build it.
    #[error(
        "`go build` of {name} ended with {status}; modules that this machine has not fetched before have to be within reach \
         (GOPROXY). It said:\n{said}"
    )]
    Failed {
        /// What was to be built.
        name: &'static str,
        /// Go's exit status.
        status: ExitStatus,
        /// The last lines it wrote.
        said: String,
    },
    /// There is no folder to keep programs in.
    #[error("no folder to keep {name} in: set HOME or XDG_CACHE_HOME")]
    NoCache {
        /// What was to be kept.
        name: &'static str,
    },
    /// A file operation failed.
    #[error("{doing}: {cause}")]
    Io {
        /// What was being done, with its path.
        doing: String,
        /// The operating system's answer.
        cause: io::Error,
    },
}

impl BuildError {
    fn io(doing: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let doing = format!("{doing} {}", path.display());
        move |cause| Self::Io { doing, cause }
    }
}

impl GoModule {
    /// The folder with its programs, built first where they have not been. It is named by a digest of everything they are built
    /// from, so what is there is what was asked for. Whoever wants the same while it is built waits for it.
    ///
    /// Building takes a minute or two and ends, Go's children included, with this future.
    pub async fn programs(&self) -> Result<PathBuf, BuildError> {
        let cache = cache_folder().ok_or(BuildError::NoCache { name: self.name })?;
        self.programs_in(&cache).await
    }

    async fn programs_in(&self, cache: &Path) -> Result<PathBuf, BuildError> {
        let folder = cache.join(self.name).join(self.digest());
        let programs = folder.join("bin");
        if programs.is_dir() {
            return Ok(programs);
        }
        fs::create_dir_all(&folder).map_err(BuildError::io("creating", &folder))?;
        let _lock = lock(&folder.join("lock")).await?;
        // Whoever held the lock before us may have built them.
        if !programs.is_dir() {
            // Moved to its place whole, so that a build that was cut short leaves nothing that looks like one.
            let new =
                tempfile::tempdir_in(&folder).map_err(BuildError::io("creating a folder in", &folder))?;
            let (sources, built) = (new.path().join("source"), new.path().join("bin"));
            self.write(&sources)?;
            fs::create_dir(&built).map_err(BuildError::io("creating", &built))?;
            self.build("go", new.path(), &sources, &built).await?;
            fs::rename(&built, &programs).map_err(BuildError::io("renaming to", &programs))?;
        }
        Ok(programs)
    }

    /// Names a build by what it is built from.
    fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut take = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        for (path, content) in &self.files {
            take(path.as_bytes());
            take(content);
        }
        for word in self.packages.iter().chain(&self.flags) {
            take(word.as_bytes());
        }
        const_hex::encode(&hash.finalize()[..8])
    }

    fn write(&self, folder: &Path) -> Result<(), BuildError> {
        for (name, content) in &self.files {
            let path = folder.join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(BuildError::io("creating", parent))?;
            }
            fs::write(&path, content).map_err(BuildError::io("writing", &path))?;
        }
        Ok(())
    }

    /// Has `go` build what is in `sources` into `output`; everything else that it writes goes into `scratch`.
    async fn build(&self, go: &str, scratch: &Path, sources: &Path, output: &Path) -> Result<(), BuildError> {
        let mut command = Command::new(go);
        command
            .args(["build", "-p", PARALLEL, "-mod=readonly", "-buildvcs=false"])
            .args(&self.flags)
            .arg("-o")
            .arg(output)
            .args(&self.packages)
            .current_dir(sources)
            // No workspace of the user's counts here.
            .env("GOWORK", "off")
            .env("GOTMPDIR", scratch)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // A group of its own, so that its compilers can be ended with it.
            .process_group(0);
        let mut go = command.spawn().map_err(|cause| BuildError::NoGo { name: self.name, cause })?;
        let group = Group(go.id());
        let mut said = Vec::new();
        if let Some(mut errors) = go.stderr.take() {
            errors
                .read_to_end(&mut said)
                .await
                .map_err(BuildError::io("reading what", Path::new("go says")))?;
        }
        let status = go.wait().await.map_err(BuildError::io("waiting for", Path::new("go")))?;
        group.ended();
        if status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&said);
        let mut lines: Vec<&str> = said.lines().collect();
        // It says so for every package that it cannot have.
        lines.dedup();
        let said = lines[lines.len().saturating_sub(LINES)..].join("\n");
        Err(BuildError::Failed { name: self.name, status, said })
    }
}

/// A process and its children, killed when dropped.
struct Group(Option<u32>);

impl Group {
    /// It has ended: its id may be another's now.
    fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let leader = self.0.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(leader) = leader {
            // It may have ended by itself; either way there is nothing left to do about it.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

/// Holds a file against other builders, waiting for them without holding a thread.
async fn lock(path: &Path) -> Result<File, BuildError> {
    let file = File::create(path).map_err(BuildError::io("creating", path))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(POLL).await,
            Err(TryLockError::Error(cause)) => return Err(BuildError::io("locking", path)(cause)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(main: &str) -> GoModule {
        GoModule {
            name: "greeting",
            files: vec![
                ("go.mod".into(), b"module greeting\n\ngo 1.23\n".to_vec()),
                ("cmd/greet/main.go".into(), main.into()),
            ],
            packages: vec!["./cmd/greet".into()],
            flags: Vec::new(),
        }
    }

    /// As tests with real nodes do: no Go is no failure unless nodes are demanded.
    fn no_go(error: &BuildError) -> bool {
        let demanded = std::env::var_os("CAUSEWAY_REQUIRE_NODES").is_some_and(|set| set == "1");
        let none = matches!(error, BuildError::NoGo { .. }) && !demanded;
        if none {
            println!("skipped: {error}");
        }
        none
    }

    #[tokio::test]
    async fn a_program_is_built_once_and_again_when_its_source_changes() {
        let cache = tempfile::tempdir().unwrap();
        let hello = module("package main\n\nfunc main() { println(\"hello\") }\n");
        let folder = match hello.programs_in(cache.path()).await {
            Err(error) if no_go(&error) => return,
            built => built.unwrap(),
        };
        let said = Command::new(folder.join("greet")).output().await.unwrap();
        assert_eq!(said.stderr, b"hello\n");
        let made = fs::metadata(folder.join("greet")).unwrap().modified().unwrap();
        assert_eq!(hello.programs_in(cache.path()).await.unwrap(), folder);
        assert_eq!(fs::metadata(folder.join("greet")).unwrap().modified().unwrap(), made);

        let bye = module("package main\n\nfunc main() { println(\"bye\") }\n");
        let other = bye.programs_in(cache.path()).await.unwrap();
        assert_eq!(Command::new(other.join("greet")).output().await.unwrap().stderr, b"bye\n");
    }

    #[tokio::test]
    async fn a_module_that_does_not_build_says_why_and_leaves_nothing() {
        let cache = tempfile::tempdir().unwrap();
        let wrong = module("package main\n\nfunc main() { nonsense() }\n");
        let error = wrong.programs_in(cache.path()).await.unwrap_err();
        if no_go(&error) {
            return;
        }
        assert!(matches!(&error, BuildError::Failed { said, .. } if said.contains("nonsense")), "{error}");
        let left = fs::read_dir(cache.path().join("greeting").join(wrong.digest())).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["lock"]);
    }

    #[tokio::test]
    async fn where_there_is_no_go_it_says_so_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let module = module("package main");
        let error =
            module.build("no-such-go", folder.path(), folder.path(), folder.path()).await.unwrap_err();
        assert!(matches!(error, BuildError::NoGo { .. }), "{error}");
        assert!(error.to_string().contains("Install Go"), "{error}");
    }

    #[test]
    fn a_build_is_named_by_everything_it_is_built_from() {
        let one = module("package main");
        assert_eq!(one.digest(), module("package main").digest());
        let others = [
            module("package other"),
            GoModule { packages: vec!["./cmd/other".into()], ..one.clone() },
            GoModule { flags: vec!["-race".into()], ..one.clone() },
            GoModule { files: vec![("go.mod".into(), Vec::new())], ..one.clone() },
        ];
        for other in others {
            assert_ne!(other.digest(), one.digest(), "{other:?}");
        }
    }

    #[tokio::test]
    async fn a_build_that_nobody_waits_for_any_more_ends_with_its_children() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "sleep 60 & echo $!; wait"]).stdout(Stdio::piped()).process_group(0);
        let mut shell = command.spawn().unwrap();
        let group = Group(shell.id());
        let mut first = [0; 16];
        let read = shell.stdout.as_mut().unwrap().read(&mut first).await.unwrap();
        let child: i32 = std::str::from_utf8(&first[..read]).unwrap().trim().parse().unwrap();
        drop(group);
        assert!(!shell.wait().await.unwrap().success());
        for _ in 0..100 {
            // A killed child is a zombie until somebody reaps it.
            match fs::read_to_string(format!("/proc/{child}/status")) {
                Ok(status) if !status.contains("State:\tZ") => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                _ => return,
            }
        }
        panic!("the shell's child lives on");
    }
}
