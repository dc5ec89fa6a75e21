//! A mirror of a log that is honest, and of logs that are not.
#![allow(clippy::unwrap_used)] // a test may panic

use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use causeway_audit::{Alarm, LogSource, Mirror, Trouble};
use causeway_log::{
    Bundle, Checkpoint, Entry, FactKind, Frontier, KeyKind, KeyName, NoteSigner, Resource, Salt, TreeHead,
    VerifierKey, encode_bundle, leaf_hash,
};

const ORIGIN: &str = "hub.test/log";

fn signer(seed: u8) -> NoteSigner {
    NoteSigner::new(KeyName::new(ORIGIN).unwrap(), KeyKind::Note, &[seed; 32]).unwrap()
}

fn keys() -> Vec<VerifierKey> {
    vec![signer(1).verifier().clone()]
}

/// A log in memory: it serves what it is told to.
struct Log {
    entries: Mutex<Vec<Vec<u8>>>,
    seed: u8,
    /// How many entries the checkpoint covers, if not all.
    shown: Mutex<Option<usize>>,
}

impl Log {
    fn of(entries: Vec<Vec<u8>>) -> Self {
        Self { entries: Mutex::new(entries), seed: 1, shown: Mutex::new(None) }
    }

    fn head(&self) -> TreeHead {
        let entries = self.entries.lock().unwrap();
        let mut tree = Frontier::new();
        let shown = self.shown.lock().unwrap().unwrap_or(entries.len());
        for entry in &entries[..shown] {
            tree.append(leaf_hash(entry));
        }
        tree.head()
    }
}

#[async_trait]
impl LogSource for Log {
    async fn checkpoint(&self) -> Result<Vec<u8>, Trouble> {
        let signed = Checkpoint::new(ORIGIN, self.head()).sign(&[&signer(self.seed)]).unwrap();
        Ok(signed.note().encode().into_bytes())
    }

    async fn tile(&self, path: &str) -> Result<Vec<u8>, Trouble> {
        let Ok(Resource::Bundle(bundle)) = path.parse() else { panic!("{path} was asked for") };
        Ok(serve(&self.entries.lock().unwrap(), bundle))
    }
}

fn serve(entries: &[Vec<u8>], bundle: Bundle) -> Vec<u8> {
    let first = usize::try_from(bundle.first_entry().unwrap()).unwrap();
    let entries = entries[first..first + usize::from(bundle.width())].iter();
    encode_bundle(entries.map(Vec::as_slice)).unwrap()
}

fn entry(number: usize) -> Vec<u8> {
    Entry::new(FactKind::GatewayEvent, Salt([7; 32]), &number.to_be_bytes()).encode().to_vec()
}

fn entries(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(entry).collect()
}

fn alarm(look: Result<causeway_audit::Grown, Trouble>) -> Alarm {
    match look {
        Err(Trouble::Alarm(alarm)) => alarm,
        other => panic!("no alarm: {other:?}"),
    }
}

fn open(folder: &Path) -> Mirror {
    Mirror::open(folder, ORIGIN, keys()).unwrap()
}

#[tokio::test]
async fn a_mirror_grows_with_its_log_and_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::of(Vec::new());
    for size in [0, 1, 2, 255, 256, 257, 600, 70_000] {
        *log.entries.lock().unwrap() = entries(size);
        // Another process each time.
        let mut mirror = open(folder.path());
        let grown = mirror.look(&log).await.unwrap();
        assert_eq!(grown.tree, log.head());
        assert_eq!(mirror.look(&log).await.unwrap().before, size as u64, "nothing new");
    }
    // What is in the folder is what the log serves, and a log again.
    let on_disk = std::fs::read(folder.path().join("tile/entries/001")).unwrap();
    assert_eq!(on_disk, serve(&entries(70_000), Bundle::new(1, 256).unwrap()));
    assert!(folder.path().join("tile/1/000").exists());
}

#[tokio::test]
async fn an_older_checkpoint_is_fine_if_the_mirror_goes_on_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::of(entries(700));
    let mut mirror = open(folder.path());
    mirror.look(&log).await.unwrap();
    for shown in [0, 1, 255, 256, 300, 699] {
        *log.shown.lock().unwrap() = Some(shown);
        assert_eq!(mirror.look(&log).await.unwrap().tree.size, 700, "{shown}");
    }
}

#[tokio::test]
async fn a_fork_is_told_at_any_size_and_both_signed_trees_are_kept() {
    let honest = Log::of(entries(400));
    for (changed, size) in [(0, 400), (399, 400), (10, 300), (300, 900), (399, 401), (5, 6)] {
        let folder = tempfile::tempdir().unwrap();
        let mut mirror = open(folder.path());
        mirror.look(&honest).await.unwrap();
        let mut other = entries(size);
        if let Some(entry) = other.get_mut(changed) {
            *entry = self::entry(1_000_000);
        }
        let alarm = alarm(mirror.look(&Log::of(other)).await);
        // An entry at the edge that is served as another one is told before the tree is made.
        assert!(["fork", "entry"].contains(&alarm.kind()), "{alarm}");
        if alarm.kind() == "fork" {
            let kept =
                |side: &str| std::fs::read(folder.path().join(format!("alarms/fork-400-{side}"))).unwrap();
            assert_ne!(kept("mirrored"), kept("served"));
        }
        // The mirror is what it was, and goes on with the log that it knows.
        let mut again = open(folder.path());
        assert_eq!(again.head(), honest.head());
        let grown = Log::of(entries(800));
        assert_eq!(again.look(&grown).await.unwrap().tree, grown.head());
    }
}

#[tokio::test]
async fn what_no_key_of_the_log_signed_is_no_checkpoint_and_what_is_no_entry_no_leaf() {
    let folder = tempfile::tempdir().unwrap();
    let mut mirror = open(folder.path());
    let stranger = Log { seed: 2, ..Log::of(entries(3)) };
    assert_eq!(alarm(mirror.look(&stranger).await).kind(), "checkpoint");
    let mut odd = entries(3);
    odd[1] = b"no entry".to_vec();
    let alarm = alarm(mirror.look(&Log::of(odd)).await);
    assert!(alarm.to_string().contains("leaf 1"), "{alarm}");
    assert_eq!(mirror.head(), TreeHead::empty());
}

#[tokio::test]
async fn a_damaged_mirror_says_so_and_never_agrees() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).look(&Log::of(entries(300))).await.unwrap();
    let tile = folder.path().join("tile/0/001.p/44");
    let good = std::fs::read(&tile).unwrap();
    std::fs::write(&tile, &good[32..]).unwrap();
    assert!(matches!(Mirror::open(folder.path(), ORIGIN, keys()), Err(Trouble::Damaged(_))));
    let mut flipped = good;
    flipped[5] ^= 1;
    std::fs::write(&tile, flipped).unwrap();
    assert!(matches!(Mirror::open(folder.path(), ORIGIN, keys()), Err(Trouble::Damaged(_))));
}
