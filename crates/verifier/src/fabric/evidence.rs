//! Evidence and anchors, byte by byte as in `docs/formats.md`, before anything in them is verified.

use causeway_protocol::{DecodeError, Family, Hash, Reader, Writer};

use super::fault::FabricFault;
use crate::client::{MAX_ANCHOR, MAX_EVIDENCE, VERSION};
use crate::{EvidenceKind, Refusal, Span};

/// Most blocks of one run.
pub const MAX_BLOCKS: usize = 1024;
/// Most endorsed reads of one run.
pub(super) const MAX_READS: usize = 64;
/// Most signatures of one block or one read.
const MAX_SIGNATURES: usize = 256;
/// Most chaincode definitions in an anchor or a state.
pub(super) const MAX_DEFINITIONS: usize = 256;

/// The orderers' signatures over one block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seal<'a> {
    /// `Metadata.value`, a serialised `OrdererBlockMetadata`.
    pub value: &'a [u8],
    /// The signatures, ascending by signature header and identifier header.
    pub signatures: Vec<SealSignature<'a>>,
}

/// One of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SealSignature<'a> {
    /// A serialised `SignatureHeader`, empty for BFT.
    pub signature_header: &'a [u8],
    /// A serialised `IdentifierHeader`, empty for raft.
    pub identifier_header: &'a [u8],
    /// DER, over value ‖ header ‖ block header.
    pub signature: &'a [u8],
}

impl<'a> SealSignature<'a> {
    /// What names its signer: signatures ascend by it.
    pub(super) fn signer(&self) -> (&'a [u8], &'a [u8]) {
        (self.signature_header, self.identifier_header)
    }
}

/// One block of a run. Number and previous hash follow from the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block<'a> {
    /// Its envelopes, one after the other: what the data hash is taken of.
    pub data: &'a [u8],
    /// The last block's, and config blocks'.
    pub seal: Option<Seal<'a>>,
}

/// A call that peers of several organisations answered alike, and signed: what they read to answer it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndorsedRead<'a> {
    /// The proposal's serialised `ChannelHeader`.
    pub channel_header: &'a [u8],
    /// The proposal's serialised `SignatureHeader`.
    pub signature_header: &'a [u8],
    /// The proposal's serialised `ChaincodeProposalPayload`, without transient fields.
    pub proposal: &'a [u8],
    /// The serialised `ProposalResponsePayload`.
    pub response: &'a [u8],
    /// Endorser (a serialised identity) and DER signature each, ascending by endorser.
    pub endorsements: Vec<(&'a [u8], &'a [u8])>,
}

/// Whole blocks from the head on, and what peers said of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run<'a> {
    /// The first block's number.
    pub first: u64,
    /// The hash of the block before it.
    pub parent: Hash,
    /// The blocks.
    pub blocks: Vec<Block<'a>>,
    /// Reads of the state that they led to, ascending by channel header.
    pub reads: Vec<EndorsedRead<'a>>,
}

/// One side of misbehaviour: headers from a recorded block to one that orderers signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side<'a> {
    /// The first block's number.
    pub first: u64,
    /// The hash of the block before it.
    pub parent: Hash,
    /// The data hash of each block.
    pub data: Vec<[u8; 32]>,
    /// The last block's signatures.
    pub seal: Seal<'a>,
}

/// Evidence, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence<'a> {
    /// Advances the client.
    Run(Run<'a>),
    /// Two blocks signed at one height, ascending by their hashes.
    Misbehaviour([Side<'a>; 2]),
}

impl<'a> Evidence<'a> {
    /// Decodes evidence, strictly, within bounds.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Refusal> {
        if bytes.len() > MAX_EVIDENCE {
            return Err(Refusal::TooLarge { what: "evidence", came: bytes.len(), most: MAX_EVIDENCE });
        }
        let mut items = Reader::versioned("evidence", VERSION, bytes)?;
        expect_family(&mut items)?;
        let kind = items.uint("kind")?;
        let mut body = items.list("body")?;
        items.end("evidence")?;
        match kind {
            1 => Ok(Self::Run(run(body)?)),
            3 => {
                let sides = [side(body.list("first side")?)?, side(body.list("second side")?)?];
                body.end("body")?;
                Ok(Self::Misbehaviour(sides))
            }
            came => Err(Refusal::Kind { expected: "1 run or 3 misbehaviour", came }),
        }
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let (kind, body) = match self {
            Self::Run(run) => (1, encode_run(run)),
            Self::Misbehaviour([one, other]) => {
                (3, Writer::new().list(&encode_side(one)).list(&encode_side(other)))
            }
        };
        Writer::new().bytes(Family::Fabric.as_str().as_bytes()).uint(kind).list(&body).versioned(VERSION)
    }

    /// What it claims to be about.
    pub(super) fn span(&self) -> Span {
        let (kind, first, parent, count) = match self {
            Self::Run(run) => (EvidenceKind::Run, run.first, run.parent, run.blocks.len()),
            Self::Misbehaviour([one, _]) => {
                (EvidenceKind::Misbehaviour, one.first, one.parent, one.data.len())
            }
        };
        let last = first.saturating_add(count as u64 - 1); // decoding refused an empty list
        Span { family: Family::Fabric, kind, first, last, parent }
    }
}

fn at_least_one<T>(what: &'static str, items: Vec<T>) -> Result<Vec<T>, DecodeError> {
    if items.is_empty() {
        return Err(DecodeError::Value { what, came: "none, expected at least one".into() });
    }
    Ok(items)
}

/// Whether keys ascend strictly: then there is one order, and nothing stands twice.
fn ascending<K: PartialOrd>(what: &'static str, keys: impl Iterator<Item = K>) -> Result<(), DecodeError> {
    if keys.is_sorted_by(|one, next| one < next) {
        return Ok(());
    }
    Err(DecodeError::Value { what, came: "out of ascending order, or twice".into() })
}

fn run(mut body: Reader<'_>) -> Result<Run<'_>, DecodeError> {
    let first = body.uint("first number")?;
    let parent = Hash(body.array("parent hash")?);
    let blocks = body.list("blocks")?.each("blocks", MAX_BLOCKS, |list| {
        let mut items = list.list("block")?;
        let data = items.bytes("data")?;
        let seal = items.list("seal")?;
        items.end("block")?;
        let seal = if seal.is_empty() { None } else { Some(self::seal(seal)?) };
        Ok::<_, DecodeError>(Block { data, seal })
    })?;
    let reads = body.list("reads")?.each("reads", MAX_READS, |list| {
        let mut items = list.list("read")?;
        let channel_header = items.bytes("channel header")?;
        let signature_header = items.bytes("signature header")?;
        let (proposal, response) = (items.bytes("proposal")?, items.bytes("response")?);
        let endorsements = items.list("endorsements")?.each("endorsements", MAX_SIGNATURES, |list| {
            let mut items = list.list("endorsement")?;
            let endorsement = (items.bytes("endorser")?, items.bytes("signature")?);
            items.end("endorsement")?;
            Ok::<_, DecodeError>(endorsement)
        })?;
        items.end("read")?;
        ascending("endorsements", endorsements.iter().map(|(endorser, _)| endorser))?;
        Ok::<_, DecodeError>(EndorsedRead {
            channel_header,
            signature_header,
            proposal,
            response,
            endorsements,
        })
    })?;
    body.end("run")?;
    ascending("reads", reads.iter().map(|read| read.channel_header))?;
    Ok(Run { first, parent, blocks: at_least_one("blocks", blocks)?, reads })
}

fn side(mut body: Reader<'_>) -> Result<Side<'_>, DecodeError> {
    let first = body.uint("first number")?;
    let parent = Hash(body.array("parent hash")?);
    let data = body.list("data hashes")?.each("data hashes", MAX_BLOCKS, |list| list.array("data hash"))?;
    let seal = seal(body.list("seal")?)?;
    body.end("side")?;
    Ok(Side { first, parent, data: at_least_one("data hashes", data)?, seal })
}

fn seal(mut items: Reader<'_>) -> Result<Seal<'_>, DecodeError> {
    let value = items.bytes("metadata value")?;
    let signatures = items.list("signatures")?.each("signatures", MAX_SIGNATURES, |list| {
        let mut items = list.list("signature")?;
        let signature = SealSignature {
            signature_header: items.bytes("signature header")?,
            identifier_header: items.bytes("identifier header")?,
            signature: items.bytes("signature")?,
        };
        items.end("signature")?;
        Ok::<_, DecodeError>(signature)
    })?;
    items.end("seal")?;
    ascending("signatures", signatures.iter().map(SealSignature::signer))?;
    Ok(Seal { value, signatures: at_least_one("signatures", signatures)? })
}

fn encode_run(run: &Run<'_>) -> Writer {
    let blocks = Writer::new().each(&run.blocks, |list, block| {
        let seal = block.seal.as_ref().map_or_else(Writer::new, encode_seal);
        list.list(&Writer::new().bytes(block.data).list(&seal))
    });
    let reads = Writer::new().each(&run.reads, |list, read| {
        let endorsements = Writer::new().each(&read.endorsements, |list, (endorser, signature)| {
            list.list(&Writer::new().bytes(endorser).bytes(signature))
        });
        list.list(
            &Writer::new()
                .bytes(read.channel_header)
                .bytes(read.signature_header)
                .bytes(read.proposal)
                .bytes(read.response)
                .list(&endorsements),
        )
    });
    Writer::new().uint(run.first).bytes(&run.parent.0).list(&blocks).list(&reads)
}

fn encode_side(side: &Side<'_>) -> Writer {
    let data = Writer::new().each(&side.data, |list, hash| list.bytes(hash));
    Writer::new().uint(side.first).bytes(&side.parent.0).list(&data).list(&encode_seal(&side.seal))
}

fn encode_seal(seal: &Seal<'_>) -> Writer {
    let signatures = Writer::new().each(&seal.signatures, |list, signature| {
        list.list(
            &Writer::new()
                .bytes(signature.signature_header)
                .bytes(signature.identifier_header)
                .bytes(signature.signature),
        )
    });
    Writer::new().bytes(seal.value).list(&signatures)
}

/// A chaincode definition, as far as transactions are judged by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The chaincode.
    pub name: String,
    /// Counts its definitions, from 1.
    pub sequence: u64,
    /// `ChaincodeValidationInfo.validation_parameter`: a serialised `ApplicationPolicy`, for the plugin `vscc`.
    pub policy: Vec<u8>,
}

pub(super) fn encode_definitions(definitions: &[Definition]) -> Writer {
    Writer::new().each(definitions, |list, definition| {
        let Definition { name, sequence, policy } = definition;
        list.list(&Writer::new().bytes(name.as_bytes()).uint(*sequence).bytes(policy))
    })
}

pub(super) fn decode_definitions(list: Reader<'_>) -> Result<Vec<Definition>, Refusal> {
    let definitions = list.each("definitions", MAX_DEFINITIONS, |list| {
        let mut items = list.list("definition")?;
        let name = items.text("chaincode")?.to_owned();
        let (sequence, policy) = (items.uint("sequence")?, items.bytes("policy")?.to_vec());
        items.end("definition")?;
        Ok::<_, DecodeError>(Definition { name, sequence, policy })
    })?;
    if let Some(pair) = definitions.windows(2).find(|pair| pair[0].name >= pair[1].name) {
        let why = "definitions ascend by name";
        return Err(FabricFault::Definition { name: pair[1].name.clone(), why }.into());
    }
    Ok(definitions)
}

/// A trust anchor: a config block, trusted because people say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor<'a> {
    /// The channel.
    pub channel: &'a str,
    /// The block's number.
    pub number: u64,
    /// The hash of the block before, empty for block 0.
    pub previous: &'a [u8],
    /// The block's one envelope.
    pub envelope: &'a [u8],
    /// When people decided on it, Unix seconds: Fabric's blocks carry no time, and the trusting period counts from here first.
    pub time: u64,
    /// How long after the last evidence the client still advances, seconds.
    pub trusting_period: u64,
    /// Definitions of gateways that stand before it, ascending by name.
    pub definitions: Vec<Definition>,
}

impl<'a> Anchor<'a> {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        Writer::new()
            .bytes(Family::Fabric.as_str().as_bytes())
            .bytes(self.channel.as_bytes())
            .uint(self.number)
            .bytes(self.previous)
            .bytes(self.envelope)
            .uint(self.time)
            .uint(self.trusting_period)
            .list(&encode_definitions(&self.definitions))
            .versioned(VERSION)
    }

    /// Decodes an anchor, strictly, within bounds.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Refusal> {
        if bytes.len() > MAX_ANCHOR {
            return Err(Refusal::TooLarge { what: "anchor", came: bytes.len(), most: MAX_ANCHOR });
        }
        let mut items = Reader::versioned("anchor", VERSION, bytes)?;
        expect_family(&mut items)?;
        let channel = items.text("channel")?;
        let (number, previous) = (items.uint("number")?, items.bytes("previous hash")?);
        let envelope = items.bytes("envelope")?;
        let (time, trusting_period) = (items.uint("time")?, items.uint("trusting period")?);
        let definitions = decode_definitions(items.list("definitions")?)?;
        items.end("anchor")?;
        if previous.len() != if number == 0 { 0 } else { 32 } {
            return Err(FabricFault::Previous(previous.len()).into());
        }
        Ok(Self { channel, number, previous, envelope, time, trusting_period, definitions })
    }
}

/// The next item has to name this family.
pub(super) fn expect_family(items: &mut Reader<'_>) -> Result<(), Refusal> {
    let name = items.text("family")?;
    let came: Family = name
        .parse()
        .map_err(|unknown: causeway_protocol::UnknownFamily| Refusal::UnknownFamily(unknown.0))?;
    let expected = Family::Fabric;
    if came == expected { Ok(()) } else { Err(Refusal::WrongFamily { expected, came }) }
}
