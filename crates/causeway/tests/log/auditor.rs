//! Somebody who reads the log over HTTP all the time and forgets nothing.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use causeway_client::HubClient;
use causeway_ledger::{FactKey, Ledger, LogHolder};
use causeway_log::{
    Bundle, Entries, Frontier, ProofPlan, SignedCheckpoint, Tile, TreeHead, VerifierKey, leaf_hash,
    verify_consistency,
};
use causeway_protocol::Hash;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::hubs::{ORIGIN, log_key};

/// How often each hub is asked for its newest checkpoint.
const EVERY: Duration = Duration::from_millis(5);

/// What was promised: every checkpoint that any hub ever served, by size.
type Promised = Arc<Mutex<BTreeMap<u64, Hash>>>;

/// The auditor.
pub(crate) struct Auditor {
    clients: Vec<HubClient>,
    promised: Promised,
    watching: Vec<JoinHandle<()>>,
    /// The tree as it grew from the entries that were read, and every promise that was checked against it.
    tree: Frontier,
    roots: BTreeMap<u64, Hash>,
    /// Every entry: salts are random, so that no two are alike.
    entries: HashSet<Vec<u8>>,
}

impl Auditor {
    /// Watches the hubs that `clients` ask.
    pub(crate) fn begin(clients: Vec<HubClient>) -> Self {
        let promised = Promised::default();
        let watch = |client: &HubClient| tokio::spawn(watch(client.clone(), promised.clone()));
        Self {
            watching: clients.iter().map(watch).collect(),
            clients,
            promised: promised.clone(),
            tree: Frontier::new(),
            roots: BTreeMap::new(),
            entries: HashSet::new(),
        }
    }

    /// The largest tree that was promised.
    pub(crate) fn newest(&self) -> TreeHead {
        let promised = self.promised.lock().unwrap();
        promised
            .last_key_value()
            .map_or(TreeHead::empty(), |(size, root)| TreeHead { size: *size, root: *root })
    }

    /// How many checkpoints were seen.
    pub(crate) fn seen(&self) -> usize {
        self.promised.lock().unwrap().len()
    }

    /// Waits until a tree larger than `size` was promised.
    pub(crate) async fn grows_beyond(&self, size: u64) {
        let begun = Instant::now();
        while self.newest().size <= size {
            assert!(begun.elapsed() < Duration::from_mins(1), "the log does not grow beyond {size}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Reads every new entry, and fails unless they make every tree that was promised, and all of these go on from each other.
    pub(crate) async fn check(&mut self, ledger: &Ledger) {
        assert!(!self.watching.iter().any(JoinHandle::is_finished), "a watcher found a fork");
        let promised = self.promised.lock().unwrap().clone();
        let Some((&newest, _)) = promised.last_key_value() else { return };
        let from = self.tree.size();
        let mut wanted = promised.range(from + 1..).peekable();
        for tile in Tile::made(from, newest).into_iter().filter(|tile| tile.level() == 0) {
            let bundle = Bundle::new(tile.index(), tile.width()).unwrap();
            let bytes = self.fetch(&bundle.to_string()).await;
            let first = bundle.first_entry().unwrap();
            let read = Entries::decode(bundle, &bytes).unwrap();
            for (_, entry) in (first..).zip(read.iter()).filter(|(index, _)| *index >= from) {
                assert!(self.entries.insert(entry.to_vec()), "an entry stands in the log twice");
                self.tree.append(leaf_hash(entry));
                if let Some((size, root)) = wanted.next_if(|(size, _)| **size == self.tree.size()) {
                    assert_eq!(
                        self.tree.head().root,
                        *root,
                        "a fork: the entries make another tree of {size} leaves"
                    );
                }
            }
        }
        assert_eq!(self.tree.size(), newest, "a gap: entries under a signed checkpoint are missing");
        // And by proof, as a reader does who keeps no entries: all that are new here, those that were served late among them.
        let known = std::mem::replace(&mut self.roots, promised);
        let new = self.roots.iter().filter(|(size, _)| **size >= from || !known.contains_key(size));
        let new: Vec<_> = new.map(|(size, root)| TreeHead { size: *size, root: *root }).collect();
        self.prove(ledger, new.into_iter().filter(|head| head.size > 0)).await;
    }

    /// Fails unless the newest tree goes on from each of `old`.
    async fn prove(&self, ledger: &Ledger, old: impl Iterator<Item = TreeHead>) {
        let newest = self.tree.head();
        for old in old {
            let plan = ProofPlan::consistency(old.size, newest.size).unwrap();
            let proof = ledger.log_proof(&plan, newest.size).await.unwrap();
            verify_consistency(old, newest, &proof).unwrap();
        }
    }

    /// Everything that was ever promised, against the newest; every fact is a leaf, once; nothing waits and nothing was left out.
    /// The hubs have ended.
    pub(crate) async fn finish(self, ledger: &Ledger, recorded: &[Uuid]) -> TreeHead {
        self.watching.iter().for_each(JoinHandle::abort);
        let all = self.roots.iter().map(|(size, root)| TreeHead { size: *size, root: *root });
        self.prove(ledger, all.filter(|head| head.size > 0)).await;
        let mut places = HashSet::new();
        for id in recorded {
            let logged = ledger.logged_fact(&FactKey::token(*id)).await.unwrap();
            let logged = logged.unwrap_or_else(|| panic!("token {id} was acknowledged and is no leaf"));
            assert!(self.entries.contains(&logged.entry.encode()[..]));
            assert!(places.insert(logged.index), "two facts are leaf {}", logged.index);
        }
        let (holder, begun) = (LogHolder::new(), Instant::now());
        while !ledger.hold_log(holder, Duration::from_mins(1)).await.unwrap() {
            assert!(begun.elapsed() < Duration::from_secs(10));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(ledger.log_waiting().await.unwrap(), 0);
        assert_eq!(ledger.refill_log(holder).await.unwrap(), 0, "facts that are no leaves");
        let tree = ledger.log_head().await.unwrap().tree;
        assert_eq!(tree, self.tree.head(), "leaves that no checkpoint covers");
        tree
    }

    /// Waits until the newest checkpoint covers every fact; nobody records any more.
    pub(crate) async fn settle(&mut self, ledger: &Ledger) {
        let begun = Instant::now();
        while ledger.log_waiting().await.unwrap() > 0
            || ledger.log_head().await.unwrap().tree != self.newest()
        {
            assert!(begun.elapsed() < Duration::from_mins(1), "the log does not settle");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.check(ledger).await;
    }

    async fn fetch(&self, path: &str) -> Vec<u8> {
        let begun = Instant::now();
        loop {
            for client in &self.clients {
                if let Ok(bytes) = client.tile(path).await {
                    return bytes;
                }
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "no hub serves {path}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Remembers every checkpoint that a hub serves. Two trees of one size are a fork.
async fn watch(client: HubClient, promised: Promised) {
    let keys: [VerifierKey; 1] = [log_key().verifier().clone()];
    loop {
        if let Ok(note) = client.checkpoint().await {
            let head = SignedCheckpoint::open(note.as_bytes(), ORIGIN, &keys).unwrap().head();
            let known = *promised.lock().unwrap().entry(head.size).or_insert(head.root);
            assert_eq!(known, head.root, "a fork: two trees of {} leaves are signed", head.size);
        }
        tokio::time::sleep(EVERY).await;
    }
}
