//! Evidence put together by hand, so that it can be wrong in every way.

use causeway_protocol::{Address, Family};
use causeway_verifier::bft::raw::SealCollection;
use causeway_verifier::bft::{Block, Evidence};
use causeway_verifier::forge::{Forge, GENESIS_TIME};
use causeway_verifier::prover::{OwnedReceipts, prove_block};
use causeway_verifier::{Advance, ClientState, Gateway, LightClient, Refusal, light_client};

/// A time at which every forged header is fine.
pub(crate) const NOW: u64 = GENESIS_TIME + 3600;

/// The families of this crate.
pub(crate) const FAMILIES: [Family; 3] = [Family::Qbft, Family::Ibft2, Family::Ibft];

pub(crate) fn client(forge: &Forge) -> &'static dyn LightClient {
    light_client(forge.config.family).unwrap()
}

/// The state at the genesis block.
pub(crate) fn genesis(forge: &Forge) -> ClientState {
    client(forge).anchor(&forge.anchor()).unwrap().into_inner().state
}

/// A block that owns its parts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Part {
    pub(crate) header: Vec<u8>,
    pub(crate) seals: Vec<u8>,
    pub(crate) receipts: Option<OwnedReceipts>,
}

/// A forged block without its seals.
pub(crate) fn bare(forge: &Forge, height: usize) -> Part {
    let block = &forge.blocks()[height];
    let receipts = (!block.wanted.is_empty()).then(|| prove_block(&block.receipts, &block.wanted).1);
    Part { header: block.header.evidence_form(0).unwrap(), seals: Vec::new(), receipts }
}

/// A forged block with every seal that `set` (ascending) made.
pub(crate) fn sealed(forge: &Forge, height: usize, set: &[Address]) -> Part {
    let block = &forge.blocks()[height];
    let mut collection = SealCollection::default();
    collection.add(&block.header);
    let seals = collection.best(set);
    let header = block.header.evidence_form(seals.round).unwrap();
    Part { header, seals: seals.bytes, ..bare(forge, height) }
}

/// The last block, sealed by the chain's validators.
pub(crate) fn last(forge: &Forge) -> Part {
    sealed(forge, forge.blocks().len() - 1, &forge.validators)
}

pub(crate) fn blocks(parts: &[Part]) -> Vec<Block<'_>> {
    parts.iter().map(block).collect()
}

pub(crate) fn block(part: &Part) -> Block<'_> {
    let receipts = part.receipts.as_ref().map(OwnedReceipts::as_proof);
    Block { header: &part.header, seals: &part.seals, set: None, receipts }
}

pub(crate) fn run(forge: &Forge, parts: &[Part]) -> Vec<u8> {
    Evidence::Run(blocks(parts)).encode(forge.config.family)
}

/// Advances from `state` by a run of `parts`.
pub(crate) fn advance(forge: &Forge, state: &ClientState, parts: &[Part]) -> Result<Advance, Refusal> {
    with_gateways(forge, state, &[], parts)
}

pub(crate) fn with_gateways(
    forge: &Forge,
    state: &ClientState,
    gateways: &[Gateway],
    parts: &[Part],
) -> Result<Advance, Refusal> {
    client(forge)
        .advance(state, gateways, None, &run(forge, parts), NOW)
        .map(causeway_verifier::Verified::into_inner)
}

/// The code of the refusal that a run of `parts` from genesis meets.
pub(crate) fn code(forge: &Forge, parts: &[Part]) -> &'static str {
    advance(forge, &genesis(forge), parts).unwrap_err().code()
}
