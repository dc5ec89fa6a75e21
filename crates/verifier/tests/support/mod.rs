//! Captured chains, read from the folder of outside vectors.
#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(clippy::unwrap_used, reason = "tests may panic, these are their parts")]

pub(crate) mod chain;

use std::path::PathBuf;

use causeway_verifier::bft::HeaderFields;
use serde_json::Value;

/// The JSON file `name` of the outside vectors, or `None` when they are not there: then the caller's test says so and is
/// skipped, unless CAUSEWAY_REQUIRE_VECTORS=1 demands them.
pub(crate) fn vectors(name: &str) -> Option<Value> {
    let root = std::env::var_os("CAUSEWAY_VECTORS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors")),
        PathBuf::from,
    );
    let path = root.join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        let required = std::env::var("CAUSEWAY_REQUIRE_VECTORS").is_ok_and(|value| value == "1");
        assert!(!required, "vectors are required, and {} is missing", path.display());
        println!("skipped: {} is not there", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("vectors are JSON"))
}

/// The bytes of a hex string, with or without `0x`.
pub(crate) fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("a hex string");
    let digits = text.strip_prefix("0x").unwrap_or(text);
    const_hex::decode(digits).expect("hex digits")
}

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
