//! Evidence, byte by byte as in `docs/formats.md`, before anything in it is verified.

use causeway_protocol::{DecodeError, Family, Hash, Reader, Writer};

use super::config::expect_family;
use super::{Header, MAX_VALIDATORS};
use crate::client::{MAX_EVIDENCE, VERSION};
use crate::evm::{MAX_NODES, MAX_RECEIPTS};
use crate::{EvidenceKind, Refusal, Span};

/// Most blocks of one run.
pub const MAX_BLOCKS: usize = 1024;
/// Length of a seal in evidence: index ‖ r ‖ s.
pub const SEAL: usize = 65;

/// One block of evidence. Every part is borrowed from the evidence, or from whoever builds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block<'a> {
    /// The header in evidence form.
    pub header: &'a [u8],
    /// index ‖ r ‖ s each; empty if its descendants authenticate the header.
    pub seals: &'a [u8],
    /// Proof of the validators that seal the next header, in contract mode.
    pub set: Option<SetProof<'a>>,
    /// Receipts with events.
    pub receipts: Option<ReceiptsProof<'a>>,
}

/// Proof of a validator contract's array from a header's state root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetProof<'a> {
    /// Nodes from the state root to the contract's account.
    pub account: Vec<&'a [u8]>,
    /// Nodes from the account's storage root to the length and every element.
    pub storage: Vec<&'a [u8]>,
}

/// Multiproof of a block's receipts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceiptsProof<'a> {
    /// Transaction indices, strictly ascending.
    pub indices: Vec<u64>,
    /// Nodes on the paths to their receipts.
    pub nodes: Vec<&'a [u8]>,
}

/// A header far above a trusted one, without those between.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skip<'a> {
    /// The block before it, whose state proves who seals it: given where its validators come from a contract.
    pub parent: Option<Block<'a>>,
    /// The block it leads to, sealed.
    pub block: Block<'a>,
}

/// Evidence, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence<'a> {
    /// Headers linked to the head.
    Run(Vec<Block<'a>>),
    /// Headers that end in a recorded one.
    BackFill(Vec<Block<'a>>),
    /// Two runs from one recorded header, ascending by the hash of their last block.
    Misbehaviour([Vec<Block<'a>>; 2]),
    /// A header far above a trusted one.
    Skip(Box<Skip<'a>>),
}

impl<'a> Evidence<'a> {
    /// Decodes evidence of `family`, strictly, within bounds.
    pub fn decode(family: Family, bytes: &'a [u8]) -> Result<Self, Refusal> {
        if bytes.len() > MAX_EVIDENCE {
            return Err(Refusal::TooLarge { what: "evidence", came: bytes.len(), most: MAX_EVIDENCE });
        }
        let mut items = Reader::versioned("evidence", VERSION, bytes)?;
        expect_family(family, &mut items)?;
        let kind = items.uint("kind")?;
        let mut body = items.list("body")?;
        items.end("evidence")?;
        match kind {
            1 => Ok(Self::Run(blocks(body)?)),
            2 => Ok(Self::BackFill(blocks(body)?)),
            3 => {
                let sides = [blocks(body.list("first side")?)?, blocks(body.list("second side")?)?];
                body.end("body")?;
                Ok(Self::Misbehaviour(sides))
            }
            4 => Ok(Self::Skip(Box::new(skip(body)?))),
            came => Err(Refusal::Kind { expected: "1 run, 2 back-fill, 3 misbehaviour or 4 skip", came }),
        }
    }

    /// The canonical bytes.
    pub fn encode(&self, family: Family) -> Vec<u8> {
        let body = match self {
            Self::Run(blocks) | Self::BackFill(blocks) => encode_blocks(blocks),
            Self::Misbehaviour([one, other]) => {
                Writer::new().list(&encode_blocks(one)).list(&encode_blocks(other))
            }
            Self::Skip(skip) => encode_blocks(skip.parent.iter().chain([&skip.block])),
        };
        let kind = self.kind();
        Writer::new().bytes(family.as_str().as_bytes()).uint(kind).list(&body).versioned(VERSION)
    }

    /// The number of its kind.
    pub(super) fn kind(&self) -> u64 {
        match self {
            Self::Run(_) => 1,
            Self::BackFill(_) => 2,
            Self::Misbehaviour(_) => 3,
            Self::Skip(_) => 4,
        }
    }

    /// What it claims to be about.
    pub(super) fn span(&self, family: Family) -> Result<Span, Refusal> {
        // Decoding refused an empty list.
        let ends = |blocks: &[Block<'a>]| {
            [blocks.first(), blocks.last()].map(|block| block.map_or(&[][..], |block| block.header))
        };
        let (kind, [first, last]) = match self {
            Self::Run(blocks) => (EvidenceKind::Run, ends(blocks)),
            Self::BackFill(blocks) => (EvidenceKind::BackFill, ends(blocks)),
            Self::Misbehaviour([one, _]) => (EvidenceKind::Misbehaviour, ends(one)),
            Self::Skip(skip) => {
                let first = skip.parent.as_ref().unwrap_or(&skip.block);
                (EvidenceKind::Skip, [first.header, skip.block.header])
            }
        };
        let (first, last) = (Header::decode(first)?, Header::decode(last)?);
        let parent: Hash = first.parent;
        Ok(Span { family, kind, first: first.number, last: last.number, parent })
    }
}

fn blocks(body: Reader<'_>) -> Result<Vec<Block<'_>>, DecodeError> {
    if body.is_empty() {
        return Err(DecodeError::Value { what: "blocks", came: "none, expected 1 to 1024".into() });
    }
    body.each("blocks", MAX_BLOCKS, block)
}

fn skip(mut body: Reader<'_>) -> Result<Skip<'_>, DecodeError> {
    let first = block(&mut body)?;
    if body.is_empty() {
        return Ok(Skip { parent: None, block: first });
    }
    let second = block(&mut body)?;
    body.end("body")?;
    Ok(Skip { parent: Some(first), block: second })
}

fn block<'a>(body: &mut Reader<'a>) -> Result<Block<'a>, DecodeError> {
    let mut items = body.list("block")?;
    let header = items.bytes("header")?;
    let seals = items.bytes("seals")?;
    if seals.len() > MAX_VALIDATORS * SEAL {
        return Err(DecodeError::TooMany { what: "seals", most: MAX_VALIDATORS });
    }
    let set = set_proof(items.list("set")?)?;
    let receipts = receipts_proof(items.list("receipts")?)?;
    items.end("block")?;
    Ok(Block { header, seals, set, receipts })
}

fn nodes<'a>(what: &'static str, list: Reader<'a>) -> Result<Vec<&'a [u8]>, DecodeError> {
    list.each(what, MAX_NODES, |list| match list.bytes(what)? {
        // Every node of a proof is referred to by its hash, shorter ones stand inside their parents.
        short if short.len() < 32 => {
            Err(DecodeError::Value { what, came: format!("{} bytes, expected at least 32", short.len()) })
        }
        node => Ok(node),
    })
}

/// A proof of validators, or nothing if the list is empty.
pub(super) fn set_proof(mut items: Reader<'_>) -> Result<Option<SetProof<'_>>, DecodeError> {
    if items.is_empty() {
        return Ok(None);
    }
    let account = nodes("account proof", items.list("account proof")?)?;
    let storage = nodes("storage proof", items.list("storage proof")?)?;
    items.end("set")?;
    Ok(Some(SetProof { account, storage }))
}

fn receipts_proof(mut items: Reader<'_>) -> Result<Option<ReceiptsProof<'_>>, DecodeError> {
    if items.is_empty() {
        return Ok(None);
    }
    let indices = items.list("indices")?.each("indices", MAX_RECEIPTS, |list| list.uint("index"))?;
    let nodes = nodes("receipt nodes", items.list("receipt nodes")?)?;
    items.end("receipts")?;
    Ok(Some(ReceiptsProof { indices, nodes }))
}

fn encode_nodes(nodes: &[&[u8]]) -> Writer {
    Writer::new().each(nodes, |list, node| list.bytes(node))
}

pub(super) fn encode_set(set: Option<&SetProof<'_>>) -> Writer {
    set.map_or_else(Writer::new, |set| {
        Writer::new().list(&encode_nodes(&set.account)).list(&encode_nodes(&set.storage))
    })
}

fn encode_blocks<'b, 'a: 'b>(blocks: impl IntoIterator<Item = &'b Block<'a>>) -> Writer {
    Writer::new().each(blocks, |list, block| {
        let receipts = block.receipts.as_ref().map_or_else(Writer::new, |receipts| {
            let indices = Writer::new().each(&receipts.indices, |list, index| list.uint(*index));
            Writer::new().list(&indices).list(&encode_nodes(&receipts.nodes))
        });
        list.list(
            &Writer::new()
                .bytes(block.header)
                .bytes(block.seals)
                .list(&encode_set(block.set.as_ref()))
                .list(&receipts),
        )
    })
}
