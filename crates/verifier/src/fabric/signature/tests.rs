//! Both implementations against Wycheproof's vectors and against each other.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::vectors::{hex, vectors};

const POINT: &str = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
/// RFC 6979, A.2.5: "sample" under SHA-256.
const R: &str = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
const S: &str = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    encode(tag::SEQUENCE, &[&encode_unsigned(r), &encode_unsigned(s)])
}

fn example() -> (PublicKey, Vec<u8>, Vec<u8>) {
    let key = PublicKey::new(Curve::P256, &const_hex::decode(POINT).unwrap()).unwrap();
    (key, const_hex::decode(R).unwrap(), const_hex::decode(S).unwrap())
}

/// What the other implementation says.
fn rustcrypto(curve: Curve, point: &[u8], hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    let key = super::rustcrypto::Key::new(curve, point);
    let scalars = Scalars::read(signature, Form::Strict);
    key.zip(scalars).is_some_and(|(key, scalars)| key.verify(hash, &[message], &scalars))
}

#[test]
fn wycheproofs_signatures_on_p256_are_judged_as_they_should_be_by_both() {
    let Some(file) = vectors("wycheproof/ecdsa_secp256r1_sha256_test.json") else { return };
    let (mut valid, mut high, mut invalid) = (0, 0, 0);
    for group in file["testGroups"].as_array().unwrap() {
        let point = hex(&group["publicKey"]["uncompressed"]);
        let key = PublicKey::new(Curve::P256, &point).unwrap();
        for test in group["tests"].as_array().unwrap() {
            let (message, signature) = (hex(&test["msg"]), hex(&test["sig"]));
            let name = format!("{} {}", test["tcId"], test["comment"]);
            let issued = key.verify_issued(Hash::Sha256, &message, &signature);
            assert_eq!(issued, test["result"] == "valid", "{name}");
            assert_eq!(issued, rustcrypto(Curve::P256, &point, Hash::Sha256, &message, &signature), "{name}");
            let verdict = key.verify(&[&message], &signature, Form::Strict);
            match verdict {
                Ok(()) => valid += 1,
                Err(SignatureFault::HighS) if issued => high += 1,
                Err(_) => invalid += 1,
            }
            assert_eq!(verdict.is_ok() || verdict == Err(SignatureFault::HighS) && issued, issued, "{name}");
        }
    }
    assert!(valid > 50 && high > 50 && invalid > 50, "{valid} {high} {invalid}");
}

#[test]
fn wycheproofs_raw_signatures_are_judged_alike_by_both() {
    let Some(file) = vectors("wycheproof/ecdsa_secp256r1_sha256_p1363_test.json") else { return };
    let mut judged = 0;
    for group in file["testGroups"].as_array().unwrap() {
        let point = hex(&group["publicKey"]["uncompressed"]);
        let key = PublicKey::new(Curve::P256, &point).unwrap();
        for test in group["tests"].as_array().unwrap().iter().filter(|test| sig_length(test) == 64) {
            let (message, signature) = (hex(&test["msg"]), hex(&test["sig"]));
            let (r, s) = signature.split_at(32);
            let signature = der(r, s);
            let issued = key.verify_issued(Hash::Sha256, &message, &signature);
            assert_eq!(issued, test["result"] == "valid", "{} {}", test["tcId"], test["comment"]);
            assert_eq!(issued, rustcrypto(Curve::P256, &point, Hash::Sha256, &message, &signature));
            judged += 1;
        }
    }
    assert!(judged > 200, "{judged}");
}

fn sig_length(test: &Value) -> usize {
    hex(&test["sig"]).len()
}

#[test]
fn a_signature_counts_with_its_low_s_only() {
    let (key, r, s) = example();
    assert_eq!(key.verify(&[b"sample"], &der(&r, &s), Form::Strict), Err(SignatureFault::HighS));
    assert_eq!(key.verify(&[b"sample"], &der(&r, &s), Form::AsPeers), Err(SignatureFault::HighS));
    let low = twin(Curve::P256, &s).unwrap();
    assert_eq!(key.verify(&[b"sam", b"ple"], &der(&r, &low), Form::Strict), Ok(()));
    assert_eq!(key.verify(&[b"simple"], &der(&r, &low), Form::Strict), Err(SignatureFault::Mismatch));
    assert_eq!(twin(Curve::P256, &low), None);
}

#[test]
fn what_follows_a_signature_is_ignored_as_peers_do_and_refused_where_bytes_count() {
    let (key, r, s) = example();
    let low = twin(Curve::P256, &s).unwrap();
    let exact = der(&r, &low);
    let after = [&exact[..], b"junk"].concat();
    let inside = encode(tag::SEQUENCE, &[&encode_unsigned(&r), &encode_unsigned(&low), &[7; 200]]);
    for signature in [&after, &inside] {
        assert_eq!(key.verify(&[b"sample"], signature, Form::AsPeers), Ok(()));
        assert_eq!(key.verify(&[b"sample"], signature, Form::Strict), Err(SignatureFault::Form));
    }
}

#[test]
fn the_halves_of_the_orders_are_those_of_the_curves() {
    for (curve, half) in [(Curve::P256, &HALF_P256[..]), (Curve::P384, &HALF_P384[..])] {
        let above = {
            let mut above = half.to_vec();
            *above.last_mut().unwrap() += 1;
            above
        };
        assert!(is_low(curve, half) && !is_low(curve, &above), "{curve:?}");
        // n − (h + 1) = h.
        assert_eq!(twin(curve, &above).unwrap(), half);
    }
}

#[test]
fn a_point_off_its_curve_or_compressed_is_no_key() {
    let point = const_hex::decode(POINT).unwrap();
    let mut off = point.clone();
    off[64] ^= 1;
    let compressed = [&[2 + (point[64] & 1)], &point[1..33]].concat();
    for wrong in [&off[..], &compressed, &point[..64], &[0], &[]] {
        assert!(PublicKey::new(Curve::P256, wrong).is_none());
    }
    assert!(PublicKey::new(Curve::P384, &point).is_none());
}

#[test]
fn every_changed_byte_of_a_signature_is_refused() {
    let (key, r, s) = example();
    let signature = der(&r, &twin(Curve::P256, &s).unwrap());
    for at in 0..signature.len() {
        for bit in [1, 0x80] {
            let mut changed = signature.clone();
            changed[at] ^= bit;
            assert!(key.verify(&[b"sample"], &changed, Form::Strict).is_err(), "{at}");
            assert!(key.verify(&[b"sample"], &changed, Form::AsPeers).is_err(), "{at}");
        }
    }
}

proptest! {
    #[test]
    fn both_implementations_hash_alike(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 0..4)) {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(sha256(&parts), super::rustcrypto::sha256(&parts));
        prop_assert_eq!(sha256(&parts), sha256(&[&parts.concat()]));
    }

    #[test]
    fn both_implementations_agree_on_signatures_of_every_curve_and_hash(
        secret in prop::array::uniform32(1_u8..),
        message in prop::collection::vec(any::<u8>(), 0..200),
        flip in prop::option::of(any::<prop::sample::Index>()),
        hash in prop::sample::select(vec![Hash::Sha256, Hash::Sha384, Hash::Sha512]),
        p384 in any::<bool>(),
    ) {
        use ::p256::ecdsa::signature::hazmat::PrehashSigner;
        use sha2::Digest;
        let digest = match hash {
            Hash::Sha256 => sha2::Sha256::digest(&message).to_vec(),
            Hash::Sha384 => sha2::Sha384::digest(&message).to_vec(),
            Hash::Sha512 => sha2::Sha512::digest(&message).to_vec(),
        };
        let (curve, point, fixed) = if p384 {
            let secret = [&secret[..], &secret[..16]].concat();
            let key = ::p384::ecdsa::SigningKey::from_slice(&secret);
            prop_assume!(key.is_ok());
            let key = key.unwrap();
            let signature: ::p384::ecdsa::Signature = key.sign_prehash(&digest).unwrap();
            (Curve::P384, key.verifying_key().to_sec1_point(false).to_bytes(), signature.to_bytes().to_vec())
        } else {
            let key = ::p256::ecdsa::SigningKey::from_slice(&secret);
            prop_assume!(key.is_ok());
            let key = key.unwrap();
            let signature: ::p256::ecdsa::Signature = key.sign_prehash(&digest).unwrap();
            (Curve::P256, key.verifying_key().to_sec1_point(false).to_bytes(), signature.to_bytes().to_vec())
        };
        let (r, s) = fixed.split_at(fixed.len() / 2);
        let mut signature = der(r, s);
        if let Some(flip) = flip {
            let at = flip.index(signature.len());
            signature[at] ^= 1;
        }
        let native = PublicKey::new(curve, &point).unwrap().verify_issued(hash, &message, &signature);
        prop_assert_eq!(native, rustcrypto(curve, &point, hash, &message, &signature));
        prop_assert_eq!(native, flip.is_none());
    }
}
