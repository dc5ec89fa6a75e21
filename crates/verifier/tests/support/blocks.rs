//! Real Fabric blocks of the outside vectors.

use std::path::PathBuf;

use causeway_verifier::fabric::proto::{Block, ChannelHeader, Envelope, Payload};
use prost::Message;

/// The block `name`, or `None` when the vectors are not there: then the caller's test says so and is skipped, unless
/// CAUSEWAY_REQUIRE_VECTORS=1 demands them.
pub(crate) fn block(name: &str) -> Option<Block> {
    let root = std::env::var_os("CAUSEWAY_VECTORS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors")),
        PathBuf::from,
    );
    let path = root.join(name);
    let Ok(bytes) = std::fs::read(&path) else {
        let required = std::env::var("CAUSEWAY_REQUIRE_VECTORS").is_ok_and(|value| value == "1");
        assert!(!required, "vectors are required, and {} is missing", path.display());
        println!("skipped: {} is not there", path.display());
        return None;
    };
    Some(Block::decode(&bytes[..]).expect("a block"))
}

/// The channel and the payload's data of a block's first envelope: of a config block, a `ConfigEnvelope`.
pub(crate) fn first_payload(block: &Block) -> (ChannelHeader, Vec<u8>) {
    let data = block.data.as_ref().expect("data");
    let envelope = Envelope::decode(&data.data[0][..]).expect("an envelope");
    let payload = Payload::decode(&envelope.payload[..]).expect("a payload");
    let header = payload.header.expect("a header");
    (ChannelHeader::decode(&header.channel_header[..]).expect("a channel header"), payload.data)
}
