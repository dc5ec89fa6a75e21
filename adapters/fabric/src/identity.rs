//! Who the adapter is on the channel: a member's certificate and key.

use causeway_verifier::fabric::proto::SerializedIdentity;
use p256::SecretKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey as _;
use prost::Message as _;

/// Keys and certificates that are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The certificate is not PEM.
    #[error("the certificate: expected PEM, `-----BEGIN CERTIFICATE-----`")]
    Certificate,
    /// The key is not one that Fabric's clients sign with here.
    #[error("the key: expected a P-256 secret key in PEM (PKCS #8 or SEC 1): {0}")]
    Key(String),
}

/// A member of an organisation of the channel.
pub struct Identity {
    serialised: Vec<u8>,
    msp: String,
    key: SigningKey,
}

impl Identity {
    /// The member of the organisation `msp` with this certificate (PEM) and secret key (P-256, PKCS #8 or SEC 1 in PEM).
    pub fn new(msp: &str, certificate: &str, key: &str) -> Result<Self, IdentityError> {
        if !certificate.contains("-----BEGIN CERTIFICATE-----") {
            return Err(IdentityError::Certificate);
        }
        let refused = |error: &dyn core::fmt::Display| IdentityError::Key(error.to_string());
        let key = if key.contains("-----BEGIN EC PRIVATE KEY-----") {
            SecretKey::from_sec1_pem(key).map_err(|error| refused(&error))?
        } else {
            SecretKey::from_pkcs8_pem(key).map_err(|error| refused(&error))?
        };
        let identity = SerializedIdentity { mspid: msp.into(), id_bytes: certificate.as_bytes().to_vec() };
        Ok(Self { serialised: identity.encode_to_vec(), msp: msp.into(), key: SigningKey::from(key) })
    }

    /// The organisation's MSP.
    pub fn msp(&self) -> &str {
        &self.msp
    }

    /// A serialised `msp.SerializedIdentity`.
    pub(crate) fn serialised(&self) -> &[u8] {
        &self.serialised
    }

    /// Signs SHA-256 of `message`: DER, low-s, which Fabric demands.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.key.sign(message);
        signature.normalize_s().to_der().as_bytes().to_vec()
    }
}

impl core::fmt::Debug for Identity {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Identity").field("msp", &self.msp).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::signature::Verifier as _;
    use p256::pkcs8::{EncodePrivateKey as _, LineEnding};

    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";

    fn key() -> SecretKey {
        SecretKey::from_slice(&[7; 32]).unwrap()
    }

    #[test]
    fn signatures_are_low_s_and_of_either_form_of_the_key() {
        let pkcs8 = key().to_pkcs8_pem(LineEnding::LF).unwrap();
        let sec1 = key().to_sec1_pem(LineEnding::LF).unwrap();
        for pem in [pkcs8, sec1] {
            let identity = Identity::new("Org1MSP", CERTIFICATE, &pem).unwrap();
            assert_eq!(identity.msp(), "Org1MSP");
            for message in 0u8..32 {
                let signature = Signature::from_der(&identity.sign(&[message])).unwrap();
                assert_eq!(signature.normalize_s(), signature, "message {message}");
                let public = SigningKey::from(key());
                public.verifying_key().verify(&[message], &signature).unwrap();
            }
        }
    }

    #[test]
    fn what_is_no_key_or_certificate_is_refused() {
        let pem = key().to_pkcs8_pem(LineEnding::LF).unwrap();
        assert_eq!(Identity::new("Org1MSP", "", &pem).unwrap_err(), IdentityError::Certificate);
        for wrong in ["", CERTIFICATE, "-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----\n"] {
            let refused = Identity::new("Org1MSP", CERTIFICATE, wrong).unwrap_err();
            assert!(matches!(refused, IdentityError::Key(_)), "{refused}");
        }
    }
}
