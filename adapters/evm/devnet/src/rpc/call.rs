//! `eth_call` and `eth_estimateGas`: running code without a trace.

use alloy_primitives::U256;
use serde_json::Value;

use super::answer;
use super::envelope::RpcError;
use super::methods::Node;
use super::params;
use crate::block::Block;
use crate::evm::{BlockContext, Call, CallError};

impl From<CallError> for RpcError {
    fn from(error: CallError) -> Self {
        let message = error.to_string();
        match error {
            CallError::Reverted(output) => Self::reverted(message, answer::data(output)),
            _ => Self::server(message),
        }
    }
}

fn read(value: &Value) -> Result<Call, RpcError> {
    let Value::Object(object) = value else {
        return Err(RpcError::params("expected a transaction object"));
    };
    let get = |name: &str| object.get(name).unwrap_or(&Value::Null);
    let (input, data) = (
        params::optional(get("input"), "input", params::data)?,
        params::optional(get("data"), "data", params::data)?,
    );
    if input.is_some() && data.is_some() && input != data {
        return Err(RpcError::params("both data and input are set and not equal"));
    }
    let max_fee = params::optional(get("maxFeePerGas"), "maxFeePerGas", params::price)?;
    let gas_price = params::optional(get("gasPrice"), "gasPrice", params::price)?;
    Ok(Call {
        from: params::optional(get("from"), "from", params::address)?.unwrap_or_default(),
        to: params::optional(get("to"), "to", params::address)?,
        gas: params::optional(get("gas"), "gas", params::number)?,
        gas_price: gas_price.or(max_fee).unwrap_or(0),
        value: params::optional(get("value"), "value", params::word)?.unwrap_or(U256::ZERO),
        data: input.or(data).unwrap_or_default(),
    })
}

/// The block that a call on top of `block` sees: that one, as geth has it.
fn context(block: &Block) -> BlockContext {
    let header = &block.header;
    BlockContext { number: header.number, timestamp: header.timestamp, beneficiary: header.beneficiary }
}

/// The output of a call on the state after `block`.
pub(super) fn output(node: &Node<'_>, call: &Value, block: &Block) -> Result<Value, RpcError> {
    let view = node.chain.read(|history| history.view_after(block));
    Ok(answer::data(read(call)?.output(&node.chain.rules, context(block), view)?))
}

/// The gas limit that a call on the state after `block` needs. It sees the time at which the next block would be made.
pub(super) fn estimate(node: &Node<'_>, call: &Value, block: &Block) -> Result<Value, RpcError> {
    let view = node.chain.read(|history| history.view_after(block));
    let mut context = context(block);
    context.number += 1;
    context.timestamp = context.timestamp.max(node.chain.clock.now());
    Ok(answer::quantity(read(call)?.estimate(&node.chain.rules, context, view)?))
}
