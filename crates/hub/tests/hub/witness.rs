//! Witnesses are asked to cosign the log: one that keeps the rules, in this process.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use causeway_api::Role;
use causeway_hub::Witness;
use causeway_log::{
    AddCheckpoint, KeyKind, KeyName, NoteSigner, SignedCheckpoint, TREE_SIZE, TreeHead, VerifierKey,
    verify_consistency,
};

use crate::log::{Disk, newest, settled, verifier};
use crate::world::{ORIGIN, World};

/// A witness of one log, as C2SP tlog-witness has it.
struct OneWitness {
    signer: NoteSigner,
    log: VerifierKey,
    /// What it cosigned last.
    last: Mutex<TreeHead>,
    /// Every status it answered.
    answered: Mutex<Vec<u16>>,
    /// Whether its signatures are broken.
    lies: bool,
}

async fn add_checkpoint(State(witness): State<Arc<OneWitness>>, body: axum::body::Bytes) -> Response {
    let (status, headers, body) = witness.judge(&body);
    witness.answered.lock().unwrap().push(status.as_u16());
    (status, [("content-type", headers)], body).into_response()
}

impl OneWitness {
    fn judge(&self, body: &[u8]) -> (StatusCode, &'static str, String) {
        let plain = |status| (status, "text/plain", String::new());
        let Ok(request) = AddCheckpoint::decode(body) else { return plain(StatusCode::BAD_REQUEST) };
        let note = request.checkpoint.encode();
        let opened = SignedCheckpoint::open(note.as_bytes(), ORIGIN, std::slice::from_ref(&self.log));
        let Ok(opened) = opened else { return plain(StatusCode::FORBIDDEN) };
        let mut last = self.last.lock().unwrap();
        if request.old != last.size {
            return (StatusCode::CONFLICT, TREE_SIZE, format!("{}\n", last.size));
        }
        if last.size > 0 && verify_consistency(*last, opened.head(), &request.proof).is_err() {
            return plain(StatusCode::UNPROCESSABLE_ENTITY);
        }
        *last = opened.head();
        let mut cosignature = self.signer.sign(opened.note().text(), 1_700_000_000);
        if self.lies {
            cosignature.bytes[20] ^= 1;
        }
        (StatusCode::OK, "text/plain", cosignature.to_string())
    }

    /// One that cosigned `last`, and where it answers.
    async fn serve(name: &str, last: TreeHead, lies: bool) -> (Arc<Self>, Witness) {
        let signer = NoteSigner::new(KeyName::new(name).unwrap(), KeyKind::Cosignature, &[9; 32]).unwrap();
        let key = signer.verifier().clone();
        let answered = Mutex::default();
        let witness = Arc::new(Self { signer, log: verifier(1), last: Mutex::new(last), answered, lies });
        let routes = axum::Router::new().route("/w/add-checkpoint", axum::routing::post(add_checkpoint));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/w/", listener.local_addr().unwrap());
        let routes = routes.with_state(witness.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (witness, Witness { url, key })
    }
}

/// The newest checkpoint, once it has this many cosignatures.
async fn cosigned(world: &World, witnesses: &[VerifierKey], count: usize) -> SignedCheckpoint {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        let checkpoint = newest(world, &[verifier(1)]).await;
        if let Some(checkpoint) = checkpoint
            && checkpoint.cosignatures(witnesses).unwrap().len() == count
            && checkpoint.head() == world.ledger.log_head().await.unwrap().tree
        {
            return checkpoint;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no checkpoint with {count} cosignatures");
}

#[tokio::test]
async fn a_checkpoint_is_served_with_the_cosignatures_of_its_witnesses() {
    let (good, asked) = OneWitness::serve("w.example/good", TreeHead::empty(), false).await;
    let (liar, lying) = OneWitness::serve("w.example/liar", TreeHead::empty(), true).await;
    let gone = Witness { url: "http://127.0.0.1:1".into(), key: liar.signer.verifier().clone() };
    let witnesses = [asked.key.clone(), lying.key.clone()];
    let disk = Disk::new();
    let log = disk.log(&[1]);
    let world = World::with(|config| {
        log(config);
        config.log.as_mut().unwrap().witnesses = vec![lying, gone, asked];
    })
    .await;
    let first = cosigned(&world, &witnesses, 1).await;
    world.token(Role::Auditor, None, None).await;
    settled(&world, 1).await;
    let second = cosigned(&world, &witnesses, 1).await;
    assert!(second.head().size > first.head().size);
    let found = second.cosignatures(&witnesses).unwrap();
    assert_eq!((found[0].key, found[0].time), (good.signer.verifier(), Some(1_700_000_000)));
    assert_eq!(*good.last.lock().unwrap(), second.head());
    assert!(good.answered.lock().unwrap().iter().all(|status| *status == 200));
}

#[tokio::test]
async fn a_witness_that_knows_the_log_better_is_asked_again_from_where_it_stands() {
    let disk = Disk::new();
    let world = World::with(disk.log(&[1])).await;
    let before = settled(&world, 1).await.head();
    let url = world.database.url.clone();
    let database = world.stop().await;
    let (witness, asked) = OneWitness::serve("w.example/w", before, false).await;
    let keys = [asked.key.clone()];
    let ledger = causeway_ledger::Ledger::connect(&url, causeway_ledger::Options::default()).await.unwrap();
    let log = disk.log(&[1]);
    let world = World::over(database, ledger, |config| {
        log(config);
        config.log.as_mut().unwrap().witnesses = vec![asked];
    })
    .await;
    world.token(Role::Auditor, None, None).await;
    cosigned(&world, &keys, 1).await;
    assert_eq!(witness.answered.lock().unwrap()[..2], [409, 200]);
}

#[tokio::test]
async fn a_fork_is_cosigned_by_no_witness() {
    let forked = TreeHead { size: 1, root: causeway_log::leaf_hash(b"another log's leaf") };
    let (witness, asked) = OneWitness::serve("w.example/w", forked, false).await;
    let keys = [asked.key.clone()];
    let disk = Disk::new();
    let log = disk.log(&[1]);
    let world = World::with(|config| {
        log(config);
        config.log.as_mut().unwrap().witnesses = vec![asked];
    })
    .await;
    settled(&world, 1).await;
    let deadline = Instant::now() + Duration::from_secs(10);
    while !witness.answered.lock().unwrap().contains(&422) {
        assert!(Instant::now() < deadline, "{:?}", witness.answered.lock().unwrap());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let served = newest(&world, &[verifier(1)]).await.unwrap();
    assert!(served.cosignatures(&keys).unwrap().is_empty());
}
