//! Evidence of a run: whole blocks, the seals that matter, and reads.

use causeway_adapter::AdapterError;
use causeway_protocol::{Family, Hash, Writer};
use causeway_verifier::VERSION;
use causeway_verifier::fabric::proto::{Block, BlockHeader, Metadata};
use causeway_verifier::fabric::sha256;
use prost::Message as _;

use crate::peers::number;
use crate::read::Read;

/// The kind of evidence that a run is.
const RUN: u64 = 1;

/// Evidence of the run of `blocks`; `seals` says which of them carry their orderers' signatures.
pub(crate) fn run(blocks: &[Block], seals: &[bool], reads: &[Read]) -> Result<Vec<u8>, AdapterError> {
    let first = blocks.first().and_then(|block| block.header.as_ref());
    let first = first.ok_or_else(|| AdapterError::Unprovable { height: 0, detail: "no block".into() })?;
    let mut all = Writer::new();
    for (block, sealed) in blocks.iter().zip(seals) {
        let seal = if *sealed { seal(block)? } else { Writer::new() };
        let data = block.data.as_ref().map(|data| data.data.as_slice()).unwrap_or_default();
        let data = Writer::new().each(data, |out, envelope| out.bytes(envelope));
        all = all.list(&Writer::new().list(&data).list(&seal));
    }
    let reads = Writer::new().each(reads, |out, read| out.list(&read.encode()));
    let body = Writer::new().uint(first.number).bytes(&first.previous_hash).list(&all).list(&reads);
    let family = Family::Fabric.to_string();
    Ok(Writer::new().bytes(family.as_bytes()).uint(RUN).list(&body).versioned(VERSION))
}

/// `[metadata value, [[signature header, identifier header, signature]…]]`.
fn seal(block: &Block) -> Result<Writer, AdapterError> {
    let unsigned =
        |detail: &str| AdapterError::Unprovable { height: number(block), detail: detail.to_owned() };
    let slot = block.metadata.as_ref().and_then(|metadata| metadata.metadata.first());
    let metadata = slot.ok_or_else(|| unsigned("the block has no place for signatures"))?;
    let metadata = Metadata::decode(metadata.as_slice())
        .map_err(|error| unsigned(&format!("its signatures: {error}")))?;
    if metadata.signatures.is_empty() {
        return Err(unsigned("no orderer signed the block"));
    }
    let signatures = Writer::new().each(&metadata.signatures, |out, signature| {
        let signature = Writer::new()
            .bytes(&signature.signature_header)
            .bytes(&signature.identifier_header)
            .bytes(&signature.signature);
        out.list(&signature)
    });
    Ok(Writer::new().bytes(&metadata.value).list(&signatures))
}

/// A block's hash: SHA-256 of the DER sequence of number, previous hash and data hash.
pub(crate) fn block_hash(header: &BlockHeader) -> Hash {
    let integer: Vec<u8> = header.number.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    // A DER integer is signed and has at least one byte.
    let pad = integer.first().is_none_or(|byte| *byte >= 0x80);
    let integer = if pad { [vec![0], integer].concat() } else { integer };
    let parts = [(0x02, integer.as_slice()), (0x04, &header.previous_hash), (0x04, &header.data_hash)];
    let body: Vec<u8> = parts.into_iter().flat_map(|(tag, value)| tagged(tag, value)).collect();
    Hash(sha256(&[&tagged(0x30, &body)]))
}

/// A DER element of at most 127 bytes, as everything in a block's header is.
fn tagged(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u8::try_from(value.len()).unwrap_or(u8::MAX);
    [&[tag, length], value].concat()
}
