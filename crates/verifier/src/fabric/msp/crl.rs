//! Certificate revocation lists.

use super::Msp;
use crate::fabric::certificate::{Algorithm, Certificate, CertificateFault, authority_key, read_algorithm};
use crate::fabric::der::{Der, tag};
use crate::fabric::pem;

/// A revocation list of an MSP.
#[derive(Debug)]
pub(super) struct RevocationList {
    signed: Vec<u8>,
    algorithm: Algorithm,
    signature: Vec<u8>,
    /// The key that it says it is signed with.
    authority: Option<Vec<u8>>,
    /// Above zero, big-endian without leading zeros.
    serials: Vec<Vec<u8>>,
}

impl RevocationList {
    /// Reads DER, or the PEM block `X509 CRL`.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, CertificateFault> {
        let block = bytes.starts_with(b"-----BEGIN X509 CRL").then(|| pem::decode(bytes)).flatten();
        parse(block.as_deref().unwrap_or(bytes)).ok_or(CertificateFault::Malformed("revocation list"))
    }
}

fn parse(bytes: &[u8]) -> Option<RevocationList> {
    let mut input = Der(bytes);
    let mut outer = input.inside(tag::SEQUENCE)?;
    input.is_empty().then_some(())?;
    let signed = outer.take(tag::SEQUENCE)?;
    let algorithm = read_algorithm(outer.inside(tag::SEQUENCE)?)?;
    let signature = outer.octet_bits()?;

    let mut body = Der(signed.value);
    body.optional(tag::INTEGER)?;
    body.take(tag::SEQUENCE)?; // algorithm
    body.take(tag::SEQUENCE)?; // issuer
    let is_time = |tag: u8| [tag::UTC_TIME, tag::GENERALIZED_TIME].contains(&tag);
    is_time(body.next()?.tag).then_some(())?;
    if body.0.first().is_some_and(|next| is_time(*next)) {
        body.next()?;
    }
    let mut serials = Vec::new();
    if let Some(list) = body.optional(tag::SEQUENCE)? {
        let mut list = Der(list.value);
        while !list.is_empty() {
            serials.push(list.inside(tag::SEQUENCE)?.unsigned()?.to_vec());
        }
    }
    let authority = match body.optional(tag::explicit(0))? {
        Some(wrapped) => authority(Der(wrapped.value))?,
        None => None,
    };
    Some(RevocationList {
        signed: signed.raw.to_vec(),
        algorithm,
        signature: signature.to_vec(),
        authority,
        serials,
    })
}

/// The authority key identifier among a list's extensions.
#[expect(clippy::option_option, reason = "the outer one is for other forms, as in all of DER here")]
fn authority(mut wrapped: Der<'_>) -> Option<Option<Vec<u8>>> {
    let mut list = wrapped.inside(tag::SEQUENCE)?;
    while !list.is_empty() {
        let mut extension = list.inside(tag::SEQUENCE)?;
        let kind = extension.take(tag::OBJECT_IDENTIFIER)?.value;
        extension.optional(tag::BOOLEAN)?;
        let value = extension.take(tag::OCTET_STRING)?.value;
        if kind == [0x55, 0x1d, 0x23] {
            return authority_key(Der(value)).map(Some);
        }
    }
    Some(None)
}

/// Whether a certificate is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Revocation {
    No,
    Yes,
    /// A list of the MSP does not say whose it is: peers then count no certificate at all.
    Unknown,
}

impl Msp {
    /// Whether the issuer of a certificate revoked it by a list that it signed, whenever that list says
    /// (`validateCertAgainstChain`).
    pub(super) fn revocation(&self, certificate: &Certificate, issuer: &Certificate) -> Revocation {
        let Some(key) = &issuer.extensions.subject_key_id else { return Revocation::Unknown };
        for list in &self.revoked {
            let Some(authority) = &list.authority else { return Revocation::Unknown };
            let listed = authority == key && list.serials.contains(&certificate.serial);
            if listed && issuer.signed(list.algorithm, &list.signed, &list.signature) {
                return Revocation::Yes;
            }
        }
        Revocation::No
    }
}
