//! Sealing and opening: HPKE in base mode.

use ::hpke::aead::ChaCha20Poly1305;
use ::hpke::kdf::HkdfSha256;
use ::hpke::kem::X25519HkdfSha256;
use ::hpke::rand_core::{TryCryptoRng, TryRng};
use ::hpke::{Deserializable, HpkeError, Kem, OpModeR, OpModeS, Serializable};
use zeroize::Zeroizing;

use crate::sealed::form::{HEAD, LENGTH, TAG, sealed_length};
use crate::sealed::{MAX_SEALED_MESSAGE, Sealed, SealedError, SealingKey, SealingKeyId, Suite};
use crate::{GatewayId, Hash, Hasher, Packet, keccak256};

/// HPKE's `info` begins with it; mark, suite and key id of the form are bound by what follows.
const INFO: &[u8] = b"causeway/sealed/1";

/// Between whom a message travels. What is sealed for one packet opens in no packet between others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parties<'a> {
    /// The gateway that sends.
    pub source: GatewayId,
    /// The gateway that delivers.
    pub destination: GatewayId,
    /// The sender's bytes, as the source gateway will write them into the packet.
    pub sender: &'a [u8],
    /// The receiver's bytes.
    pub receiver: &'a [u8],
}

impl<'a> Parties<'a> {
    /// The parties of a packet.
    pub fn of(packet: &'a Packet) -> Self {
        Self {
            source: packet.source,
            destination: packet.destination,
            sender: &packet.sender,
            receiver: &packet.receiver,
        }
    }

    /// `source ‖ destination ‖ H(sender) ‖ H(receiver) ‖ nonce`.
    fn associated_data(&self, nonce: Hash) -> [u8; 160] {
        let words = [
            self.source.0,
            self.destination.0,
            keccak256(self.sender).0,
            keccak256(self.receiver).0,
            nonce.0,
        ];
        let mut data = [0; 160];
        for (place, word) in data.chunks_exact_mut(32).zip(words) {
            place.copy_from_slice(&word);
        }
        data
    }
}

/// Random bytes for one sealing: from the system's generator, never used twice.
#[derive(Clone)]
pub struct Fresh {
    /// The payload's nonce. Everybody sees it.
    pub nonce: [u8; 32],
    /// What the ephemeral key is derived from. Nobody may ever see it.
    pub ephemeral: Zeroizing<[u8; 32]>,
}

/// A receiving organisation's secret key.
#[derive(Clone)]
pub struct OpeningKey(Zeroizing<[u8; 32]>);

impl OpeningKey {
    /// A key from its 32 bytes of X25519.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Its public half.
    pub fn public(&self) -> Result<SealingKey, OpenError> {
        let public = X25519HkdfSha256::sk_to_pk(&self.private()?);
        Ok(SealingKey(public.to_bytes().into()))
    }

    fn private(&self) -> Result<<X25519HkdfSha256 as Kem>::PrivateKey, OpenError> {
        Deserializable::from_bytes(self.0.as_slice()).map_err(|_| OpenError::Refused)
    }
}

impl core::fmt::Debug for OpeningKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("OpeningKey(..)")
    }
}

/// Why a message cannot be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Too long for one packet.
    #[error("the message has {0} bytes, at most {MAX_SEALED_MESSAGE} can be sealed")]
    TooLong(usize),
    /// Not a key that anybody can hold.
    #[error("{0} is no public key that a message can be sealed to")]
    Key(SealingKey),
}

/// Why a payload does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not the form of a sealed payload.
    #[error(transparent)]
    Form(#[from] SealedError),
    /// Sealed to another key.
    #[error("sealed to key {sealed_to}, this key is {this}")]
    OtherKey {
        /// The key it names.
        sealed_to: SealingKeyId,
        /// The key at hand.
        this: SealingKeyId,
    },
    /// Changed on its way, or sealed for other parties. HPKE does not say which.
    #[error("the payload was not sealed with this key between these parties")]
    Refused,
    /// What was sealed is not a message in its one padded form.
    #[error("what was sealed is not a padded message")]
    Padding,
}

/// Seals `message` to the holder of `key`.
pub fn seal(
    key: &SealingKey,
    parties: &Parties<'_>,
    message: &[u8],
    fresh: &Fresh,
) -> Result<Vec<u8>, SealError> {
    let too_long = || SealError::TooLong(message.len());
    let length = u16::try_from(message.len()).map_err(|_| too_long())?;
    if message.len() > MAX_SEALED_MESSAGE {
        return Err(too_long());
    }
    let mut padded = Zeroizing::new(vec![0; sealed_length(message.len()) - HEAD - TAG]);
    padded[..LENGTH].copy_from_slice(&length.to_be_bytes());
    padded[LENGTH..LENGTH + message.len()].copy_from_slice(message);
    let id = key.id();
    let nonce = Hash(fresh.nonce);
    let (encapsulated, ciphertext) =
        encrypt(key, &info(id), &padded, &parties.associated_data(nonce), &fresh.ephemeral)
            .map_err(|_| SealError::Key(*key))?;
    let suite = Suite::X25519_SHA256_CHACHA20;
    Ok(Sealed { suite, key: id, nonce, encapsulated, ciphertext: &ciphertext }.encode())
}

/// Opens a payload that was sealed to `key` between these parties.
pub fn open(key: &OpeningKey, parties: &Parties<'_>, payload: &[u8]) -> Result<Vec<u8>, OpenError> {
    let sealed = Sealed::decode(payload)?;
    let this = key.public()?.id();
    if sealed.key != this {
        return Err(OpenError::OtherKey { sealed_to: sealed.key, this });
    }
    let padded = decrypt(
        key,
        &sealed.encapsulated,
        &info(this),
        sealed.ciphertext,
        &parties.associated_data(sealed.nonce),
    )?;
    let (length, rest) = padded.split_first_chunk().ok_or(OpenError::Padding)?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (message, padding) = rest.split_at_checked(length).ok_or(OpenError::Padding)?;
    if padding.iter().any(|byte| *byte != 0) || sealed_length(length) != payload.len() {
        return Err(OpenError::Padding);
    }
    Ok(message.to_vec())
}

/// Opens the payload of a packet.
pub fn open_packet(key: &OpeningKey, packet: &Packet) -> Result<Vec<u8>, OpenError> {
    open(key, &Parties::of(packet), &packet.payload)
}

/// `"causeway/sealed/1" ‖ key id`: the id commits to key and suite, so every byte of the head is bound.
fn info(key: SealingKeyId) -> [u8; INFO.len() + 32] {
    let mut info = [0; INFO.len() + 32];
    info[..INFO.len()].copy_from_slice(INFO);
    info[INFO.len()..].copy_from_slice(&key.0);
    info
}

fn encrypt(
    key: &SealingKey,
    info: &[u8],
    message: &[u8],
    associated: &[u8],
    ephemeral: &Zeroizing<[u8; 32]>,
) -> Result<([u8; 32], Vec<u8>), HpkeError> {
    let public = Deserializable::from_bytes(&key.0)?;
    let mut bytes = Drawn(ephemeral.clone());
    let (encapsulated, ciphertext) = ::hpke::single_shot_seal_with_rng::<
        ChaCha20Poly1305,
        HkdfSha256,
        X25519HkdfSha256,
    >(&OpModeS::Base, &public, info, message, associated, &mut bytes)?;
    Ok((encapsulated.to_bytes().into(), ciphertext))
}

fn decrypt(
    key: &OpeningKey,
    encapsulated: &[u8; 32],
    info: &[u8],
    ciphertext: &[u8],
    associated: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let encapsulated = Deserializable::from_bytes(encapsulated).map_err(|_| OpenError::Refused)?;
    ::hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &key.private()?,
        &encapsulated,
        info,
        ciphertext,
        associated,
    )
    .map(Zeroizing::new)
    .map_err(|_| OpenError::Refused)
}

/// Random bytes that were drawn before. HPKE draws 32, for its ephemeral key; whatever more it drew would be the hash of those.
struct Drawn(Zeroizing<[u8; 32]>);

impl TryRng for Drawn {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        for place in out.chunks_mut(32) {
            place.copy_from_slice(&self.0[..place.len()]);
            *self.0 = Hasher::new().bytes(self.0.as_slice()).finish().0;
        }
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
