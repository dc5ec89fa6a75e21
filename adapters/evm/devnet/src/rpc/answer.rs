//! Blocks, transactions, receipts and logs as JSON-RPC shows them.

use alloy_consensus::Typed2718 as _;
use alloy_consensus::transaction::Transaction as _;
use alloy_primitives::{B256, Log, hex};
use serde_json::{Map, Value, json};

use crate::block::Block;
use crate::transaction::Transaction;

/// Bytes as 0x-hex.
pub(super) fn data(bytes: impl AsRef<[u8]>) -> Value {
    Value::String(hex::encode_prefixed(bytes))
}

/// An integer as 0x-hex without leading zeros.
pub(super) fn quantity(number: impl std::fmt::LowerHex) -> Value {
    Value::String(format!("{number:#x}"))
}

/// A block with its transactions' hashes, or the transactions themselves where `full`.
pub(super) fn block(block: &Block, full: bool) -> Value {
    let header = &block.header;
    let transactions: Vec<_> = block
        .transactions
        .iter()
        .enumerate()
        .map(|(index, one)| if full { transaction(one, Some((block, index))) } else { data(one.hash) })
        .collect();
    let mut answer = json!({
        "number": quantity(header.number),
        "hash": data(block.hash),
        "parentHash": data(header.parent_hash),
        "sha3Uncles": data(header.ommers_hash),
        "miner": data(header.beneficiary),
        "stateRoot": data(header.state_root),
        "transactionsRoot": data(header.transactions_root),
        "receiptsRoot": data(header.receipts_root),
        "logsBloom": data(header.logs_bloom),
        "difficulty": quantity(header.difficulty),
        "totalDifficulty": quantity(header.number + 1),
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "timestamp": quantity(header.timestamp),
        "extraData": data(&header.extra_data),
        "mixHash": data(header.mix_hash),
        "nonce": data(header.nonce),
        "size": quantity(block.raw().len()),
        "transactions": transactions,
        "uncles": [],
    });
    if let Some(base_fee) = header.base_fee_per_gas {
        answer["baseFeePerGas"] = quantity(base_fee);
    }
    if let Some(root) = header.withdrawals_root {
        answer["withdrawalsRoot"] = data(root);
        answer["withdrawals"] = json!([]);
    }
    answer
}

/// A transaction, and where it is, if in a block.
pub(super) fn transaction(transaction: &Transaction, place: Option<(&Block, usize)>) -> Value {
    let envelope = &transaction.envelope;
    let mut answer = Map::new();
    let mut put = |name: &str, value: Value| answer.insert(name.into(), value);
    put("hash", data(transaction.hash));
    put("type", quantity(envelope.ty()));
    put("nonce", quantity(envelope.nonce()));
    put("from", data(transaction.sender));
    put("to", envelope.to().map_or(Value::Null, data));
    put("value", quantity(envelope.value()));
    put("gas", quantity(envelope.gas_limit()));
    put("input", data(envelope.input()));
    put("chainId", envelope.chain_id().map_or(Value::Null, quantity));
    let base_fee = place.and_then(|(block, _)| block.header.base_fee_per_gas);
    put("gasPrice", quantity(transaction.price(base_fee)));
    if let Some(priority) = envelope.max_priority_fee_per_gas() {
        put("maxFeePerGas", quantity(envelope.max_fee_per_gas()));
        put("maxPriorityFeePerGas", quantity(priority));
    }
    if let Some(list) = envelope.access_list() {
        let items: Vec<_> = list
            .iter()
            .map(|item| {
                let keys: Vec<_> = item.storage_keys.iter().map(data).collect();
                json!({ "address": data(item.address), "storageKeys": keys })
            })
            .collect();
        put("accessList", Value::Array(items));
    }
    let signature = envelope.signature();
    put("r", quantity(signature.r()));
    put("s", quantity(signature.s()));
    let parity = u64::from(signature.v());
    if envelope.is_legacy() {
        // EIP-155: the chain id is in v.
        let v = envelope.chain_id().map_or(27, |id| 35 + 2 * u128::from(id)) + u128::from(parity);
        put("v", quantity(v));
    } else {
        put("v", quantity(parity));
        put("yParity", quantity(parity));
    }
    put("blockHash", place.map_or(Value::Null, |(block, _)| data(block.hash)));
    put("blockNumber", place.map_or(Value::Null, |(block, _)| quantity(block.header.number)));
    put("transactionIndex", place.map_or(Value::Null, |(_, index)| quantity(index)));
    Value::Object(answer)
}

/// The receipt of the transaction at `index`; `None` where the block has no such transaction.
pub(super) fn receipt(block: &Block, index: usize) -> Option<Value> {
    let (transaction, outcome) = (block.transactions.get(index)?, block.outcomes.get(index)?);
    let logs: Vec<_> = outcome
        .logs()
        .iter()
        .enumerate()
        .map(|(position, one)| log(block, index, transaction.hash, outcome.first_log + position, one))
        .collect();
    Some(json!({
        "transactionHash": data(transaction.hash),
        "transactionIndex": quantity(index),
        "blockHash": data(block.hash),
        "blockNumber": quantity(block.header.number),
        "from": data(transaction.sender),
        "to": transaction.envelope.to().map_or(Value::Null, data),
        "type": quantity(transaction.envelope.ty()),
        "status": quantity(u8::from(outcome.receipt.status())),
        "cumulativeGasUsed": quantity(outcome.receipt.cumulative_gas_used()),
        "gasUsed": quantity(outcome.gas_used),
        "effectiveGasPrice": quantity(outcome.gas_price),
        "contractAddress": outcome.created.map_or(Value::Null, data),
        "logsBloom": data(outcome.receipt.logs_bloom()),
        "logs": logs,
    }))
}

/// A log; `position` is its place among all logs of the block.
pub(super) fn log(block: &Block, index: usize, transaction: B256, position: usize, log: &Log) -> Value {
    let topics: Vec<_> = log.topics().iter().map(data).collect();
    json!({
        "address": data(log.address),
        "topics": topics,
        "data": data(&log.data.data),
        "blockNumber": quantity(block.header.number),
        "blockHash": data(block.hash),
        "transactionHash": data(transaction),
        "transactionIndex": quantity(index),
        "logIndex": quantity(position),
        "removed": false,
    })
}
