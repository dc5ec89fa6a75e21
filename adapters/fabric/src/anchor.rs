//! Trust anchors: a config block, and the chaincode definitions that were made before it.

use causeway_adapter::AdapterError;
use causeway_protocol::{Family, Hash, Writer};
use causeway_verifier::VERSION;
use causeway_verifier::fabric::proto::{
    Block, ChannelHeader, Envelope, HeaderType, Metadata, OrdererBlockMetadata, Payload,
};
use causeway_verifier::fabric::{Channel, config_of};
use prost::Message as _;

use crate::Peers;
use crate::evidence::block_hash;
use crate::peers::number;
use crate::plan::{Definition, committed_definitions};

/// Blocks read at once on the way back to a definition.
const CHUNK: u64 = 64;

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
}

/// Makes the trust anchor at the config block `height`, or at the newest config block. The gateways' definitions that were
/// committed up to there stand in it; later ones are proven as everything is.
pub async fn propose_anchor(
    peers: &Peers,
    height: Option<u64>,
    trusting_period: u64,
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
        if let Some(definition) = definition_at(peers, height, gateway).await? {
            definitions.push((gateway.clone(), definition));
        }
    }
    anchor_of(&block, &genesis, trusting_period, definitions)
}

/// Makes the trust anchor of a config block that came in a file, without definitions: of a channel where no gateway is
/// defined yet. `genesis` is block 0 of the same channel, the same block if that is the anchor. Both are serialised
/// `common.Block`s.
pub fn anchor_from_blocks(
    block: &[u8],
    genesis: &[u8],
    trusting_period: u64,
) -> Result<ProposedAnchor, AdapterError> {
    let decode = |what: &str, bytes: &[u8]| {
        Block::decode(bytes)
            .map_err(|error| AdapterError::Configuration(format!("{what}: expected a common.Block: {error}")))
    };
    let (block, genesis) = (decode("the config block", block)?, decode("block 0", genesis)?);
    anchor_of(&block, &genesis, trusting_period, Vec::new())
}

fn anchor_of(
    block: &Block,
    genesis: &Block,
    trusting_period: u64,
    mut definitions: Vec<(String, Definition)>,
) -> Result<ProposedAnchor, AdapterError> {
    let (channel, envelope, config) = configuration(block)?;
    let (genesis_channel, ..) = configuration(genesis)?;
    let wrong = |detail: String| AdapterError::Configuration(detail);
    if number(genesis) != 0 || genesis_channel != channel {
        let came = format!("block {} of channel {genesis_channel}", number(genesis));
        return Err(wrong(format!("expected block 0 of channel {channel}, got {came}")));
    }
    let roots = Channel::read(&config).map_err(|fault| wrong(fault.to_string()))?.roots();
    let header = block.header.clone().unwrap_or_default();
    definitions.sort_by(|(one, _), (other, _)| one.cmp(other));
    let definitions = Writer::new().each(&definitions, |out, (name, definition)| {
        let definition =
            Writer::new().bytes(name.as_bytes()).uint(definition.sequence).bytes(&definition.parameter);
        out.list(&definition)
    });
    let bytes = Writer::new()
        .bytes(Family::Fabric.to_string().as_bytes())
        .bytes(channel.as_bytes())
        .uint(header.number)
        .bytes(&header.previous_hash)
        .bytes(&envelope)
        .uint(trusting_period)
        .list(&definitions)
        .versioned(VERSION);
    Ok(ProposedAnchor {
        channel,
        fingerprint: block_hash(&genesis.header.clone().unwrap_or_default()),
        bytes,
        height: header.number,
        block: block_hash(&header),
        validators: roots.into_iter().map(|root| root.to_vec()).collect(),
    })
}

/// The channel, the envelope and the configuration of a config block.
fn configuration(block: &Block) -> Result<(String, Vec<u8>, Vec<u8>), AdapterError> {
    let wrong = |detail: String| {
        AdapterError::Configuration(format!("block {}: expected a config block: {detail}", number(block)))
    };
    let data = block.data.as_ref().map(|data| data.data.as_slice()).unwrap_or_default();
    let [envelope] = data else { return Err(wrong(format!("it holds {} envelopes", data.len()))) };
    let malformed = |error: prost::DecodeError| wrong(error.to_string());
    let opened = Envelope::decode(envelope.as_slice()).map_err(malformed)?;
    let payload = Payload::decode(opened.payload.as_slice()).map_err(malformed)?;
    let header = payload.header.unwrap_or_default().channel_header;
    let header = ChannelHeader::decode(header.as_slice()).map_err(malformed)?;
    if header.r#type != HeaderType::Config as i32 {
        return Err(wrong(format!("its envelope has type {}", header.r#type)));
    }
    let config = config_of(&payload.data).map_err(|fault| wrong(fault.to_string()))?;
    Ok((header.channel_id, envelope.clone(), config))
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

/// The definition of a chaincode in force at a block: the last one committed up to there.
async fn definition_at(
    peers: &Peers,
    height: u64,
    chaincode: &str,
) -> Result<Option<Definition>, AdapterError> {
    let mut end = height;
    loop {
        let start = end.saturating_sub(CHUNK - 1);
        let blocks = peers.blocks(start, end, usize::MAX).await?;
        if blocks.len() as u64 != end - start + 1 {
            let detail = format!("peers have {} of the blocks from {start}", blocks.len());
            return Err(AdapterError::Unprovable { height: end, detail });
        }
        let found = blocks.iter().rev().find_map(|block| committed_definitions(block, chaincode).pop());
        if found.is_some() || start == 0 {
            return Ok(found);
        }
        end = start - 1;
    }
}
