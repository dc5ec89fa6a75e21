//! The data folder: made once by `initdb`, protected by a random password.

use std::fmt::Write as _;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::StartError;
use crate::account::Account;
use crate::binaries::Binaries;

/// The superuser of every private server.
pub(crate) const USER: &str = "causeway";

/// A data folder that `postgres` can be started on.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// The folder that holds everything: the cluster, its password, its log.
    pub(crate) folder: PathBuf,
    /// The superuser's password.
    pub(crate) password: String,
}

impl Cluster {
    /// Opens the cluster in `folder`, or makes one when the folder is absent or empty.
    pub(crate) fn open(
        folder: &Path,
        binaries: &Binaries,
        account: Account,
        durable: bool,
    ) -> Result<Self, StartError> {
        std::fs::create_dir_all(folder).map_err(StartError::files("creating", folder))?;
        let folder = folder.canonicalize().map_err(StartError::files("finding", folder))?;
        let secret = folder.join("password");
        if folder.join("data").join("PG_VERSION").is_file() && secret.is_file() {
            let password = std::fs::read_to_string(&secret).map_err(StartError::files("reading", &secret))?;
            return Ok(Self { folder, password });
        }
        let mut entries = std::fs::read_dir(&folder).map_err(StartError::files("listing", &folder))?;
        if entries.next().is_some() {
            return Err(StartError::NotOurs(folder));
        }
        let cluster = Self { password: random_password()?, folder };
        cluster.init(binaries, account, durable)?;
        Ok(cluster)
    }

    /// Where Postgres keeps its files.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The server's log.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    fn init(&self, binaries: &Binaries, account: Account, durable: bool) -> Result<(), StartError> {
        let folder = &self.folder;
        let private = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder, private).map_err(StartError::files("protecting", folder))?;
        account.own(folder)?;
        let secret = folder.join("password");
        std::fs::write(&secret, &self.password).map_err(StartError::files("writing", &secret))?;
        let only_owner = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&secret, only_owner).map_err(StartError::files("protecting", &secret))?;
        account.own(&secret)?;

        let program = binaries.initdb();
        let mut command = Command::new(&program);
        command
            .arg("--pgdata")
            .arg(self.data())
            .args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"])
            .arg("--pwfile")
            .arg(&secret)
            .stdin(Stdio::null());
        if !durable {
            command.arg("--no-sync");
        }
        account.run(&mut command);
        let output = command.output().map_err(|cause| StartError::Run { program, cause })?;
        if output.status.success() {
            return Ok(());
        }
        Err(StartError::InitDb(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
    }
}

fn random_password() -> Result<String, StartError> {
    let path = Path::new("/dev/urandom");
    let mut bytes = [0; 24];
    std::fs::File::open(path)
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(StartError::files("reading", path))?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    }))
}
