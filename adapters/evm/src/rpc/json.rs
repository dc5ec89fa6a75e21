//! What nodes answer, as far as it is read here. Fields that some client leaves out are optional.

use alloy_primitives::{Address, B64, B256, Bloom, Bytes, U64, U256};
use causeway_protocol::Writer;
use serde::Deserialize;

/// A number as JSON-RPC wants it: `0x` and minimal hex.
pub(crate) fn hex_quantity(value: u64) -> String {
    format!("{value:#x}")
}

/// A block, without its transactions.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JsonBlock {
    pub(crate) hash: B256,
    parent_hash: B256,
    sha3_uncles: B256,
    miner: Address,
    state_root: B256,
    transactions_root: B256,
    receipts_root: B256,
    logs_bloom: Bloom,
    difficulty: U256,
    pub(crate) number: U64,
    pub(crate) gas_limit: U64,
    gas_used: U64,
    pub(crate) timestamp: U64,
    extra_data: Bytes,
    mix_hash: Option<B256>,
    nonce: Option<B64>,
    pub(crate) base_fee_per_gas: Option<U256>,
    withdrawals_root: Option<B256>,
    blob_gas_used: Option<U64>,
    excess_blob_gas: Option<U64>,
    parent_beacon_block_root: Option<B256>,
    requests_hash: Option<B256>,
}

impl JsonBlock {
    /// The header's RLP, put together from its fields. Only its hash can tell whether this is what the chain has: a field
    /// that a node leaves out, or one of a fork not known here, is missing in it.
    pub(crate) fn header_rlp(&self) -> Vec<u8> {
        let big = |list: Writer, value: U256| list.bytes(&value.to_be_bytes_trimmed_vec());
        let mut list = Writer::new();
        for root in [self.parent_hash, self.sha3_uncles] {
            list = list.bytes(root.as_slice());
        }
        list = list.bytes(self.miner.as_slice());
        for root in [self.state_root, self.transactions_root, self.receipts_root] {
            list = list.bytes(root.as_slice());
        }
        list = big(list.bytes(self.logs_bloom.as_slice()), self.difficulty)
            .uint(self.number.to())
            .uint(self.gas_limit.to())
            .uint(self.gas_used.to())
            .uint(self.timestamp.to())
            .bytes(&self.extra_data)
            .bytes(self.mix_hash.unwrap_or_default().as_slice())
            .bytes(self.nonce.unwrap_or_default().as_slice());
        if let Some(base_fee) = self.base_fee_per_gas {
            list = big(list, base_fee);
        }
        if let Some(root) = self.withdrawals_root {
            list = list.bytes(root.as_slice());
        }
        if let (Some(used), Some(excess), Some(root)) =
            (self.blob_gas_used, self.excess_blob_gas, self.parent_beacon_block_root)
        {
            list = list.uint(used.to()).uint(excess.to()).bytes(root.as_slice());
        }
        if let Some(hash) = self.requests_hash {
            list = list.bytes(hash.as_slice());
        }
        list.finish()
    }
}

/// A log.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JsonLog {
    pub(crate) address: Address,
    pub(crate) topics: Vec<B256>,
    data: Bytes,
}

/// A transaction's receipt.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JsonReceipt {
    pub(crate) block_number: U64,
    pub(crate) transaction_index: U64,
    pub(crate) contract_address: Option<Address>,
    pub(crate) status: Option<U64>,
    root: Option<Bytes>,
    pub(crate) gas_used: Option<U64>,
    cumulative_gas_used: U64,
    logs_bloom: Bloom,
    pub(crate) logs: Vec<JsonLog>,
    #[serde(rename = "type")]
    kind: Option<U64>,
}

impl JsonReceipt {
    /// Whether the transaction did what it should.
    pub(crate) fn succeeded(&self) -> bool {
        self.status == Some(U64::from(1))
    }

    /// The receipt as it stands in the block's trie. The trie's root tells whether it is right.
    pub(crate) fn trie_bytes(&self) -> Vec<u8> {
        let list = match (self.status, &self.root) {
            (Some(status), _) => Writer::new().uint(status.to()),
            (None, root) => Writer::new().bytes(root.as_ref().map_or(&[], |root| root)), // before Byzantium
        };
        let logs = Writer::new().each(&self.logs, |list, log| {
            let topics = Writer::new().each(&log.topics, |list, topic| list.bytes(topic.as_slice()));
            list.list(&Writer::new().bytes(log.address.as_slice()).list(&topics).bytes(&log.data))
        });
        let receipt = list.uint(self.cumulative_gas_used.to()).bytes(self.logs_bloom.as_slice()).list(&logs);
        match self.kind.map_or(0, |kind| kind.to::<u64>()) {
            0 => receipt.finish(),
            kind => receipt.versioned(u8::try_from(kind).unwrap_or(u8::MAX)), // type ‖ list
        }
    }
}

/// An answer of `eth_getProof`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JsonProof {
    pub(crate) account_proof: Vec<Bytes>,
    pub(crate) code_hash: B256,
    pub(crate) storage_proof: Vec<JsonStorageProof>,
}

/// One slot's proof.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct JsonStorageProof {
    pub(crate) value: U256,
    pub(crate) proof: Vec<Bytes>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_minimal_hex() {
        assert_eq!([hex_quantity(0), hex_quantity(255)], ["0x0", "0xff"]);
    }

    #[test]
    fn a_typed_receipt_is_its_type_and_the_list() {
        let receipt = |kind: &str| {
            let text = format!(
                r#"{{"blockNumber":"0x1","transactionIndex":"0x0","status":"0x0","cumulativeGasUsed":"0x5208",
                "logsBloom":"0x{}","logs":[]{kind}}}"#,
                "00".repeat(256),
            );
            serde_json::from_str::<JsonReceipt>(&text).unwrap()
        };
        let legacy = receipt("").trie_bytes();
        assert_eq!(receipt(r#","type":"0x0""#).trie_bytes(), legacy);
        assert_eq!(receipt(r#","type":"0x2""#).trie_bytes(), [&[2], &legacy[..]].concat());
        assert!(!receipt("").succeeded());
    }
}
