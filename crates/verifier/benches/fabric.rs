//! What a run of Fabric blocks costs next to the bare P-256 verifications that it contains: of one block, and of ten as a relayer
//! sends them, of so many transactions each.
//!
//! `cargo bench -p causeway-verifier --bench fabric` prints the ratio for each size at its end.

#![allow(clippy::unwrap_used, reason = "a bench may panic")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ParsedPublicKey};
use causeway_protocol::{Address, AttestorSet};
use causeway_protocol::{Family, GatewayEventKind, GatewayId, Hash, HubId, Island};
use causeway_verifier::fabric::forge::{ANCHOR_TIME, Chain, Endorsed, Network, Signer, written};
use causeway_verifier::fabric::proto::{ApplicationPolicy, ApplicationPolicyType};
use causeway_verifier::fabric::prover::assemble;
use causeway_verifier::fabric::{Definition, sha256};
use causeway_verifier::{ClientState, Gateway, light_client};
use criterion::{Criterion, criterion_group, criterion_main};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer as _;
use prost::Message;

const NOW: u64 = ANCHOR_TIME + 60;
/// Blocks of a run, and transactions of each.
const SIZES: [(usize, usize); 6] = [(1, 1), (1, 10), (1, 100), (10, 1), (10, 10), (10, 100)];
const NAME: &str = "gateway";

/// An open gateway, evidence of blocks in which each transaction is a sign of life, and how many signatures it holds.
struct Case {
    state: ClientState,
    gateways: Vec<Gateway>,
    evidence: Vec<u8>,
    signatures: usize,
}

fn endorsed(chain: &mut Chain, event: impl Fn(&str) -> (GatewayId, GatewayEventKind)) -> Endorsed {
    let call = chain.call(NAME, &[b"call"]);
    let (gateway, kind) = event(&call.transaction);
    let (key, value) = written(gateway, &kind, &call.transaction, 1);
    let simulation = chain.simulation(NAME).write(NAME, &key, &value);
    call.endorse(&simulation, &chain.peers())
}

fn read(chain: &mut Chain, gateway: GatewayId, keys: &[String]) -> Endorsed {
    let peers: Vec<Signer> = chain.peers().into_iter().cloned().collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    chain.read(NAME, gateway, &keys, &peers.iter().collect::<Vec<_>>())
}

fn key(endorsed: &Endorsed) -> String {
    endorsed.simulation.writes[0].1.key.clone()
}

fn case((blocks, transactions): (usize, usize)) -> Case {
    let client = light_client(Family::Fabric).unwrap();
    let mut chain = Chain::new(Network::new(2));
    let reference =
        ApplicationPolicyType::ChannelConfigPolicyReference("/Channel/Application/Endorsement".to_owned());
    let policy = ApplicationPolicy { r#type: Some(reference) }.encode_to_vec();
    let definition = Definition { name: NAME.to_owned(), sequence: 1, policy };
    let state = client.anchor(&chain.anchor(vec![definition])).unwrap().into_inner().state;
    let genesis = chain.hash(0);
    let island = Island { family: Family::Fabric, fingerprint: genesis, anchor: genesis }.id();
    let id = |transaction: &str| {
        GatewayId::derive(island, NAME.as_bytes(), Hash(sha256(&[transaction.as_bytes()])))
    };
    let attestors = AttestorSet { epoch: 1, threshold: 1, attestors: vec![Address([1; 20])] };
    let opening = endorsed(&mut chain, |transaction| {
        let (hub, owner, attestors) = (HubId([2; 32]), Address([3; 20]), attestors.clone());
        (id(transaction), GatewayEventKind::Opened { island, hub, owner, attestors })
    });
    let gateway = id(&opening.call.transaction);
    let gateways = vec![Gateway { island, address: NAME.into(), id: gateway }];
    chain.mine(&[(&opening, true)]);
    let shown = read(&mut chain, gateway, &[key(&opening)]);
    let evidence = assemble(&state, &gateways, &chain.served(1), vec![shown.as_read()], NOW).unwrap();
    let state = client.advance(&state, &gateways, None, &evidence, NOW).unwrap().into_inner().state;

    let mut keys = Vec::new();
    for _ in 0..blocks {
        let beats: Vec<Endorsed> =
            (0..transactions).map(|_| endorsed(&mut chain, |_| (gateway, GatewayEventKind::Beat))).collect();
        chain.mine(&beats.iter().map(|beat| (beat, true)).collect::<Vec<_>>());
        keys.extend(beats.iter().map(key));
    }
    keys.sort_unstable();
    let shown = read(&mut chain, gateway, &keys);
    let evidence = assemble(&state, &gateways, &chain.served(2), vec![shown.as_read()], NOW).unwrap();
    // Two endorsements of each transaction and of the read, and one orderer: only the last block's signature is needed.
    Case { state, gateways, evidence, signatures: 2 * blocks * transactions + 3 }
}

impl Case {
    fn run(&self) {
        let client = light_client(Family::Fabric).unwrap();
        black_box(client.advance(&self.state, &self.gateways, None, black_box(&self.evidence), NOW).unwrap());
    }
}

/// The least of many: what the work costs when nothing interrupts it.
fn least(mut work: impl FnMut()) -> Duration {
    let once = || {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    std::iter::repeat_with(once).take(200).min().unwrap()
}

fn blocks(criterion: &mut Criterion) {
    // An endorsement is over about a kilobyte.
    let message = [7; 1024];
    let key = SigningKey::from_slice(&[1; 32]).unwrap();
    let signature: p256::ecdsa::Signature = key.sign(&message);
    let signature = signature.to_der();
    let point = key.verifying_key().to_sec1_point(false);
    let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point.as_bytes()).unwrap();
    let bare = |count: usize| {
        for _ in 0..count {
            parsed.verify_sig(black_box(&message), signature.as_bytes()).unwrap();
        }
    };
    let cases = SIZES.map(|size| (size, case(size)));
    for ((blocks, transactions), case) in &cases {
        criterion.bench_function(&format!("{blocks} blocks of {transactions} transactions"), |bench| {
            bench.iter(|| case.run());
        });
    }
    for ((blocks, transactions), case) in &cases {
        let (run, bare) = (least(|| case.run()), least(|| bare(case.signatures)));
        let ratio = run.as_secs_f64() / bare.as_secs_f64();
        println!(
            "{blocks} blocks of {transactions} transactions: {run:?}, their {} signatures {bare:?}, ratio {ratio:.3}",
            case.signatures
        );
    }
}

criterion_group!(benches, blocks);
criterion_main!(benches);
