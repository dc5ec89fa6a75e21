//! How many facts a second become leaves, durably, next to Tessera's POSIX log on the same disk in the same run.
//!
//! `cargo run --release -p causeway-ledger --example log [ENTRIES] [FOLDER]`: records that many facts in a private, durable Postgres, then
//! appends all of them as a hub's sequencer does, a transaction a batch. Then builds the driver of Tessera beside this file with Go and has
//! it append as many entries, in batches as large, to a log in FOLDER (the temporary folder, where Postgres is). Prints both rates and their ratio.
#![allow(clippy::unwrap_used)] // a measurement may panic

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use causeway_ledger::{Ledger, LogHolder, Options};
use causeway_log::Salt;
use causeway_postgres::Server;
use sqlx::{Connection as _, PgConnection};

/// Leaves of one transaction, as a hub's sequencer appends them; and of one of Tessera's batches.
const BATCH: u32 = 4096;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let entries: u64 = arguments.next().map_or(1_000_000, |count| count.parse().unwrap());
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let ours = append(entries).await;
    let tessera = tessera(&folder, entries);
    println!("entries                      {entries}, {BATCH} a batch");
    println!(
        "Postgres, durable            {:>8.1} s {:>9.0} a second",
        ours.as_secs_f64(),
        rate(entries, ours)
    );
    println!(
        "Tessera's POSIX log          {:>8.1} s {:>9.0} a second",
        tessera.as_secs_f64(),
        rate(entries, tessera)
    );
    println!("Postgres beside Tessera      {:>8.2}", tessera.as_secs_f64() / ours.as_secs_f64());
}

#[allow(clippy::cast_precision_loss)] // a rate
fn rate(entries: u64, took: Duration) -> f64 {
    entries as f64 / took.as_secs_f64()
}

/// Records facts, then appends them to the log.
async fn append(entries: u64) -> Duration {
    let server =
        Server::start(causeway_postgres::Options { durable: true, ..Default::default() }).await.unwrap();
    let url = server.url("postgres");
    let ledger = Ledger::connect(&url, Options { max_connections: 2 }).await.unwrap();
    ledger.migrate().await.unwrap();
    eprintln!("recording {entries} facts …");
    let mut postgres = PgConnection::connect(&url).await.unwrap();
    sqlx::query(
        "INSERT INTO tokens (id, name, role, held_by_hub, secret_hash, created_at)
         SELECT gen_random_uuid(), 'auditor', 'auditor', FALSE, sha256(int8send(number)), now()
         FROM generate_series(1, $1) AS number",
    )
    .bind(i64::try_from(entries).unwrap())
    .execute(&mut postgres)
    .await
    .unwrap();
    sqlx::query("ANALYZE").execute(&mut postgres).await.unwrap();

    eprintln!("appending …");
    let holder = LogHolder::new();
    let (mut drawn, mut appended) = (0_u64, 0);
    let begun = Instant::now();
    while appended < entries {
        assert!(ledger.hold_log(holder, Duration::from_mins(1)).await.unwrap());
        let draw = || {
            drawn += 1;
            let mut salt = [0; 32];
            salt[..8].copy_from_slice(&drawn.to_be_bytes());
            Salt(salt)
        };
        appended += ledger.append_to_log(holder, BATCH, draw).await.unwrap().leaves;
    }
    let took = begun.elapsed();
    assert_eq!(ledger.log_head().await.unwrap().tree.size, entries);
    ledger.close().await;
    server.stop().await;
    took
}

/// Has Tessera append as many entries.
fn tessera(folder: &Path, entries: u64) -> Duration {
    let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/log/tessera");
    let log = tempfile::tempdir_in(folder).unwrap();
    let program = log.path().join("driver");
    eprintln!("building Tessera's driver …");
    let built = Command::new("go").arg("build").arg("-o").arg(&program).arg(".").current_dir(driver).status();
    assert!(built.expect("Go is needed, 1.24 or newer").success());
    eprintln!("appending to Tessera's log …");
    let output = Command::new(program)
        .arg(log.path().join("log"))
        .arg(entries.to_string())
        .arg(BATCH.to_string())
        .output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // Until every entry is durable, and until the last one is under a checkpoint: the former is what ours did.
    let durable = text.split_whitespace().next().unwrap();
    Duration::from_millis(durable.parse().unwrap())
}
