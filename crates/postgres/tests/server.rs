//! A private server from start to end: what is kept, who gets in, and that it never outlives its process.
#![allow(clippy::unwrap_used)] // a test may panic

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use causeway_postgres::{Options, Server, StartError};
use sqlx::{Connection as _, PgConnection, Row as _};

fn quick() -> Options {
    Options { durable: false, ..Options::default() }
}

async fn count(server: &Server, sql: &'static str) -> i64 {
    let mut connection = PgConnection::connect(&server.url("postgres")).await.unwrap();
    sqlx::query(sql).fetch_one(&mut connection).await.unwrap().get(0)
}

async fn execute(server: &Server, sql: &'static str) {
    let mut connection = PgConnection::connect(&server.url("postgres")).await.unwrap();
    sqlx::query(sql).execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn what_is_committed_survives_a_kill_and_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { data_dir: Some(folder.path().join("here")), ..quick() };
    let mut server = Server::start(options.clone()).await.unwrap();
    execute(&server, "CREATE TABLE t AS SELECT generate_series(1, 3) AS n").await;
    server.kill();
    assert!(PgConnection::connect(&server.url("postgres")).await.is_err());
    server.restart().await.unwrap();
    assert_eq!(count(&server, "SELECT count(*) FROM t").await, 3);
    server.stop().await;

    let again = Server::start(options).await.unwrap();
    assert_eq!(count(&again, "SELECT count(*) FROM t").await, 3);
    again.stop().await;
}

#[tokio::test]
async fn a_standby_has_what_was_acknowledged_when_its_server_is_lost() {
    let mut server = Server::start(quick()).await.unwrap();
    execute(&server, "CREATE TABLE t AS SELECT generate_series(1, 3) AS n").await;
    let standby = server.standby().await.unwrap();
    server.wait_for_standby().unwrap();
    execute(&server, "INSERT INTO t VALUES (4)").await;
    let mut following = PgConnection::connect(&standby.url("postgres")).await.unwrap();
    let refused = sqlx::query("INSERT INTO t VALUES (5)").execute(&mut following).await.unwrap_err();
    assert!(refused.to_string().contains("read-only"), "{refused}");
    server.kill();
    standby.promote().await.unwrap();
    assert_eq!(count(&standby, "SELECT count(*) FROM t").await, 4);
    execute(&standby, "INSERT INTO t VALUES (5)").await;
    standby.stop().await;
}

#[tokio::test]
async fn nobody_gets_in_without_the_password() {
    let server = Server::start(quick()).await.unwrap();
    let url = server.url("postgres");
    let (before, after) = (url.find("causeway:").unwrap() + 9, url.find('@').unwrap());
    let wrong = format!("{}wrong{}", &url[..before], &url[after..]);
    let refused = PgConnection::connect(&wrong).await.unwrap_err();
    assert!(refused.to_string().contains("password"), "{refused}");
}

#[tokio::test]
async fn a_folder_with_other_things_in_it_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("letters.txt"), "dear").unwrap();
    let options = Options { data_dir: Some(folder.path().to_path_buf()), ..quick() };
    assert!(matches!(Server::start(options).await, Err(StartError::NotOurs(_))));
}

/// Not a test of its own: the process that `a_killed_process_takes_its_server_with_it` kills.
#[tokio::test]
async fn victim() {
    let Ok(says) = std::env::var("CAUSEWAY_POSTGRES_VICTIM") else { return };
    let data_dir = std::env::var_os("CAUSEWAY_POSTGRES_VICTIM_DATA").map(Into::into);
    let server = Server::start(Options { data_dir, ..quick() }).await.unwrap();
    let mut connection = PgConnection::connect(&server.url("postgres")).await.unwrap();
    let data: String = sqlx::query("SHOW data_directory").fetch_one(&mut connection).await.unwrap().get(0);
    std::fs::write(says, data).unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
}

/// Starts the victim, waits for its server, kills it, and answers the server's data folder.
fn kill_a_victim(data_dir: Option<&Path>) -> PathBuf {
    let folder = tempfile::tempdir().unwrap();
    let says = folder.path().join("says");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "victim"]).env("CAUSEWAY_POSTGRES_VICTIM", &says).stdout(Stdio::null());
    if let Some(data_dir) = data_dir {
        command.env("CAUSEWAY_POSTGRES_VICTIM_DATA", data_dir);
    }
    let mut victim = command.spawn().unwrap();
    let data = eventually(|| std::fs::read_to_string(&says).ok().filter(|text| !text.is_empty()));
    assert!(Path::new(&data).exists());
    victim.kill().unwrap();
    victim.wait().unwrap();
    data.into()
}

#[test]
fn a_killed_process_takes_its_server_with_it() {
    let data = kill_a_victim(None);
    eventually(|| (!data.exists()).then_some(()));
}

#[tokio::test]
async fn a_folder_is_taken_over_as_soon_as_the_server_of_a_killed_process_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("kept");
    tokio::task::spawn_blocking({
        let data_dir = data_dir.clone();
        move || kill_a_victim(Some(&data_dir))
    })
    .await
    .unwrap();
    let server = Server::start(Options { data_dir: Some(data_dir), ..quick() }).await.unwrap();
    assert_eq!(count(&server, "SELECT 1::bigint").await, 1);
}

#[tokio::test]
async fn two_servers_never_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { data_dir: Some(folder.path().join("one")), ..quick() };
    let first = Server::start(options.clone()).await.unwrap();
    assert!(matches!(Server::start(options).await, Err(StartError::InUse { .. })));
    assert_eq!(count(&first, "SELECT 1::bigint").await, 1);
}

fn eventually<T>(mut check: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = check() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(40), "did not happen within 40 seconds");
        std::thread::sleep(Duration::from_millis(50));
    }
}
