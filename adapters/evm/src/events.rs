//! Which blocks and receipts hold events of a gateway.

use alloy_primitives::{B256, Bloom, BloomInput};
use causeway_adapter::GatewayStanding;
use causeway_evm_gateway::Gateway;
use causeway_protocol::{DecodeError, Reader};

use crate::rpc::JsonReceipt;

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

/// The indices of the receipts with at least one event of one of `gateways`: what evidence has to prove, and no more.
pub(crate) fn with_events(receipts: &[JsonReceipt], gateways: &[GatewayStanding]) -> Vec<u64> {
    let of_gateway = |receipt: &JsonReceipt| {
        receipt.succeeded()
            && receipt.logs.iter().any(|log| {
                let emitter = |gateway: &GatewayStanding| {
                    log.address.as_slice() == gateway.address
                        && log.topics.get(2) == Some(&B256::from(gateway.id.0))
                };
                log.topics.first().is_some_and(is_gateway_event) && gateways.iter().any(emitter)
            })
    };
    (0u64..).zip(receipts).filter(|(_, receipt)| of_gateway(receipt)).map(|(index, _)| index).collect()
}

fn is_gateway_event(topic: &B256) -> bool {
    Gateway::GatewayEvents::SELECTORS.contains(&topic.0)
}
