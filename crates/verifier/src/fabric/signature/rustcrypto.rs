//! The implementation in WebAssembly, by RustCrypto.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{Curve, Scalars};

pub(super) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    hash::<Sha256>(parts).into()
}

fn hash<D: Digest>(parts: &[&[u8]]) -> sha2::digest::Output<D> {
    let mut digest = D::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize()
}

#[derive(Debug, Clone)]
pub(super) enum Key {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
}

impl Key {
    pub(super) fn new(curve: Curve, point: &[u8]) -> Option<Self> {
        match curve {
            Curve::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok().map(Self::P256),
            Curve::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok().map(Self::P384),
        }
    }

    pub(super) fn verify(&self, hash_of: super::Hash, message: &[&[u8]], scalars: &Scalars<'_>) -> bool {
        match hash_of {
            super::Hash::Sha256 => self.verify_digest(&hash::<Sha256>(message), scalars),
            super::Hash::Sha384 => self.verify_digest(&hash::<Sha384>(message), scalars),
            super::Hash::Sha512 => self.verify_digest(&hash::<Sha512>(message), scalars),
        }
    }

    fn verify_digest(&self, digest: &[u8], scalars: &Scalars<'_>) -> bool {
        match self {
            Self::P256(key) => fixed::<64>(scalars)
                .and_then(|fixed| p256::ecdsa::Signature::from_slice(&fixed).ok())
                .is_some_and(|signature| key.verify_prehash(digest, &signature).is_ok()),
            Self::P384(key) => fixed::<96>(scalars)
                .and_then(|fixed| p384::ecdsa::Signature::from_slice(&fixed).ok())
                .is_some_and(|signature| key.verify_prehash(digest, &signature).is_ok()),
        }
    }
}

/// r ‖ s, each of half the length.
fn fixed<const N: usize>(scalars: &Scalars<'_>) -> Option<[u8; N]> {
    let mut out = [0; N];
    let (left, right) = out.split_at_mut(N / 2);
    for (half, scalar) in [(left, scalars.r), (right, scalars.s)] {
        let start = half.len().checked_sub(scalar.len())?;
        half.get_mut(start..)?.copy_from_slice(scalar);
    }
    Some(out)
}
