//! Headers out of `eth_getBlockByNumber` answers.

use causeway_verifier::bft::HeaderFields;
use serde_json::Value;

use super::field::{FieldError, address, at, bytes, fixed, quantity, word};

/// The fields of a block's header.
pub(crate) fn read(block: &Value) -> Result<HeaderFields, FieldError> {
    let required = |name: &'static str| word(at(block, name)?, name);
    let uint = |name: &'static str| quantity(at(block, name)?, name);
    let later_word = |name: &'static str| later(block, name).map(|value| word(value, name)).transpose();
    let later_uint = |name: &'static str| later(block, name).map(|value| quantity(value, name)).transpose();
    Ok(HeaderFields {
        parent: required("parentHash")?,
        ommers: required("sha3Uncles")?,
        coinbase: address(at(block, "miner")?, "miner")?,
        state_root: required("stateRoot")?,
        transactions_root: required("transactionsRoot")?,
        receipts_root: required("receiptsRoot")?,
        logs_bloom: bytes(at(block, "logsBloom")?, "logsBloom")?,
        difficulty: uint("difficulty")?,
        number: uint("number")?,
        gas_limit: uint("gasLimit")?,
        gas_used: uint("gasUsed")?,
        time: uint("timestamp")?,
        extra: bytes(at(block, "extraData")?, "extraData")?,
        mix_hash: required("mixHash")?,
        nonce: fixed(at(block, "nonce")?, "nonce")?,
        base_fee: later_uint("baseFeePerGas")?,
        withdrawals_root: later_word("withdrawalsRoot")?,
        blob_gas_used: later_uint("blobGasUsed")?,
        excess_blob_gas: later_uint("excessBlobGas")?,
        parent_beacon_root: later_word("parentBeaconBlockRoot")?,
        requests_hash: later_word("requestsHash")?,
        block_access_list_hash: later_word("blockAccessListHash")?,
        slot_number: later_uint("slotNumber")?,
    })
}

/// A field of a later fork: absent or null before it.
fn later<'a>(block: &'a Value, name: &str) -> Option<&'a Value> {
    block.get(name).filter(|value| !value.is_null())
}
