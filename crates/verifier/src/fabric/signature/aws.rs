//! The native implementation, by aws-lc-rs.

use aws_lc_rs::digest::{self, Context, SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, EcdsaVerificationAlgorithm, ParsedPublicKey,
    UnparsedPublicKey,
};

use super::{Curve, Hash, Scalars};

pub(super) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let digest = hash(&SHA256, parts);
    let mut out = [0; 32];
    out.copy_from_slice(digest.as_ref());
    out
}

fn hash(algorithm: &'static digest::Algorithm, parts: &[&[u8]]) -> digest::Digest {
    let mut context = Context::new(algorithm);
    for part in parts {
        context.update(part);
    }
    context.finish()
}

fn algorithm(curve: Curve, hash: Hash) -> &'static EcdsaVerificationAlgorithm {
    match (curve, hash) {
        (Curve::P256, Hash::Sha256) => &ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Hash::Sha384) => &ECDSA_P256_SHA384_ASN1,
        (Curve::P256, Hash::Sha512) => &ECDSA_P256_SHA512_ASN1,
        (Curve::P384, Hash::Sha256) => &ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Hash::Sha384) => &ECDSA_P384_SHA384_ASN1,
        (Curve::P384, Hash::Sha512) => &ECDSA_P384_SHA512_ASN1,
    }
}

/// A key parsed for SHA-256, as nearly every signature has it.
#[derive(Debug, Clone)]
pub(super) struct Key {
    curve: Curve,
    parsed: ParsedPublicKey,
}

impl Key {
    pub(super) fn new(curve: Curve, point: &[u8]) -> Option<Self> {
        let parsed = ParsedPublicKey::new(algorithm(curve, Hash::Sha256), point).ok()?;
        Some(Self { curve, parsed })
    }

    pub(super) fn verify(&self, hash_of: Hash, message: &[&[u8]], scalars: &Scalars<'_>) -> bool {
        let verdict = match hash_of {
            Hash::Sha256 => self.parsed.verify_digest_sig(&hash(&SHA256, message), &scalars.der),
            Hash::Sha384 => self.other(hash_of).verify_digest(&hash(&SHA384, message), &scalars.der),
            Hash::Sha512 => self.other(hash_of).verify_digest(&hash(&SHA512, message), &scalars.der),
        };
        verdict.is_ok()
    }

    fn other(&self, hash: Hash) -> UnparsedPublicKey<&[u8]> {
        UnparsedPublicKey::new(algorithm(self.curve, hash), self.parsed.as_ref())
    }
}
