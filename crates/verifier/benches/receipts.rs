//! What a proof of receipts costs next to the bare keccak of its bytes.
//!
//! `cargo bench -p causeway-verifier --bench receipts` prints the ratio for each kind of block at its end.

#![allow(clippy::unwrap_used, reason = "a bench may panic")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use causeway_protocol::{Address, GatewayEvent, GatewayEventKind, GatewayId, Hash, keccak256};
use causeway_verifier::evm::prove_receipts;
use causeway_verifier::forge::{encode_event, receipt};
use causeway_verifier::prover::{OwnedReceipts, prove_block};
use criterion::{Criterion, criterion_group, criterion_main};

struct Case {
    name: &'static str,
    root: Hash,
    proof: OwnedReceipts,
}

/// Some receipts of a block of `transactions`, each with one event.
fn case(name: &'static str, transactions: u64, wanted: &[u64]) -> Case {
    let receipts: Vec<Vec<u8>> = (1..=transactions)
        .map(|number| {
            let kind = GatewayEventKind::PacketDelivered {
                packet: keccak256(&number.to_be_bytes()).into(),
                success: true,
                result: vec![1; 64],
            };
            let log =
                encode_event(Address([1; 20]), &GatewayEvent { gateway: GatewayId([2; 32]), number, kind });
            receipt(true, number, &[log.as_log()])
        })
        .collect();
    let (root, proof) = prove_block(&receipts, wanted);
    Case { name, root, proof }
}

impl Case {
    fn prove(&self) {
        let nodes: Vec<&[u8]> = self.proof.nodes.iter().map(Vec::as_slice).collect();
        black_box(prove_receipts(self.root, &self.proof.indices, black_box(&nodes)).unwrap());
    }

    fn hash(&self) {
        for node in &self.proof.nodes {
            black_box(keccak256(black_box(node)));
        }
    }
}

fn least(mut work: impl FnMut()) -> Duration {
    let once = || {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    std::iter::repeat_with(once).take(500).min().unwrap()
}

fn receipts(criterion: &mut Criterion) {
    let all: Vec<u64> = (0..200).collect();
    let cases = [
        case("1 of 1", 1, &[0]),
        case("1 of 200", 200, &[100]),
        case("20 of 200", 200, &all[90..110]),
        case("200 of 200", 200, &all),
    ];
    for case in &cases {
        criterion.bench_function(&format!("receipts, {}", case.name), |bench| bench.iter(|| case.prove()));
        criterion.bench_function(&format!("keccak of their bytes, {}", case.name), |bench| {
            bench.iter(|| case.hash());
        });
    }
    for case in &cases {
        let (proof, bare) = (least(|| case.prove()), least(|| case.hash()));
        let ratio = proof.as_secs_f64() / bare.as_secs_f64();
        let bytes: usize = case.proof.nodes.iter().map(Vec::len).sum();
        println!("{}: proof {proof:?}, keccak of its {bytes} bytes {bare:?}, ratio {ratio:.3}", case.name);
    }
}

criterion_group!(benches, receipts);
criterion_main!(benches);
