//! Certificate authorities and those they certify.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use prost::Message;
use sha2::{Digest, Sha256, Sha384};

use crate::fabric::der::{Der, encode, encode_unsigned, tag};
use crate::fabric::proto::SerializedIdentity;
use crate::fabric::signature::{Curve as Named, twin};

/// When forged certificates begin, and when those of authorities end: `YYMMDDhhmmssZ`.
pub const NOT_BEFORE: &str = "240101000000Z";
/// See [`NOT_BEFORE`].
pub const NOT_AFTER: &str = "340101000000Z";

/// A curve for keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// As nearly everybody.
    P256,
    /// With SHA-384 where it signs certificates.
    P384,
}

#[derive(Debug, Clone)]
enum Key {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

impl Key {
    fn new(curve: Curve, name: &str) -> Self {
        match curve {
            Curve::P256 => Self::P256(p256::ecdsa::SigningKey::from_slice(&Sha256::digest(name)).unwrap()),
            Curve::P384 => Self::P384(p384::ecdsa::SigningKey::from_slice(&Sha384::digest(name)).unwrap()),
        }
    }

    fn info(&self) -> Vec<u8> {
        let (curve, point) = match self {
            Self::P256(key) => (
                &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7][..],
                key.verifying_key().to_sec1_point(false).to_bytes(),
            ),
            Self::P384(key) => {
                (&[0x2b, 0x81, 0x04, 0x00, 0x22][..], key.verifying_key().to_sec1_point(false).to_bytes())
            }
        };
        let kind = encode(tag::OBJECT_IDENTIFIER, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]]);
        let algorithm = encode(tag::SEQUENCE, &[&kind, &encode(tag::OBJECT_IDENTIFIER, &[curve])]);
        encode(tag::SEQUENCE, &[&algorithm, &encode(tag::BIT_STRING, &[&[0], &point])])
    }

    /// The signature over a digest, DER, s low.
    fn sign(&self, digest: &[u8]) -> Vec<u8> {
        let (named, fixed) = match self {
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign_prehash(digest).unwrap();
                (Named::P256, signature.to_bytes().to_vec())
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign_prehash(digest).unwrap();
                (Named::P384, signature.to_bytes().to_vec())
            }
        };
        let (r, s) = fixed.split_at(fixed.len() / 2);
        let s = twin(named, s).unwrap_or(s.to_vec());
        encode(tag::SEQUENCE, &[&encode_unsigned(r), &encode_unsigned(&s)])
    }

    fn named(&self) -> Named {
        match self {
            Self::P256(_) => Named::P256,
            Self::P384(_) => Named::P384,
        }
    }
}

/// What a certificate says.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The subject's common name; its key is made of it too.
    pub name: String,
    /// Its organisational units.
    pub units: Vec<String>,
    /// Whether it is an authority's.
    pub authority: bool,
    /// How many authorities may stand below it.
    pub path_length: Option<u8>,
    /// `YYMMDDhhmmssZ`.
    pub not_before: String,
    /// `YYMMDDhhmmssZ`.
    pub not_after: String,
    /// Object identifiers of an extended key usage, encoded.
    pub extended_usage: Vec<Vec<u8>>,
    /// Further extensions: an encoded object identifier, whether it is critical, the value.
    pub extensions: Vec<(Vec<u8>, bool, Vec<u8>)>,
    /// Its curve.
    pub curve: Curve,
    /// Another public key than the one made of its name, as `SubjectPublicKeyInfo`.
    pub key_info: Option<Vec<u8>>,
    /// Whether s of the authority's signature lies in the upper half.
    pub high_s: bool,
}

impl Profile {
    /// A node or a user with a role's unit.
    pub fn new(name: &str, units: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            units: units.iter().map(|unit| (*unit).to_owned()).collect(),
            authority: false,
            path_length: None,
            not_before: NOT_BEFORE.to_owned(),
            not_after: NOT_AFTER.to_owned(),
            extended_usage: Vec::new(),
            extensions: Vec::new(),
            curve: Curve::P256,
            key_info: None,
            high_s: false,
        }
    }

    /// An authority.
    pub fn authority(name: &str) -> Self {
        Self { authority: true, ..Self::new(name, &[]) }
    }

    fn subject(&self) -> Vec<u8> {
        let attribute = |kind: u8, text: &str| {
            let kind = encode(tag::OBJECT_IDENTIFIER, &[&[0x55, 0x04, kind]]);
            encode(tag::SET, &[&encode(tag::SEQUENCE, &[&kind, &encode(0x0c, &[text.as_bytes()])])])
        };
        let units = self.units.iter().map(|unit| attribute(0x0b, unit));
        let parts: Vec<_> = units.chain([attribute(0x03, &self.name)]).collect();
        encode(tag::SEQUENCE, &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn extensions(&self, subject_key: &[u8], authority_key: &[u8]) -> Vec<u8> {
        let octets = |value: &[u8]| encode(tag::OCTET_STRING, &[value]);
        let mut list = Vec::new();
        let mut add = |kind: &[u8], critical: bool, value: &[u8]| {
            let critical = if critical { encode(tag::BOOLEAN, &[&[0xff]]) } else { Vec::new() };
            let kind = encode(tag::OBJECT_IDENTIFIER, &[kind]);
            list.extend(encode(tag::SEQUENCE, &[&kind, &critical, &octets(value)]));
        };
        // keyCertSign and cRLSign, or digitalSignature.
        let usage: &[u8] = if self.authority { &[1, 0x06] } else { &[7, 0x80] };
        add(&[0x55, 0x1d, 15], true, &encode(tag::BIT_STRING, &[usage]));
        let ca = if self.authority { encode(tag::BOOLEAN, &[&[0xff]]) } else { Vec::new() };
        let length = self.path_length.map(|length| encode_unsigned(&[length])).unwrap_or_default();
        add(&[0x55, 0x1d, 19], true, &encode(tag::SEQUENCE, &[&ca, &length]));
        if self.authority {
            add(&[0x55, 0x1d, 14], false, &octets(subject_key));
        }
        let key = encode(tag::implicit(0), &[authority_key]);
        add(&[0x55, 0x1d, 35], false, &encode(tag::SEQUENCE, &[&key]));
        if !self.extended_usage.is_empty() {
            let usages: Vec<_> =
                self.extended_usage.iter().map(|usage| encode(tag::OBJECT_IDENTIFIER, &[usage])).collect();
            add(&[0x55, 0x1d, 37], false, &encode(tag::SEQUENCE, &[&usages.concat()]));
        }
        for (kind, critical, value) in &self.extensions {
            add(kind, *critical, value);
        }
        encode(tag::explicit(3), &[&encode(tag::SEQUENCE, &[&list])])
    }
}

/// A certificate authority.
#[derive(Debug, Clone)]
pub struct Authority {
    key: Key,
    subject: Vec<u8>,
    subject_key: Vec<u8>,
    /// Its certificate, PEM.
    pub certificate: Vec<u8>,
}

impl Authority {
    /// A root.
    pub fn root(name: &str) -> Self {
        Self::self_signed(&Profile::authority(name))
    }

    /// A root of another form.
    pub fn self_signed(profile: &Profile) -> Self {
        let mut authority = Self::unsigned(profile);
        authority.certificate = authority.certify(profile);
        authority
    }

    /// An authority below this one.
    pub fn intermediate(&self, profile: &Profile) -> Self {
        let certificate = self.certify(profile);
        Self { certificate, ..Self::unsigned(profile) }
    }

    fn unsigned(profile: &Profile) -> Self {
        let key = Key::new(profile.curve, &profile.name);
        let subject_key = Sha256::digest(key.info()).to_vec();
        Self { key, subject: profile.subject(), subject_key, certificate: Vec::new() }
    }

    fn algorithm(&self) -> Vec<u8> {
        let hash = match self.key {
            Key::P256(_) => 2,
            Key::P384(_) => 3,
        };
        encode(
            tag::SEQUENCE,
            &[&encode(tag::OBJECT_IDENTIFIER, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, hash]])],
        )
    }

    /// Signs a certificate (PEM).
    pub fn certify(&self, profile: &Profile) -> Vec<u8> {
        let key_info =
            profile.key_info.clone().unwrap_or_else(|| Key::new(profile.curve, &profile.name).info());
        let serial = Sha256::digest([&self.subject[..], profile.name.as_bytes()].concat());
        let validity =
            [&profile.not_before, &profile.not_after].map(|time| encode(tag::UTC_TIME, &[time.as_bytes()]));
        let subject_key = Sha256::digest(&key_info);
        let body = encode(
            tag::SEQUENCE,
            &[
                &encode(tag::explicit(0), &[&encode_unsigned(&[2])]),
                &encode_unsigned(&serial[..16]),
                &self.algorithm(),
                &self.subject,
                &encode(tag::SEQUENCE, &[&validity.concat()]),
                &profile.subject(),
                &key_info,
                &profile.extensions(&subject_key, &self.subject_key),
            ],
        );
        pem("CERTIFICATE", &self.signed(&body, profile.high_s))
    }

    fn signed(&self, body: &[u8], high_s: bool) -> Vec<u8> {
        let digest = match self.key {
            Key::P256(_) => Sha256::digest(body).to_vec(),
            Key::P384(_) => Sha384::digest(body).to_vec(),
        };
        let low = self.key.sign(&digest);
        let signature = if high_s { raised(self.key.named(), &low) } else { low };
        encode(tag::SEQUENCE, &[body, &self.algorithm(), &encode(tag::BIT_STRING, &[&[0], &signature])])
    }

    /// Certifies somebody of the MSP of this name.
    pub fn issue(&self, msp: &str, profile: &Profile) -> Signer {
        let certificate = self.certify(profile);
        Signer::new(msp, &certificate, Key::new(profile.curve, &profile.name))
    }

    /// A list that revokes these certificates (PEM), in PEM itself.
    pub fn revoke(&self, certificates: &[&[u8]]) -> Vec<u8> {
        self.revoke_in_name_of(self, certificates)
    }

    /// A list that names another authority's key as the one that signed it.
    pub fn revoke_in_name_of(&self, other: &Self, certificates: &[&[u8]]) -> Vec<u8> {
        let time = encode(tag::UTC_TIME, &[NOT_BEFORE.as_bytes()]);
        let entry =
            |certificate: &&[u8]| encode(tag::SEQUENCE, &[&encode_unsigned(&serial(certificate)), &time]);
        let entries: Vec<u8> = certificates.iter().flat_map(entry).collect();
        let key = encode(tag::SEQUENCE, &[&encode(tag::implicit(0), &[&other.subject_key])]);
        let kind = encode(tag::OBJECT_IDENTIFIER, &[&[0x55, 0x1d, 35]]);
        let extension = encode(tag::SEQUENCE, &[&kind, &encode(tag::OCTET_STRING, &[&key])]);
        let extensions = encode(tag::explicit(0), &[&encode(tag::SEQUENCE, &[&extension])]);
        let entries = encode(tag::SEQUENCE, &[&entries]);
        let body = encode(
            tag::SEQUENCE,
            &[&encode_unsigned(&[1]), &self.algorithm(), &other.subject, &time, &time, &entries, &extensions],
        );
        pem("X509 CRL", &self.signed(&body, false))
    }
}

/// The serial number of a certificate (PEM).
fn serial(certificate: &[u8]) -> Vec<u8> {
    let der = crate::fabric::pem::decode(certificate).unwrap();
    let mut body = Der(&der).inside(tag::SEQUENCE).unwrap().inside(tag::SEQUENCE).unwrap();
    body.next().unwrap();
    body.unsigned().unwrap().to_vec()
}

/// The same signature with s in the upper half: n − s.
fn raised(curve: Named, signature: &[u8]) -> Vec<u8> {
    let mut sequence = Der(signature).inside(tag::SEQUENCE).unwrap();
    let (r, s) = (sequence.unsigned().unwrap(), sequence.unsigned().unwrap());
    let order = match curve {
        Named::P256 => const_order(&crate::fabric::signature::HALF_P256),
        Named::P384 => const_order(&crate::fabric::signature::HALF_P384),
    };
    let mut high = vec![0; order.len()];
    let mut borrow = 0;
    for at in 0..order.len() {
        let digit = s.len().checked_sub(at + 1).map_or(0, |at| i32::from(s[at]));
        let place = order.len() - 1 - at;
        let difference = i32::from(order[place]) - digit + borrow;
        high[place] = u8::try_from(difference.rem_euclid(256)).unwrap();
        borrow = difference.div_euclid(256);
    }
    encode(tag::SEQUENCE, &[&encode_unsigned(r), &encode_unsigned(&high)])
}

/// 2h + 1.
fn const_order(half: &[u8]) -> Vec<u8> {
    let shifted = |at: usize| half[at] << 1 | half.get(at + 1).map_or(1, |next| next >> 7);
    (0..half.len()).map(shifted).collect()
}

/// Somebody with a certificate.
#[derive(Debug, Clone)]
pub struct Signer {
    key: Key,
    /// A serialised `msp.SerializedIdentity`.
    pub identity: Vec<u8>,
    /// PEM.
    pub certificate: Vec<u8>,
}

impl Signer {
    fn new(msp: &str, certificate: &[u8], key: Key) -> Self {
        let identity = SerializedIdentity { mspid: msp.to_owned(), id_bytes: certificate.to_vec() };
        Self { key, identity: identity.encode_to_vec(), certificate: certificate.to_vec() }
    }

    /// The same key and certificate under the name of another MSP.
    pub fn under(&self, msp: &str) -> Self {
        Self::new(msp, &self.certificate, self.key.clone())
    }

    /// The same key and name in another certificate's bytes (PEM).
    pub fn with_certificate(&self, msp: &str, certificate: &[u8]) -> Self {
        Self::new(msp, certificate, self.key.clone())
    }

    /// The signature over parts in order, DER, s low.
    pub fn sign(&self, message: &[&[u8]]) -> Vec<u8> {
        self.key.sign(&Sha256::digest(message.concat()))
    }

    /// The signature's twin, s high.
    pub fn sign_high(&self, message: &[&[u8]]) -> Vec<u8> {
        raised(self.key.named(), &self.sign(message))
    }
}

/// A PEM block as Go writes it.
pub fn pem(kind: &str, der: &[u8]) -> Vec<u8> {
    let digits = STANDARD.encode(der);
    let lines: Vec<&str> =
        digits.as_bytes().chunks(64).map(|line| core::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n")).into_bytes()
}
