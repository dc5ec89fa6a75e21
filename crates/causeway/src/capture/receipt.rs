//! Receipts out of `eth_getTransactionReceipt` answers, as they stand in the receipts trie.

use causeway_protocol::Hash;
use causeway_verifier::evm::{Log, encode_receipt};
use serde_json::Value;

use super::field::{FieldError, address, at, bytes, list, quantity, word};

/// Where a receipt has to say it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The block's hash.
    pub(crate) block: Hash,
    /// The block's height.
    pub(crate) height: u64,
    /// The transaction's hash, if the block lists it.
    pub(crate) transaction: Option<Hash>,
    /// Its index.
    pub(crate) index: u64,
    /// Logs of the block before it.
    pub(crate) logs_before: u64,
    /// Gas that the transactions before it used.
    pub(crate) gas_before: u64,
}

/// One receipt as it stands in the trie, with what the next one has to know.
pub(crate) struct TrieReceipt {
    /// Its value in the trie.
    pub(crate) bytes: Vec<u8>,
    /// How many logs it has.
    pub(crate) logs: u64,
    /// Gas that it and the transactions before it used.
    pub(crate) gas: u64,
}

/// Reads one receipt, which has to stand at `place`.
pub(crate) fn read(receipt: &Value, place: Place) -> Result<TrieReceipt, FieldError> {
    stands_at(receipt, place)?;
    let entries = list(at(receipt, "logs")?, "logs")?;
    let data = entries.iter().map(|log| bytes(at(log, "data")?, "data")).collect::<Result<Vec<_>, _>>()?;
    let mut logs = Vec::with_capacity(entries.len());
    for ((log, data), index) in entries.iter().zip(&data).zip(place.logs_before..) {
        stands_at(log, place)?;
        same("logIndex", optional(log, "logIndex").map(|v| quantity(v, "logIndex")).transpose()?, index)?;
        let topics = list(at(log, "topics")?, "topics")?.iter().map(|topic| word(topic, "topics"));
        logs.push(Log {
            address: address(at(log, "address")?, "address")?,
            topics: topics.collect::<Result<_, _>>()?,
            data,
        });
    }
    let kind = optional(receipt, "type").map_or(Ok(0), |kind| quantity(kind, "type"))?;
    let kind = u8::try_from(kind).map_err(|_| FieldError {
        name: "type".into(),
        expected: "a transaction type below 256",
        came: kind.to_string(),
    })?;
    let status = quantity(at(receipt, "status")?, "status")?;
    if status > 1 {
        return Err(FieldError { name: "status".into(), expected: "0x0 or 0x1", came: status.to_string() });
    }
    let gas = quantity(at(receipt, "cumulativeGasUsed")?, "cumulativeGasUsed")?;
    let used = optional(receipt, "gasUsed").map(|used| quantity(used, "gasUsed")).transpose()?;
    same("gasUsed", used, gas.saturating_sub(place.gas_before))?;
    let bloom = bytes(at(receipt, "logsBloom")?, "logsBloom")?;
    let bytes = encode_receipt(kind, status == 1, gas, &bloom, &logs);
    Ok(TrieReceipt { bytes, logs: entries.len() as u64, gas })
}

/// What a receipt or a log says of where it stands has to be so, where it says it.
fn stands_at(value: &Value, place: Place) -> Result<(), FieldError> {
    let hash = |name: &str| optional(value, name).map(|found| word(found, name)).transpose();
    let uint = |name: &str| optional(value, name).map(|found| quantity(found, name)).transpose();
    same("blockHash", hash("blockHash")?, place.block)?;
    same("blockNumber", uint("blockNumber")?, place.height)?;
    same("transactionIndex", uint("transactionIndex")?, place.index)?;
    match place.transaction {
        Some(transaction) => same("transactionHash", hash("transactionHash")?, transaction),
        None => Ok(()),
    }
}

fn same<T: PartialEq + ToString>(name: &str, came: Option<T>, expected: T) -> Result<(), FieldError> {
    match came {
        Some(came) if came != expected => {
            Err(FieldError { name: name.to_owned(), expected: "what the block says", came: came.to_string() })
        }
        _ => Ok(()),
    }
}

fn optional<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).filter(|found| !found.is_null())
}
