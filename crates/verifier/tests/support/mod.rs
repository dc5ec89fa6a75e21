//! Captured chains, read from the folder of outside vectors.
#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(clippy::unwrap_used, reason = "tests may panic, these are their parts")]

pub(crate) mod chain;
mod vectors;

use causeway_verifier::bft::HeaderFields;
use serde_json::Value;
pub(crate) use vectors::{hex, vectors};

/// Fixed-length bytes of a hex string.
pub(crate) fn fixed<const N: usize>(value: &Value) -> [u8; N] {
    hex(value).try_into().expect("the right length")
}

/// A JSON-RPC quantity.
pub(crate) fn quantity(value: &Value) -> u64 {
    let text = value.as_str().expect("a quantity");
    u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("a 64-bit quantity")
}

/// The header's RLP out of an `eth_getBlockByNumber` answer.
pub(crate) fn header_of(block: &Value) -> Vec<u8> {
    let word = |key: &str| block.get(key).map(|value| causeway_protocol::Hash(fixed(value)));
    let uint = |key: &str| block.get(key).map(quantity);
    let known = |key: &str| causeway_protocol::Hash(fixed(&block[key]));
    HeaderFields {
        parent: known("parentHash"),
        ommers: known("sha3Uncles"),
        coinbase: causeway_protocol::Address(fixed(&block["miner"])),
        state_root: known("stateRoot"),
        transactions_root: known("transactionsRoot"),
        receipts_root: known("receiptsRoot"),
        logs_bloom: hex(&block["logsBloom"]),
        difficulty: quantity(&block["difficulty"]),
        number: quantity(&block["number"]),
        gas_limit: quantity(&block["gasLimit"]),
        gas_used: quantity(&block["gasUsed"]),
        time: quantity(&block["timestamp"]),
        extra: hex(&block["extraData"]),
        mix_hash: known("mixHash"),
        nonce: fixed(&block["nonce"]),
        base_fee: uint("baseFeePerGas"),
        withdrawals_root: word("withdrawalsRoot"),
        blob_gas_used: uint("blobGasUsed"),
        excess_blob_gas: uint("excessBlobGas"),
        parent_beacon_root: word("parentBeaconBlockRoot"),
        requests_hash: word("requestsHash"),
        block_access_list_hash: None,
        slot_number: None,
    }
    .encode()
}
