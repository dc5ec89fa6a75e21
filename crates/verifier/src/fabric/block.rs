//! Blocks: their hashes, and the orderers' signatures over them.

use causeway_protocol::Hash;
use prost::Message as _;

use super::config::Channel;
use super::der::{encode, encode_unsigned, tag};
use super::evidence::{Seal, SealSignature};
use super::fault::FabricFault;
use super::policy::Signed;
use super::proto::{IdentifierHeader, OrdererBlockMetadata};
use super::signature::sha256;
use super::wire::Message;

/// The policy that blocks are signed by.
const BLOCK_VALIDATION: &str = "/Channel/Orderer/BlockValidation";

/// What a block's hash covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) number: u64,
    /// Empty for the first block.
    pub(super) previous: Vec<u8>,
    /// SHA-256 of the block's envelopes, one after the other.
    pub(super) data: [u8; 32],
}

impl Header {
    /// The bytes that are hashed and signed: DER SEQUENCE { INTEGER number, OCTET STRING previous, OCTET STRING data }
    /// (`protoutil.BlockHeaderBytes`).
    pub(super) fn bytes(&self) -> Vec<u8> {
        let number = encode_unsigned(&self.number.to_be_bytes());
        let octets = |bytes: &[u8]| encode(tag::OCTET_STRING, &[bytes]);
        encode(tag::SEQUENCE, &[&number, &octets(&self.previous), &octets(&self.data)])
    }

    /// SHA-256 of those (`protoutil.BlockHeaderHash`).
    pub(super) fn hash(&self) -> Hash {
        Hash(sha256(&[&self.bytes()]))
    }
}

/// Whether the orderers signed a block, by the configuration in force before it. `newest` is the number of the config block in
/// force after it, which the signed value has to name: whoever missed one is told (`protoutil.BlockSignatureVerifier`).
pub(super) fn check_seal(
    channel: &Channel,
    header: &Header,
    seal: &Seal<'_>,
    newest: u64,
) -> Result<(), FabricFault> {
    let metadata = OrdererBlockMetadata::decode(seal.value)
        .map_err(|error| FabricFault::Protobuf { what: "OrdererBlockMetadata", cause: error.to_string() })?;
    let came = metadata.last_config.unwrap_or_default().index;
    if came != newest {
        return Err(FabricFault::LastConfig { expected: newest, came });
    }
    let bytes = header.bytes();
    let signed = seal.signatures.iter().map(|signature| signer(channel, seal.value, signature, &bytes));
    let signed = signed.collect::<Result<Vec<_>, _>>()?;
    let signed: Vec<Signed<'_>> = signed.iter().map(Signer::signed).collect();
    let policy = channel.policy(BLOCK_VALIDATION).map_err(FabricFault::Seal)?;
    channel.require(&policy, &signed).map_err(FabricFault::Seal)
}

/// One signature over a block, its signer found.
struct Signer<'a> {
    identity: Vec<u8>,
    message: Vec<&'a [u8]>,
    signature: &'a [u8],
}

impl Signer<'_> {
    fn signed(&self) -> Signed<'_> {
        Signed { identity: &self.identity, message: self.message.clone(), signature: self.signature }
    }
}

/// Raft: the signature header names the signer. BFT: the identifier header, by its number among the consenters, and the
/// signature header is empty.
fn signer<'a>(
    channel: &Channel,
    value: &'a [u8],
    signature: &SealSignature<'a>,
    header: &'a [u8],
) -> Result<Signer<'a>, FabricFault> {
    let (identity, named) = match (signature.signature_header, signature.identifier_header) {
        ([], []) => return Err(FabricFault::Unsigned),
        ([], identifier) => {
            let decoded = IdentifierHeader::decode(identifier).map_err(|error| FabricFault::Protobuf {
                what: "IdentifierHeader",
                cause: error.to_string(),
            })?;
            let number = decoded.identifier;
            (channel.consenter(number).ok_or(FabricFault::Consenter(number))?, identifier)
        }
        (header, []) => (Message::read(header)?.bytes(1).to_vec(), header),
        _ => return Err(FabricFault::TwoHeaders),
    };
    Ok(Signer { identity, message: vec![value, named, header], signature: signature.signature })
}
