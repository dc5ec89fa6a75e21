//! Trust anchors: a config block, and the chaincode definitions that were made before it.

use causeway_adapter::AdapterError;
use causeway_protocol::Hash;
use causeway_verifier::LightClient as _;
use causeway_verifier::fabric::proto::{
    BatchSize, Block, ChannelHeader, ConfigEnvelope, Envelope, Metadata, OrdererBlockMetadata, Payload,
};
use causeway_verifier::fabric::prover::Served;
use causeway_verifier::fabric::{Anchor, Definition, Fabric};
use prost::Message as _;

use crate::Peers;
use crate::content;
use crate::peers::number;
use crate::source::LARGEST;

/// Blocks read at once on the way back to a definition.
const CHUNK: u64 = 64;

/// What people decide about an anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnchorTerms {
    /// When they decide, Unix seconds: Fabric's blocks carry no time.
    pub time: u64,
    /// How long after the last evidence a light client still advances, seconds.
    pub trusting_period: u64,
}

/// A trust anchor, and what an island is registered under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedAnchor {
    /// The channel.
    pub channel: String,
    /// The hash of block 0.
    pub fingerprint: Hash,
    /// The anchor's canonical bytes.
    pub bytes: Vec<u8>,
    /// The config block's number.
    pub height: u64,
    /// The config block's hash: what an operator compares with the island's owner.
    pub block: Hash,
    /// SHA-256 of each root certificate of the channel's organisations, 32 bytes each.
    pub validators: Vec<Vec<u8>>,
    /// `BatchSize.AbsoluteMaxBytes` of the channel, if it lets orderers make blocks that evidence may not hold.
    pub oversize: Option<Oversize>,
}

/// A bound on blocks that is higher than what evidence holds of one: whole blocks travel, and an island stands still before one
/// that cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the channel's BatchSize.AbsoluteMaxBytes is {came}, evidence holds blocks of {LARGEST} bytes: lower it to that before the island is \
     registered, or the island stands still for good before the first block that is larger"
)]
pub struct Oversize {
    /// The channel's bound, in bytes.
    pub came: u32,
}

/// Makes the trust anchor at the config block `height`, or at the newest config block. The definitions of the chaincodes
/// `gateways` that were committed up to there stand in it; later ones are proven as everything is.
pub async fn propose_anchor(
    peers: &Peers,
    height: Option<u64>,
    terms: AnchorTerms,
    gateways: &[String],
) -> Result<ProposedAnchor, AdapterError> {
    let height = match height {
        Some(height) => height,
        None => last_config(&peers.newest().await?)?,
    };
    let genesis = one_block(peers, 0).await?;
    let block = if height == 0 { genesis.clone() } else { one_block(peers, height).await? };
    let mut definitions = Vec::new();
    for gateway in gateways {
        definitions.extend(definition_at(peers, height, gateway).await?);
    }
    anchor_of(&block, &genesis, terms, definitions)
}

/// Makes the trust anchor of a config block that came in a file, without definitions: of a channel where no gateway was
/// defined before that block. `genesis` is block 0 of the same channel, the same block if that is the anchor. Both are
/// serialised `common.Block`s.
pub fn anchor_from_blocks(
    block: &[u8],
    genesis: &[u8],
    terms: AnchorTerms,
) -> Result<ProposedAnchor, AdapterError> {
    let decode = |what: &str, bytes: &[u8]| {
        Block::decode(bytes)
            .map_err(|error| AdapterError::Configuration(format!("{what}: expected a common.Block: {error}")))
    };
    let (block, genesis) = (decode("the config block", block)?, decode("block 0", genesis)?);
    anchor_of(&block, &genesis, terms, Vec::new())
}

fn anchor_of(
    block: &Block,
    genesis: &Block,
    terms: AnchorTerms,
    mut definitions: Vec<Definition>,
) -> Result<ProposedAnchor, AdapterError> {
    let (channel, envelope) = configuration(block)?;
    let (genesis_channel, _) = configuration(genesis)?;
    if number(genesis) != 0 || genesis_channel != channel {
        let came = format!("block {} of channel {genesis_channel}", number(genesis));
        return Err(AdapterError::Configuration(format!(
            "expected block 0 of channel {channel}, got {came}"
        )));
    }
    let header = block.header.clone().unwrap_or_default();
    definitions.sort_by(|one, other| one.name.cmp(&other.name));
    let anchor = Anchor {
        channel: &channel,
        number: header.number,
        previous: &header.previous_hash,
        envelope: &envelope,
        time: terms.time,
        trusting_period: terms.trusting_period,
        definitions,
    };
    let bytes = anchor.encode();
    let anchored =
        Fabric.anchor(&bytes).map_err(|refusal| AdapterError::Configuration(refusal.to_string()))?;
    let served = Served::read(genesis.clone());
    let served = served.map_err(|fault| AdapterError::Configuration(format!("block 0: {fault}")))?;
    Ok(ProposedAnchor {
        channel,
        fingerprint: served.hash,
        height: anchored.header.height,
        block: anchored.header.hash,
        validators: anchored.validators.clone(),
        oversize: oversize(&envelope).map_err(|error| AdapterError::Configuration(error.to_string()))?,
        bytes,
    })
}

/// The channel and the envelope of a config block.
fn configuration(block: &Block) -> Result<(String, Vec<u8>), AdapterError> {
    let wrong = |detail: String| {
        AdapterError::Configuration(format!("block {}: expected a config block: {detail}", number(block)))
    };
    let data = block.data.as_ref().map(|data| data.data.as_slice()).unwrap_or_default();
    let [envelope] = data else { return Err(wrong(format!("it holds {} envelopes", data.len()))) };
    if !content::is_configuration(block) {
        return Err(wrong("it holds a transaction".into()));
    }
    let malformed = |error: prost::DecodeError| wrong(error.to_string());
    let opened = Envelope::decode(envelope.as_slice()).map_err(malformed)?;
    let payload = Payload::decode(opened.payload.as_slice()).map_err(malformed)?;
    let header = payload.header.unwrap_or_default().channel_header;
    let header = ChannelHeader::decode(header.as_slice()).map_err(malformed)?;
    Ok((header.channel_id, envelope.clone()))
}

/// What a configuration says of the size of blocks, if that is more than evidence holds.
fn oversize(envelope: &[u8]) -> Result<Option<Oversize>, prost::DecodeError> {
    let payload = Payload::decode(Envelope::decode(envelope)?.payload.as_slice())?;
    let config = ConfigEnvelope::decode(payload.data.as_slice())?.config.unwrap_or_default();
    let root = config.channel_group.unwrap_or_default();
    let Some(value) = root.groups.get("Orderer").and_then(|orderer| orderer.values.get("BatchSize")) else {
        return Ok(None);
    };
    let came = BatchSize::decode(value.value.as_slice())?.absolute_max_bytes;
    Ok((came as usize > LARGEST).then_some(Oversize { came }))
}

/// The number of the config block in force at a block.
fn last_config(block: &Block) -> Result<u64, AdapterError> {
    let height = number(block);
    if height == 0 {
        return Ok(0); // nobody signs it
    }
    let slot = block.metadata.as_ref().and_then(|metadata| metadata.metadata.first());
    let signed = slot.and_then(|slot| Metadata::decode(slot.as_slice()).ok());
    let signed = signed.and_then(|signed| OrdererBlockMetadata::decode(signed.value.as_slice()).ok());
    let missing = || AdapterError::Unprovable { height, detail: "it names no config block".into() };
    signed.and_then(|signed| signed.last_config).map(|last| last.index).ok_or_else(missing)
}

async fn one_block(peers: &Peers, height: u64) -> Result<Block, AdapterError> {
    let missing = || AdapterError::Unprovable { height, detail: "no peer has the block".into() };
    peers.blocks(height, height, usize::MAX).await?.pop().ok_or_else(missing)
}

/// The definition of a chaincode in force at a block: the last one committed up to there. A definition may name its policy
/// only where that changes, so blocks are read back to the first one.
async fn definition_at(
    peers: &Peers,
    height: u64,
    chaincode: &str,
) -> Result<Option<Definition>, AdapterError> {
    let mut known = None;
    let mut start = 0;
    while start <= height {
        let end = height.min(start + CHUNK - 1);
        let blocks = peers.blocks(start, end, usize::MAX).await?;
        if blocks.is_empty() {
            return Err(AdapterError::Unprovable { height: start, detail: "no peer has the block".into() });
        }
        start += blocks.len() as u64;
        known = blocks.iter().fold(known, |known, block| content::definition(block, chaincode, known));
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use causeway_verifier::fabric::proto::{Config, ConfigGroup, ConfigValue};

    use super::*;

    /// A config block's envelope of a channel whose orderers make blocks of at most so many bytes.
    fn configured(absolute_max_bytes: u32) -> Vec<u8> {
        let size = BatchSize { absolute_max_bytes, ..BatchSize::default() };
        let value = ConfigValue { value: size.encode_to_vec(), ..ConfigValue::default() };
        let orderer =
            ConfigGroup { values: [("BatchSize".to_owned(), value)].into(), ..ConfigGroup::default() };
        let root = ConfigGroup { groups: [("Orderer".to_owned(), orderer)].into(), ..ConfigGroup::default() };
        let config = Config { sequence: 0, channel_group: Some(root) };
        let config = ConfigEnvelope { config: Some(config), last_update: None };
        let payload = Payload { header: None, data: config.encode_to_vec() };
        Envelope { payload: payload.encode_to_vec(), signature: Vec::new() }.encode_to_vec()
    }

    #[test]
    fn a_channel_whose_blocks_may_be_larger_than_evidence_is_named() {
        assert_eq!(oversize(&configured(7 << 20)), Ok(None));
        let found = oversize(&configured((7 << 20) + 1)).unwrap().unwrap();
        assert!(found.to_string().contains("AbsoluteMaxBytes is 7340033"), "{found}");
    }
}
