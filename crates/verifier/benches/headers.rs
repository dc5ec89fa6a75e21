//! What a header costs next to the bare signature verifications it contains.
//!
//! `cargo bench -p causeway-verifier --bench headers` prints the ratio for each size of set at its end.

#![allow(clippy::unwrap_used, reason = "a bench may panic")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use causeway_protocol::Family;
use causeway_verifier::bft::quorum;
use causeway_verifier::forge::{Forge, GENESIS_TIME, Plan};
use causeway_verifier::{ClientState, light_client};
use criterion::{Criterion, criterion_group, criterion_main};
use k256::ecdsa::signature::hazmat::PrehashVerifier;
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};

const SIZES: [u64; 3] = [4, 16, 30];
const NOW: u64 = GENESIS_TIME + 60;

/// A client that knows every key, evidence of one header sealed by a quorum, and the signatures in it.
struct Case {
    state: ClientState,
    evidence: Vec<u8>,
    signatures: Vec<(VerifyingKey, [u8; 32], Signature)>,
}

fn case(validators: u64) -> Case {
    let mut forge = Forge::new(Family::Qbft, validators);
    let client = light_client(Family::Qbft).unwrap();
    let state = client.anchor(&forge.anchor()).unwrap().into_inner().state;
    forge.mine_empty(1);
    let state = client.advance(&state, &[], None, &forge.run(&state), NOW).unwrap().into_inner().state;
    let sealers = quorum(usize::try_from(validators).unwrap());
    forge.mine(Plan { sealers: Some((0..sealers).collect()), ..Plan::default() });
    let head = forge.head();
    let signatures = head.extra.seals.iter().map(|seal| {
        let signature = Signature::from_slice(&seal[..64]).unwrap();
        let id = RecoveryId::from_byte(seal[64]).unwrap();
        let key = VerifyingKey::recover_from_prehash(&head.seal_digest.0, &signature, id).unwrap();
        (key, head.seal_digest.0, signature)
    });
    let signatures: Vec<_> = signatures.collect();
    let evidence = forge.run(&state);
    Case { state, evidence, signatures }
}

impl Case {
    fn header(&self) {
        let client = light_client(Family::Qbft).unwrap();
        black_box(client.advance(&self.state, &[], None, black_box(&self.evidence), NOW).unwrap());
    }

    fn signatures(&self) {
        for (key, digest, signature) in &self.signatures {
            key.verify_prehash(black_box(digest), black_box(signature)).unwrap();
        }
    }
}

/// The least of many: what the work costs when nothing interrupts it.
fn least(mut work: impl FnMut()) -> Duration {
    let once = || {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    std::iter::repeat_with(once).take(300).min().unwrap()
}

fn headers(criterion: &mut Criterion) {
    let cases = SIZES.map(|size| (size, case(size)));
    for (size, case) in &cases {
        criterion
            .bench_function(&format!("header of {size} validators"), |bench| bench.iter(|| case.header()));
        criterion.bench_function(&format!("its signatures alone, {size} validators"), |bench| {
            bench.iter(|| case.signatures());
        });
    }
    for (size, case) in &cases {
        let (header, bare) = (least(|| case.header()), least(|| case.signatures()));
        let ratio = header.as_secs_f64() / bare.as_secs_f64();
        println!(
            "N = {size}: header {header:?}, its {} signatures {bare:?}, ratio {ratio:.3}",
            case.signatures.len()
        );
    }
}

criterion_group!(benches, headers);
criterion_main!(benches);
