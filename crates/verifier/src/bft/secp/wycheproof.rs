//! Seals against Wycheproof's secp256k1 vectors: every signature that should not verify does not.

#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their parts")]

use causeway_protocol::Hash;
use k256::ecdsa::VerifyingKey;
use k256::sha2::{Digest, Sha256};
use serde_json::Value;

use super::LowSignature;
use crate::vectors::{hex, vectors};

/// r and s out of a DER signature, read strictly and padded to 32 bytes each; `None` if it has another form.
fn from_der(der: &[u8]) -> Option<[u8; 64]> {
    let [0x30, length, body @ ..] = der else { return None };
    if usize::from(*length) != body.len() || *length >= 0x80 {
        return None;
    }
    let (r, rest) = integer(body)?;
    let (s, rest) = integer(rest)?;
    rest.is_empty().then_some(())?;
    let mut out = [0; 64];
    out[32 - r.len()..32].copy_from_slice(r);
    out[64 - s.len()..].copy_from_slice(s);
    Some(out)
}

fn integer(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x02, length, rest @ ..] = bytes else { return None };
    let (value, rest) = rest.split_at_checked(usize::from(*length))?;
    match value {
        [0, next @ ..] if next.first().is_some_and(|byte| *byte >= 0x80) && next.len() <= 32 => {
            Some((next, rest))
        }
        [first, ..] if *first > 0 && *first < 0x80 && value.len() <= 32 => Some((value, rest)),
        _ => None,
    }
}

fn judge(name: &str, signature: impl Fn(&Value) -> Option<[u8; 64]>) -> (usize, usize) {
    let Some(file) = vectors(name) else { return (0, 0) };
    let (mut valid, mut invalid) = (0, 0);
    for group in file["testGroups"].as_array().unwrap() {
        let key = VerifyingKey::from_sec1_bytes(&hex(&group["publicKey"]["uncompressed"])).unwrap();
        for test in group["tests"].as_array().unwrap() {
            let digest = Hash(Sha256::digest(hex(&test["msg"])).into());
            let low = signature(&test["sig"]).is_some_and(|bytes| {
                LowSignature::from_bytes(&bytes).and_then(|signature| signature.verify(&key, digest)).is_ok()
            });
            match test["result"].as_str().unwrap() {
                "valid" if low => valid += 1,
                // Outside Bitcoin's and Ethereum's rule the twin with s in the upper half counts too. Here it never does.
                "valid" => {
                    let bytes = signature(&test["sig"]).unwrap();
                    assert!(bytes[32] >= 0x7f, "{} {}", test["tcId"], test["comment"]);
                    invalid += 1;
                }
                _ => {
                    assert!(!low, "{} {}", test["tcId"], test["comment"]);
                    invalid += 1;
                }
            }
        }
    }
    (valid, invalid)
}

#[test]
fn case_19_wycheproof_signatures_of_64_bytes_are_judged_as_they_should_be() {
    let judged = judge("wycheproof/ecdsa_secp256k1_sha256_p1363_test.json", |sig| hex(sig).try_into().ok());
    assert!(judged == (0, 0) || (judged.0 > 50 && judged.1 > 50), "{judged:?}");
}

#[test]
fn case_19_wycheproof_signatures_with_the_low_s_rule_are_judged_as_they_should_be() {
    let judged = judge("wycheproof/ecdsa_secp256k1_sha256_bitcoin_test.json", |sig| from_der(&hex(sig)));
    assert!(judged == (0, 0) || (judged.0 > 50 && judged.1 > 50), "{judged:?}");
}
