//! The transparency log of a running hub, read as anyone reads it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use causeway_api::Role;
use causeway_hub::{HubConfig, LogConfig};
use causeway_ledger::{Ledger, LogHolder, Options};
use causeway_log::{
    Bundle, Checkpoint, Entries, Entry, FactKind, Frontier, KeyKind, KeyName, NoteSigner, ProofPlan,
    SignedCheckpoint, Tile, TileHashes, TreeHead, VerifierKey, leaf_hash, verify_consistency,
};
use reqwest::{Method, StatusCode};
use tokio_util::sync::CancellationToken;

use crate::world::{ORIGIN, World, send};

fn signer(seed: u8) -> NoteSigner {
    NoteSigner::new(KeyName::new(ORIGIN).unwrap(), KeyKind::Note, &[seed; 32]).unwrap()
}

pub(crate) fn verifier(seed: u8) -> VerifierKey {
    signer(seed).verifier().clone()
}

/// What one hub keeps outside Postgres: keys, and its last checkpoint.
pub(crate) struct Disk(tempfile::TempDir);

impl Disk {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn kept(&self) -> PathBuf {
        self.0.path().join("checkpoint")
    }

    /// A change to a hub's configuration: its log is written with these keys.
    pub(crate) fn log(&self, seeds: &[u8]) -> impl FnOnce(&mut HubConfig) + use<> {
        let key_files = seeds.iter().map(|seed| {
            let file = self.0.path().join(format!("key-{seed}"));
            std::fs::write(&file, format!("{}\n", *signer(*seed).to_secret_text())).unwrap();
            file
        });
        let log = LogConfig {
            key_files: key_files.collect(),
            former_keys: Vec::new(),
            kept: self.kept(),
            witnesses: Vec::new(),
        };
        move |config: &mut HubConfig| config.log = Some(log)
    }
}

pub(crate) async fn newest(world: &World, keys: &[VerifierKey]) -> Option<SignedCheckpoint> {
    let answer = send(world.http.get(format!("{}/checkpoint", world.url))).await;
    (answer.status == StatusCode::OK)
        .then(|| SignedCheckpoint::open(answer.text.as_bytes(), ORIGIN, keys).unwrap())
}

/// The newest checkpoint, once it has every fact that is recorded.
pub(crate) async fn settled(world: &World, seed: u8) -> SignedCheckpoint {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        let waiting = world.ledger.log_waiting().await.unwrap();
        let tree = world.ledger.log_head().await.unwrap().tree;
        if let Some(checkpoint) = newest(world, &[verifier(seed)]).await
            && waiting == 0
            && checkpoint.head() == tree
        {
            return checkpoint;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the log did not settle");
}

async fn fetch(world: &World, path: &str) -> Vec<u8> {
    let response = world.http.get(format!("{}/{path}", world.url)).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    assert_eq!(response.headers()["content-type"], "application/octet-stream");
    assert!(response.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    response.bytes().await.unwrap().to_vec()
}

/// Every entry of the log; the tree they make is the checkpoint's.
async fn audited(world: &World, checkpoint: &SignedCheckpoint) -> Vec<Entry> {
    let mut frontier = Frontier::new();
    let mut entries = Vec::new();
    for tile in Tile::made(0, checkpoint.head().size) {
        let hashes = TileHashes::decode(tile, &fetch(world, &tile.to_string()).await).unwrap();
        if tile.level() > 0 {
            continue;
        }
        let bundle = Bundle::new(tile.index(), tile.width()).unwrap();
        let bytes = fetch(world, &bundle.to_string()).await;
        for (entry, hash) in Entries::decode(bundle, &bytes).unwrap().iter().zip(hashes.as_ref()) {
            assert_eq!(leaf_hash(entry), *hash);
            frontier.append(*hash);
            entries.push(Entry::decode(entry).unwrap());
        }
    }
    assert_eq!(frontier.head(), checkpoint.head());
    entries
}

async fn assert_goes_on(world: &World, old: TreeHead, new: TreeHead) {
    let plan = ProofPlan::consistency(old.size, new.size).unwrap();
    let proof = world.ledger.log_proof(&plan, new.size).await.unwrap();
    verify_consistency(old, new, &proof).unwrap();
}

#[tokio::test]
async fn a_recorded_fact_is_in_the_signed_log_within_a_second() {
    let disk = Disk::new();
    let world = World::with(disk.log(&[1])).await;
    let before = settled(&world, 1).await;
    let begun = Instant::now();
    world.token(Role::Auditor, None, None).await;
    while newest(&world, &[verifier(1)]).await.unwrap().head().size == before.head().size {
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let took = begun.elapsed();
    println!("a fact was in the log after {} ms", took.as_millis());
    assert!(took < Duration::from_secs(2), "{took:?}: a second, and as much for a busy machine");
    let after = settled(&world, 1).await;
    let entries = audited(&world, &after).await;
    assert!(entries.iter().all(|entry| entry.kind() == FactKind::KeyChange));
    assert_eq!(entries.len(), 2, "the operator's token, and the auditor's");
    assert_goes_on(&world, before.head(), after.head()).await;
}

#[tokio::test]
async fn without_a_key_nothing_is_logged_and_nothing_is_lost() {
    let world = World::start().await;
    assert_eq!(send(world.http.get(format!("{}/checkpoint", world.url))).await.problem(), "not-found");
    let url = world.database.url.clone();
    let database = world.stop().await;
    let disk = Disk::new();
    let ledger = Ledger::connect(&url, Options::default()).await.unwrap();
    let world = World::over(database, ledger, disk.log(&[1])).await;
    assert_eq!(settled(&world, 1).await.head().size, 1, "the operator's token waited");
}

#[tokio::test]
async fn what_is_no_tile_is_not_found() {
    let disk = Disk::new();
    let world = World::with(disk.log(&[1])).await;
    settled(&world, 1).await;
    for path in [
        "tile/0/000",
        "tile/0/000.p/2",
        "tile/0/0",
        "tile/64/000",
        "tile/x/y/z",
        "tile/",
        "tile/entries/001",
        "tile/0/..%2f000",
    ] {
        let answer = send(world.http.get(format!("{}/{path}", world.url))).await;
        assert!(["not-found", "no-such-route"].contains(&answer.problem().as_str()), "{path}");
    }
    let posted = send(world.http.request(Method::POST, format!("{}/checkpoint", world.url))).await;
    assert_eq!(posted.problem(), "method-not-allowed");
    let answer = send(world.http.get(format!("{}/checkpoint", world.url))).await;
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(answer.headers["cache-control"], "public, max-age=1");
}

#[tokio::test]
async fn a_hub_takes_the_log_over_within_seconds_when_its_holder_died() {
    let disk = Disk::new();
    let database = causeway_ledger::testkit::fresh().await;
    // One that holds the log and never gives a sign of life again.
    assert!(database.hold_log(LogHolder::new(), Duration::from_secs(3)).await.unwrap());
    let (ledger, begun) = (database.ledger.clone(), Instant::now());
    let world = World::over(database, ledger, disk.log(&[1])).await;
    assert_eq!(newest(&world, &[verifier(1)]).await, None);
    let checkpoint = settled(&world, 1).await;
    let took = begun.elapsed();
    println!("the log was taken over after {} ms", took.as_millis());
    assert!(took >= Duration::from_millis(2500) && took < Duration::from_secs(10), "{took:?}");
    assert_eq!(checkpoint.head().size, 1);
}

#[tokio::test]
async fn two_hubs_over_one_database_write_one_log() {
    let (first, second) = (Disk::new(), Disk::new());
    let one = World::with(first.log(&[1])).await;
    let ledger = Ledger::connect(&one.database.url, Options::default()).await.unwrap();
    let database =
        causeway_ledger::testkit::TestLedger { ledger: ledger.clone(), url: one.database.url.clone() };
    let two = World::over(database, ledger, second.log(&[1])).await;
    for _ in 0..10 {
        one.token(Role::Auditor, None, None).await;
        two.token(Role::Auditor, None, None).await;
    }
    let checkpoint = settled(&two, 1).await;
    assert_eq!(checkpoint.head().size, 21);
    audited(&one, &checkpoint).await;
    // The one that does not hold it keeps what the other published, as if it had signed it.
    let held_to = |disk: &Disk| {
        let note = std::fs::read(disk.kept()).unwrap_or_default();
        SignedCheckpoint::open(&note, ORIGIN, &[verifier(1)]).map(|opened| opened.head()).ok()
    };
    let begun = Instant::now();
    while held_to(&second) != Some(checkpoint.head()) {
        assert!(begun.elapsed() < Duration::from_secs(10), "it keeps {:?}", held_to(&second));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(held_to(&first), Some(checkpoint.head()));
    // The one that holds it stops and gives it back; the other goes on at once.
    one.stop().await;
    two.token(Role::Auditor, None, None).await;
    let after = settled(&two, 1).await;
    assert_eq!(after.head().size, 22);
    assert_goes_on(&two, checkpoint.head(), after.head()).await;
}

#[tokio::test]
async fn a_key_is_replaced_while_readers_know_either() {
    let disk = Disk::new();
    let world = World::with(disk.log(&[1])).await;
    let before = settled(&world, 1).await;
    let url = world.database.url.clone();
    let database = world.stop().await;
    let ledger = Ledger::connect(&url, Options::default()).await.unwrap();
    let world = World::over(database, ledger, disk.log(&[1, 2])).await;
    world.token(Role::Auditor, None, None).await;
    let with_old = settled(&world, 1).await;
    let with_new = settled(&world, 2).await;
    assert_eq!(with_old, with_new);
    assert!(with_new.head().size > before.head().size);
}

#[tokio::test]
async fn a_database_that_lost_what_was_signed_gets_no_checkpoint_any_more() {
    for forged in
        [TreeHead { size: 1_000, ..TreeHead::empty() }, TreeHead { size: 1, root: leaf_hash(b"other") }]
    {
        let disk = Disk::new();
        // This hub remembers a checkpoint that the database knows nothing of.
        let remembered = Checkpoint::new(ORIGIN, forged).sign(&[&signer(1)]).unwrap();
        std::fs::write(disk.kept(), remembered.note().encode()).unwrap();
        let world = World::with(disk.log(&[1])).await;
        world.token(Role::Auditor, None, None).await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(newest(&world, &[verifier(1)]).await, None);
        let head = world.ledger.log_head().await.unwrap();
        assert_eq!(head.tree.size, 0, "a log that cannot be signed does not grow either");
        assert!(head.holder.is_some(), "and no other hub goes on from it");
    }
}

#[tokio::test]
async fn a_key_that_is_not_this_logs_keeps_the_hub_from_starting() {
    let disk = Disk::new();
    let file = disk.0.path().join("key");
    let other = NoteSigner::new(KeyName::new("other.example").unwrap(), KeyKind::Note, &[1; 32]).unwrap();
    let witness = NoteSigner::new(KeyName::new(ORIGIN).unwrap(), KeyKind::Cosignature, &[1; 32]).unwrap();
    for content in [&**other.to_secret_text(), &**witness.to_secret_text(), "nonsense", ""] {
        std::fs::write(&file, content).unwrap();
        let mut config = HubConfig::new(ORIGIN);
        config.log = Some(LogConfig {
            key_files: vec![file.clone()],
            former_keys: Vec::new(),
            kept: disk.kept(),
            witnesses: Vec::new(),
        });
        let ledger = causeway_ledger::testkit::fresh().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = std::sync::Arc::new(causeway_hub::SystemClock);
        let served =
            causeway_hub::serve(config, listener, ledger.ledger.clone(), clock, CancellationToken::new());
        let refused = served.await.unwrap_err().to_string();
        assert!(refused.contains("log key file") && !refused.contains("AQEBAQ"), "{refused}");
    }
}

#[tokio::test]
async fn gos_own_packages_read_and_verify_the_log() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reader");
    let disk = Disk::new();
    let binary = disk.0.path().join("reader");
    let build = tokio::process::Command::new("go")
        .args(["build", "-mod=readonly", "-buildvcs=false", "-o"])
        .arg(&binary)
        .arg(".")
        .current_dir(folder)
        .output()
        .await;
    if !build.as_ref().is_ok_and(|build| build.status.success()) {
        let demanded = std::env::var_os("CAUSEWAY_REQUIRE_NODES").is_some_and(|set| set == "1");
        assert!(!demanded, "CAUSEWAY_REQUIRE_NODES demands the reader: {build:?}");
        println!("skipped: the reader was not built: {build:?}");
        return;
    }
    let world = World::with(disk.log(&[1])).await;
    world.token(Role::Auditor, None, None).await;
    let old = settled(&world, 1).await;
    let old_file = disk.0.path().join("old");
    std::fs::write(&old_file, old.note().encode()).unwrap();
    sqlx_tokens(&world, 300).await;
    let tree = settled(&world, 1).await.head();
    assert_eq!(tree.size, 302);
    let read = |key: String| {
        let mut command = tokio::process::Command::new(&binary);
        command.arg(&world.url).arg(key).arg(&old_file);
        command
    };
    let output = read(verifier(1).to_string()).output().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "302", "{output:?}");
    let output = read(verifier(2).to_string()).output().await.unwrap();
    assert!(!output.status.success(), "a key that did not sign opens nothing");
}

/// Many facts at once.
async fn sqlx_tokens(world: &World, count: i32) {
    use sqlx::Connection as _;
    let mut connection = sqlx::PgConnection::connect(&world.database.url).await.unwrap();
    sqlx::query(
        "INSERT INTO tokens (id, name, role, held_by_hub, secret_hash, created_at)
         SELECT gen_random_uuid(), 'made up', 'auditor', FALSE, sha256(uuid_send(gen_random_uuid())), now()
         FROM generate_series(1, $1)",
    )
    .bind(count)
    .execute(&mut connection)
    .await
    .unwrap();
}
