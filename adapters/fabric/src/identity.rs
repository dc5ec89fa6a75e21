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
