//! X.509 certificates as Go's `crypto/x509` reads them, as far as an MSP looks at them.

mod extensions;
mod forms;
mod name;
mod time;

use super::der::{Der, encode, encode_unsigned, tag};
use super::pem;
use super::signature::{Curve, Hash, PublicKey, sha256, twin};

pub(super) use extensions::Extensions;
pub(super) use forms::authority_key;

/// A certificate that this verifier cannot read or judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// Not one PEM block.
    #[error("no PEM block")]
    Pem,
    /// Not X.509.
    #[error("a malformed {0}")]
    Malformed(&'static str),
}

/// A public key by what it is worth here.
#[derive(Debug, Clone)]
pub(super) enum Key {
    /// ECDSA on a curve that is implemented here.
    Ecdsa(PublicKey),
    /// A key whose signatures peers may count, and this verifier cannot check.
    Foreign(&'static str),
    /// A key whose signatures count for nobody.
    Unknown,
}

/// How a certificate or a revocation list is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Ecdsa(Hash),
    /// Not ECDSA over SHA-2: no certificate authority that is supported here signs so.
    Other,
}

/// A certificate.
#[derive(Debug, Clone)]
pub(super) struct Certificate {
    /// As it came; of a certificate authority: with s in the lower half (see [`Certificate::sanitise`]).
    pub(super) der: Vec<u8>,
    /// What is signed.
    signed: Vec<u8>,
    algorithm_identifier: Vec<u8>,
    algorithm: Algorithm,
    signature: Vec<u8>,
    /// Above zero, big-endian without leading zeros.
    pub(super) serial: Vec<u8>,
    /// A distinguished name, as it is encoded.
    pub(super) issuer: Vec<u8>,
    /// A distinguished name, as it is encoded.
    pub(super) subject: Vec<u8>,
    /// The subject's organisational units.
    pub(super) units: Vec<String>,
    /// Unix seconds.
    pub(super) not_before: i64,
    /// Unix seconds.
    pub(super) not_after: i64,
    /// The subject's public key with its algorithm, as it is encoded.
    pub(super) key_info: Vec<u8>,
    pub(super) key: Key,
    /// Whether extensions could stand in it.
    pub(super) version_3: bool,
    pub(super) extensions: Extensions,
}

impl Certificate {
    /// Reads the first PEM block.
    pub(super) fn from_pem(text: &[u8]) -> Result<Self, CertificateFault> {
        Self::from_der(&pem::decode(text).ok_or(CertificateFault::Pem)?)
    }

    /// Reads DER.
    pub(super) fn from_der(bytes: &[u8]) -> Result<Self, CertificateFault> {
        let mut input = Der(bytes);
        let mut outer = input.inside(tag::SEQUENCE).ok_or(malformed("certificate"))?;
        if !input.is_empty() {
            return Err(malformed("certificate: bytes follow it"));
        }
        let signed = outer.take(tag::SEQUENCE).ok_or(malformed("certificate"))?;
        let mut body = Der(signed.value);

        let version = read_version(&mut body).ok_or(malformed("version"))?;
        let serial = body.unsigned().ok_or(malformed("serial number"))?;
        let inner = body.take(tag::SEQUENCE).ok_or(malformed("signature algorithm"))?;
        let issuer = body.take(tag::SEQUENCE).ok_or(malformed("issuer"))?;
        name::units(issuer.value).ok_or(malformed("issuer"))?;
        let validity = body.inside(tag::SEQUENCE).ok_or(malformed("validity"))?;
        let (not_before, not_after) = time::validity(validity).ok_or(malformed("validity"))?;
        let subject = body.take(tag::SEQUENCE).ok_or(malformed("subject"))?;
        let units = name::units(subject.value).ok_or(malformed("subject"))?;
        let key_info = body.take(tag::SEQUENCE).ok_or(malformed("public key"))?;
        let key = read_key(Der(key_info.value)).ok_or(malformed("public key"))?;
        let extensions = if version == 3 {
            for unique_id in [1, 2] {
                body.optional(tag::implicit(unique_id)).ok_or(malformed("unique identifier"))?;
            }
            let wrapped = body.optional(tag::explicit(3)).ok_or(malformed("extensions"))?;
            wrapped.map(|wrapped| Extensions::read(Der(wrapped.value))).transpose()?.unwrap_or_default()
        } else {
            Extensions::default()
        };

        let outside = outer.take(tag::SEQUENCE).ok_or(malformed("signature algorithm"))?;
        if outside.value != inner.value {
            return Err(malformed("signature algorithm: there are two"));
        }
        let algorithm = read_algorithm(Der(inner.value)).ok_or(malformed("signature algorithm"))?;
        let signature = outer.octet_bits().ok_or(malformed("signature"))?;

        Ok(Self {
            der: bytes.to_vec(),
            signed: signed.raw.to_vec(),
            algorithm_identifier: inner.raw.to_vec(),
            algorithm,
            signature: signature.to_vec(),
            serial: serial.to_vec(),
            issuer: issuer.raw.to_vec(),
            subject: subject.raw.to_vec(),
            units,
            not_before,
            not_after,
            key_info: key_info.raw.to_vec(),
            key,
            version_3: version == 3,
            extensions,
        })
    }

    /// Whether it is a certificate authority's.
    pub(super) fn is_ca(&self) -> bool {
        self.extensions.basic.is_some_and(|basic| basic.ca)
    }

    /// Whether this authority signed that certificate, and may have (Go: `CheckSignatureFrom`).
    pub(super) fn issued(&self, child: &Self) -> bool {
        let constrained = match self.extensions.basic {
            Some(basic) => !basic.ca,
            None => self.version_3,
        };
        let unusable = self.extensions.key_usage.is_some_and(|usage| usage != 0 && usage & CERT_SIGN == 0);
        !constrained && !unusable && self.signed(child.algorithm, &child.signed, &child.signature)
    }

    /// Whether its key made this signature.
    pub(super) fn signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (&self.key, algorithm) {
            (Key::Ecdsa(key), Algorithm::Ecdsa(hash)) => key.verify_issued(hash, message, signature),
            _ => false,
        }
    }

    /// What tells one certificate of an issuer from another, whichever half of the order s of its signature lies in: r and
    /// what is signed say everything else. (Fabric hashes the certificate with s lowered.)
    pub(super) fn identifier(&self) -> [u8; 32] {
        let r = signature_scalars(&self.signature).map_or(&self.signature[..], |(r, _)| r);
        sha256(&[&self.signed, r])
    }

    /// Lowers s of its signature, as an MSP does with its authorities before it hashes them (`sanitizeCert`).
    pub(super) fn sanitise(&mut self, issuer: Curve) {
        let Some((r, s)) = signature_scalars(&self.signature) else { return };
        if let Some(low) = twin(issuer, s) {
            self.signature = encode(tag::SEQUENCE, &[&encode_unsigned(r), &encode_unsigned(&low)]);
            let bits = encode(tag::BIT_STRING, &[&[0], &self.signature]);
            self.der = encode(tag::SEQUENCE, &[&self.signed, &self.algorithm_identifier, &bits]);
        }
    }
}

/// `keyCertSign` of a key usage.
const CERT_SIGN: u16 = 1 << 5;

fn malformed(what: &'static str) -> CertificateFault {
    CertificateFault::Malformed(what)
}

fn read_version(body: &mut Der<'_>) -> Option<u8> {
    let Some(wrapped) = body.optional(tag::explicit(0))? else { return Some(1) };
    match Der(wrapped.value).unsigned()? {
        [] => Some(1),
        [1] => Some(2),
        [2] => Some(3),
        _ => None,
    }
}

/// r and s, big-endian without leading zeros.
fn signature_scalars(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut sequence = Der(der).inside(tag::SEQUENCE)?;
    Some((sequence.unsigned()?, sequence.unsigned()?))
}

/// An `AlgorithmIdentifier` as Fabric's authorities use it.
pub(super) fn read_algorithm(mut identifier: Der<'_>) -> Option<Algorithm> {
    // 1.2.840.10045.4.3.{2,3,4}: ecdsa-with-SHA256, -SHA384, -SHA512.
    Some(match identifier.take(tag::OBJECT_IDENTIFIER)?.value {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2] => Algorithm::Ecdsa(Hash::Sha256),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3] => Algorithm::Ecdsa(Hash::Sha384),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4] => Algorithm::Ecdsa(Hash::Sha512),
        _ => Algorithm::Other,
    })
}

/// A `SubjectPublicKeyInfo`. `None`: Go refuses the certificate for it.
fn read_key(mut info: Der<'_>) -> Option<Key> {
    let mut algorithm = info.inside(tag::SEQUENCE)?;
    let kind = algorithm.take(tag::OBJECT_IDENTIFIER)?.value;
    let point = info.octet_bits()?;
    Some(match kind {
        // 1.2.840.10045.2.1 with a named curve.
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1] => match algorithm.take(tag::OBJECT_IDENTIFIER)?.value {
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] => Key::Ecdsa(PublicKey::new(Curve::P256, point)?),
            [0x2b, 0x81, 0x04, 0x00, 0x22] => Key::Ecdsa(PublicKey::new(Curve::P384, point)?),
            [0x2b, 0x81, 0x04, 0x00, 0x21] => Key::Foreign("P-224"),
            [0x2b, 0x81, 0x04, 0x00, 0x23] => Key::Foreign("P-521"),
            _ => return None,
        },
        [0x2b, 0x65, 0x70] => Key::Foreign(ED25519),
        _ => Key::Unknown,
    })
}

/// The name of a key that counts from channel capability V3_0 on.
pub(super) const ED25519: &str = "Ed25519";
