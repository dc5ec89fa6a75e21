//! What an endorsed transaction costs: two signatures on P-256 alone, by either library, and judged by a channel's policy.

use std::hint::black_box;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ParsedPublicKey};
use causeway_verifier::fabric::forge::Network;
use causeway_verifier::fabric::{Channel, Signed};
use criterion::{Criterion, criterion_group, criterion_main};
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};

const MESSAGE: [u8; 4096] = [7; 4096];

fn bare(criterion: &mut Criterion) {
    let keys = [1_u8, 2].map(|number| SigningKey::from_slice(&[number; 32]).expect("a scalar"));
    let signatures: Vec<Signature> = keys.iter().map(|key| key.sign(&MESSAGE)).collect();
    let der: Vec<_> = signatures.iter().map(Signature::to_der).collect();
    let points = keys.each_ref().map(|key| key.verifying_key().to_sec1_point(false));
    let parsed = points
        .each_ref()
        .map(|point| ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point.as_bytes()).expect("a point"));
    criterion.bench_function("two signatures, aws-lc-rs", |bencher| {
        bencher.iter(|| {
            for (key, signature) in parsed.iter().zip(&der) {
                key.verify_sig(black_box(&MESSAGE), signature.as_bytes()).expect("valid");
            }
        });
    });
    let keys = keys.each_ref().map(VerifyingKey::from);
    criterion.bench_function("two signatures, p256", |bencher| {
        bencher.iter(|| {
            for (key, signature) in keys.iter().zip(&signatures) {
                key.verify(black_box(&MESSAGE), signature).expect("valid");
            }
        });
    });
}

fn judged(criterion: &mut Criterion) {
    let network = Network::new(2);
    let config = network.config_bytes();
    let channel = Channel::read(&config).expect("a channel");
    let policy = channel.policy("/Channel/Application/Endorsement").expect("a policy");
    let peers = [0, 1].map(|number| &network.organisations[number].peer);
    let signatures = peers.map(|peer| peer.sign(&[&MESSAGE, &peer.identity]));
    let signed: Vec<Signed<'_>> = peers
        .iter()
        .zip(&signatures)
        .map(|(peer, signature)| Signed {
            identity: &peer.identity,
            message: vec![&MESSAGE, &peer.identity],
            signature,
        })
        .collect();
    criterion.bench_function("two endorsements by policy", |bencher| {
        bencher.iter(|| assert_eq!(channel.satisfied(black_box(&policy), &signed), Ok(true)));
    });
    criterion.bench_function("a configuration of three organisations", |bencher| {
        bencher.iter(|| Channel::read(black_box(&config)).expect("a channel"));
    });
}

criterion_group!(benches, bare, judged);
criterion_main!(benches);
