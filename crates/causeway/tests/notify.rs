//! `Type=notify` as systemd does it: each role says when it is up, that it lives, and that it stops.
#![allow(clippy::unwrap_used)] // a test may panic

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use causeway_log::{KeyKind, KeyName, NoteSigner};
use causeway_protocol::Family;
use causeway_verifier::forge::Forge;

const KEY: &str = "0x0707070707070707070707070707070707070707070707070707070707070707";
const PATIENCE: Duration = Duration::from_mins(1);

/// A service manager: a socket, and a process that was told where it is.
struct Manager {
    socket: UnixDatagram,
    child: Child,
}

impl Manager {
    /// Starts `role` the way a unit of `Type=notify` with a watchdog of 400 ms does.
    fn start(role: &str, folder: &Path, config: &str) -> Self {
        let path = folder.join("notify.socket");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let file = folder.join("config.toml");
        std::fs::write(&file, config).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_causeway"))
            .args([role, "--config"])
            .arg(&file)
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "400000")
            .env_remove("WATCHDOG_PID")
            .env("CREDENTIALS_DIRECTORY", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { socket, child }
    }

    /// Waits for a line among what the process says.
    fn expect(&mut self, line: &str) {
        let started = Instant::now();
        let mut buffer = [0; 4096];
        while started.elapsed() < PATIENCE {
            if let Ok(length) = self.socket.recv(&mut buffer) {
                let text = std::str::from_utf8(&buffer[..length]).unwrap();
                if text.lines().any(|said| said == line) {
                    return;
                }
            } else if let Some(status) = self.child.try_wait().unwrap() {
                panic!("ended with {status} before it said {line}");
            }
        }
        panic!("did not say {line} within {PATIENCE:?}");
    }

    /// Up, alive twice, told to stop, stopping, ended with 0.
    fn whole_life(mut self) {
        self.expect("READY=1");
        self.expect("WATCHDOG=1");
        self.expect("WATCHDOG=1");
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.expect("STOPPING=1");
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}");
                return;
            }
            assert!(started.elapsed() < PATIENCE, "it did not end");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with the credentials that the roles ask for.
fn credentials() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "causeway_token_of_this_test\n").unwrap();
    std::fs::write(folder.path().join("key"), KEY).unwrap();
    folder
}

#[test]
fn an_attestor_tells_the_service_manager() {
    let folder = credentials();
    let forge = Forge::new(Family::Qbft, 4);
    let config = format!(
        "hub = \"http://127.0.0.1:9\"\ntoken = \"credential:token\"\nkey = \"credential:key\"\ndata = \"{}\"\n\
         [[islands]]\nname = \"harbour\"\nfamily = \"qbft\"\nfingerprint = \"{}\"\nanchor = \"{}\"\n\
         [[islands.gateways]]\nid = \"0x{}\"\naddress = \"0x{}\"\n",
        folder.path().join("data").display(),
        forge.island().fingerprint,
        const_hex::encode_prefixed(forge.anchor()),
        "12".repeat(32),
        "13".repeat(20),
    );
    Manager::start("attestor", folder.path(), &config).whole_life();
}

#[test]
fn a_relayer_tells_the_service_manager() {
    let folder = credentials();
    let config = "hub = \"http://127.0.0.1:9\"\norigin = \"hub.test/log\"\ntoken = \"credential:token\"\n\
                  key = \"credential:key\"\n[[islands]]\nisland = \"harbour\"\n[islands.evm]\nrpc = [\"http://127.0.0.1:9\"]\n\
                  delivery_key = \"credential:key\"\n";
    Manager::start("relayer", folder.path(), config).whole_life();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_tells_the_service_manager_once_its_database_is_ready() {
    let options = causeway_postgres::Options { durable: false, ..causeway_postgres::Options::default() };
    let postgres = causeway_postgres::Server::start(options).await.unwrap();
    let folder = credentials();
    std::fs::write(folder.path().join("database-url"), postgres.url("postgres")).unwrap();
    let name = KeyName::new("hub.test/log").unwrap();
    let log_key = NoteSigner::new(name, KeyKind::Note, &[7; 32]).unwrap().to_secret_text();
    std::fs::write(folder.path().join("log-key"), log_key.as_str()).unwrap();
    let config = format!(
        "origin = \"hub.test/log\"\nlisten = \"127.0.0.1:0\"\noperator_token = \"credential:token\"\n\
         [database]\nurl = \"credential:database-url\"\n\
         [log]\nkeys = [\"credential:log-key\"]\nkept = \"{}/checkpoint\"\n",
        folder.path().display()
    );
    let manager = Manager::start("hub", folder.path(), &config);
    tokio::task::spawn_blocking(move || manager.whole_life()).await.unwrap();
    postgres.stop().await;
}

#[test]
fn a_role_that_cannot_start_ends_with_1_and_says_why() {
    let folder = credentials();
    let file = folder.path().join("config.toml");
    std::fs::write(&file, "origin = \"hub.test/log\"\n").unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_causeway")).args(["hub", "--config"]).arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("database: missing"));
}
