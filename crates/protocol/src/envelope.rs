//! Envelopes: evidence signed by the relayer that submits it.

use crate::codec::{DecodeError, Reader, Writer};
use crate::hash::{Hasher, id};
use crate::{Address, Hash, IslandId, SignError, Signature, SignatureError, Signer, words};

id! {
    /// Names a hub: `H(origin line of its log)`.
    HubId
}

/// The media type of an envelope in the REST interface.
pub const MEDIA_TYPE: &str = "application/vnd.causeway.envelope";

impl HubId {
    /// The id of the hub whose log has this origin line.
    pub fn of_origin(origin: &str) -> Self {
        crate::keccak256(origin.as_bytes()).into()
    }
}

/// What a relayer signs about a piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The hub it is meant for.
    pub hub: HubId,
    /// The island the evidence is about.
    pub island: IslandId,
    /// Height of the first header in the evidence.
    pub first: u64,
    /// Height of the last header in the evidence.
    pub last: u64,
    /// Who submits it.
    pub relayer: Address,
    /// The evidence itself.
    pub evidence: Vec<u8>,
}

/// An envelope with its relayer's signature, as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedEnvelope {
    /// What is signed.
    pub envelope: Envelope,
    /// The relayer's signature over [`Envelope::digest`].
    pub signature: Signature,
}

impl Envelope {
    /// `Envelope(bytes32 hub,bytes32 island,uint64 first,uint64 last,bytes32 evidence,address relayer)`
    pub const TYPE: &'static [u8] =
        b"Envelope(bytes32 hub,bytes32 island,uint64 first,uint64 last,bytes32 evidence,address relayer)";

    /// The evidence's digest: its key in the hub.
    pub fn evidence_digest(&self) -> Hash {
        crate::keccak256(&self.evidence)
    }

    /// The EIP-712 digest under the domain ("Causeway Envelope", "1").
    pub fn digest(&self) -> Hash {
        let domain = Hasher::new()
            .hashed(b"EIP712Domain(string name,string version)")
            .hashed(b"Causeway Envelope")
            .hashed(b"1")
            .finish();
        let fields = Hasher::new()
            .hashed(Self::TYPE)
            .word(self.hub)
            .word(self.island)
            .uint(self.first)
            .uint(self.last)
            .word(self.evidence_digest())
            .word(words::address(&self.relayer))
            .finish();
        Hasher::new().bytes(&[0x19, 0x01]).word(domain).word(fields).finish()
    }

    /// Signs it with `signer`, whose address becomes the relayer.
    pub fn sign(mut self, signer: &dyn Signer) -> Result<SignedEnvelope, SignError> {
        self.relayer = signer.address();
        let signature = signer.sign(self.digest())?;
        Ok(SignedEnvelope { envelope: self, signature })
    }
}

impl SignedEnvelope {
    const VERSION: u8 = 1;

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let Envelope { hub, island, first, last, relayer, evidence } = &self.envelope;
        Writer::new()
            .bytes(&hub.0)
            .bytes(&island.0)
            .uint(*first)
            .uint(*last)
            .bytes(&relayer.0)
            .bytes(&self.signature.0)
            .bytes(evidence)
            .versioned(Self::VERSION)
    }

    /// Reads canonical bytes; anything else is refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::versioned("envelope", Self::VERSION, bytes)?;
        let hub = HubId(reader.array("hub")?);
        let island = IslandId(reader.array("island")?);
        let first = reader.uint("first")?;
        let last = reader.uint("last")?;
        let relayer = Address(reader.array("relayer")?);
        let signature = Signature(reader.array("signature")?);
        let evidence = reader.bytes("evidence")?.to_vec();
        reader.end("envelope")?;
        Ok(Self { envelope: Envelope { hub, island, first, last, relayer, evidence }, signature })
    }

    /// Checks that the relayer named in the envelope signed it.
    pub fn check_signature(&self) -> Result<(), EnvelopeError> {
        let signer = self.signature.signer(self.envelope.digest())?;
        if signer == self.envelope.relayer {
            Ok(())
        } else {
            Err(EnvelopeError::NotItsRelayer { expected: self.envelope.relayer, came: signer })
        }
    }
}

/// An envelope whose signature proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The signature itself is not acceptable.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Somebody else signed, or another envelope was signed.
    #[error("signed by {came}, but the envelope names relayer {expected}")]
    NotItsRelayer {
        /// The relayer in the envelope.
        expected: Address,
        /// The address its signature recovers to.
        came: Address,
    },
}
