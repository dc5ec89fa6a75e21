//! ECDSA as Fabric's nodes sign and its certificate authorities do: on P-256 or P-384.
//!
//! Natively by aws-lc-rs, in WebAssembly by RustCrypto; both are tested against each other. Measured natively, a signature on
//! P-256 takes aws-lc-rs a third of the time that it takes p256.

#[cfg(not(target_arch = "wasm32"))]
mod aws;
#[cfg(any(test, target_arch = "wasm32"))]
mod rustcrypto;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::der::{Der, encode, encode_unsigned, tag};
#[cfg(not(target_arch = "wasm32"))]
use aws as backend;
#[cfg(target_arch = "wasm32")]
use rustcrypto as backend;

/// SHA-256 over parts in order.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    backend::sha256(parts)
}

/// A named curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
}

/// The hash under a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// (n − 1) / 2 of each curve: the largest s that Fabric counts as low.
pub(super) const HALF_P256: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde,
    0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];
pub(super) const HALF_P384: [u8; 48] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xe3, 0xb1, 0xa6, 0xc0, 0xfa, 0x1b, 0x96, 0xef, 0xac, 0x0d,
    0x06, 0xd9, 0x24, 0x58, 0x53, 0xbd, 0x76, 0x76, 0x0c, 0xb5, 0x66, 0x62, 0x94, 0xb9,
];

impl Curve {
    fn half_order(self) -> &'static [u8] {
        match self {
            Self::P256 => &HALF_P256,
            Self::P384 => &HALF_P384,
        }
    }
}

/// Why a signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// Not the one DER encoding of two integers above zero.
    #[error("not a DER signature of two integers above zero")]
    Form,
    /// s lies in the upper half of the group's order: the signature has a twin.
    #[error("s lies in the upper half of the order")]
    HighS,
    /// It is none of this key over this message.
    #[error("no signature of this key over this message")]
    Mismatch,
}

/// How strictly a signature's DER is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The one encoding there is.
    Strict,
    /// As Fabric reads it: whatever follows the two integers or the sequence is ignored. Who submits a transaction can append
    /// it to an endorsement, and peers still count that.
    AsPeers,
}

/// A public key, known to lie on its curve.
#[derive(Debug, Clone)]
pub(crate) struct PublicKey {
    curve: Curve,
    key: backend::Key,
}

impl PublicKey {
    /// Reads an uncompressed point (SEC 1).
    pub(crate) fn new(curve: Curve, point: &[u8]) -> Option<Self> {
        (point.first() == Some(&4))
            .then(|| backend::Key::new(curve, point))
            .flatten()
            .map(|key| Self { curve, key })
    }

    pub(crate) fn curve(&self) -> Curve {
        self.curve
    }

    /// Verifies a node's signature over SHA-256 of the parts, s low (Fabric: `bccsp/sw/ecdsa.go`).
    pub(crate) fn verify(
        &self,
        message: &[&[u8]],
        signature: &[u8],
        form: Form,
    ) -> Result<(), SignatureFault> {
        let scalars = Scalars::read(signature, form).ok_or(SignatureFault::Form)?;
        if !scalars.is_low(self.curve) {
            return Err(SignatureFault::HighS);
        }
        self.key.verify(Hash::Sha256, message, &scalars).then_some(()).ok_or(SignatureFault::Mismatch)
    }

    /// Verifies a certificate authority's signature: either half of s counts (Go: `ecdsa.VerifyASN1`).
    pub(crate) fn verify_issued(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        Scalars::read(signature, Form::Strict)
            .is_some_and(|scalars| self.key.verify(hash, &[message], &scalars))
    }
}

/// Longer than any scalar of a curve that Fabric knows (P-521).
const MAX_SCALAR: usize = 66;

/// r and s of a signature, big-endian without leading zeros, and their one encoding.
#[derive(Debug)]
struct Scalars<'a> {
    #[cfg_attr(not(any(test, target_arch = "wasm32")), expect(dead_code, reason = "aws-lc-rs reads DER"))]
    r: &'a [u8],
    s: &'a [u8],
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "RustCrypto reads r and s"))]
    der: Cow<'a, [u8]>,
}

impl<'a> Scalars<'a> {
    fn read(bytes: &'a [u8], form: Form) -> Option<Self> {
        let mut input = Der(bytes);
        let mut sequence = input.inside(tag::SEQUENCE)?;
        let (r, s) = (sequence.unsigned()?, sequence.unsigned()?);
        if [r, s].iter().any(|scalar| scalar.is_empty() || scalar.len() > MAX_SCALAR) {
            return None;
        }
        let exact = input.is_empty() && sequence.is_empty();
        match form {
            _ if exact => Some(Self { r, s, der: Cow::Borrowed(bytes) }),
            Form::Strict => None,
            Form::AsPeers => Some(Self {
                r,
                s,
                der: Cow::Owned(encode(tag::SEQUENCE, &[&encode_unsigned(r), &encode_unsigned(s)])),
            }),
        }
    }

    fn is_low(&self, curve: Curve) -> bool {
        is_low(curve, self.s)
    }
}

/// Whether s, without leading zeros, is at most half of the order.
fn is_low(curve: Curve, s: &[u8]) -> bool {
    let half = curve.half_order();
    s.len() < half.len() || (s.len() == half.len() && s <= half)
}

/// The low twin of an s, without leading zeros, in the upper half: n − s. `None` if it is low, or no scalar of this curve.
pub(crate) fn twin(curve: Curve, s: &[u8]) -> Option<Vec<u8>> {
    let half = curve.half_order();
    if is_low(curve, s) || s.len() > half.len() {
        return None;
    }
    let mut borrow = 0;
    let mut low = vec![0; half.len()];
    for (at, digit) in low.iter_mut().enumerate().rev() {
        // n = 2h + 1, digit by digit: 2h[at] + (1 at the end) − s[at].
        let one = i32::from(at + 1 == half.len());
        let difference = 2 * i32::from(half[at]) + one - i32::from(s[at]) + borrow;
        *digit = u8::try_from(difference.rem_euclid(256)).unwrap_or_default();
        borrow = difference.div_euclid(256);
    }
    (borrow == 0).then_some(low)
}
