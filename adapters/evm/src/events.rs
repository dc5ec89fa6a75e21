//! Which blocks and receipts hold events of a gateway.

use alloy_primitives::{B256, Bloom, BloomInput, U256};
use causeway_adapter::GatewayStanding;
use causeway_evm_gateway::Gateway;
use causeway_protocol::{DecodeError, GatewayId, Reader};

use crate::rpc::{JsonLog, JsonReceipt};

/// Where the bloom filter stands among a header's items.
const BLOOM_ITEM: usize = 6;

/// Whether the block may hold an event of one of `gateways`, by the bloom filter in its header.
///
/// The header's hash covers the filter, so a node that leaves out logs or receipts hides nothing. A filter may say yes
/// where there is nothing, never no where there is something.
pub(crate) fn may_hold_events(header: &[u8], gateways: &[GatewayStanding]) -> Result<bool, DecodeError> {
    let mut items = Reader::sole("header", header)?;
    for _ in 0..BLOOM_ITEM {
        items.raw("header item")?;
    }
    let bloom = Bloom::from(items.array::<256>("logsBloom")?);
    let holds = |bytes: &[u8]| bloom.contains_input(BloomInput::Raw(bytes));
    Ok(gateways.iter().any(|gateway| holds(&gateway.address) && holds(&gateway.id.0)))
}

/// The gateway events in a receipt: which gateway's, and their numbers.
pub(crate) fn events_of(receipt: &JsonReceipt, gateways: &[GatewayStanding]) -> Vec<(GatewayId, u64)> {
    if !receipt.succeeded() {
        return Vec::new();
    }
    let event = |log: &JsonLog| {
        log.topics.first().filter(|topic| is_gateway_event(topic))?;
        let emitter = |gateway: &&GatewayStanding| {
            log.address.as_slice() == gateway.address && log.topics.get(2) == Some(&B256::from(gateway.id.0))
        };
        let gateway = gateways.iter().find(emitter)?;
        Some((gateway.id, u64::try_from(U256::from_be_bytes(log.topics[1].0)).unwrap_or(u64::MAX)))
    };
    receipt.logs.iter().filter_map(event).collect()
}

fn is_gateway_event(topic: &B256) -> bool {
    Gateway::GatewayEvents::SELECTORS.contains(&topic.0)
}
