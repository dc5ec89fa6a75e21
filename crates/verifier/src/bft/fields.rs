//! Headers written from their fields: for nodes that serve JSON only, and for chains that make blocks.

use causeway_protocol::{Address, Hash, Writer};

use super::{BFT_DIFFICULTY, BFT_MIX_HASH, EMPTY_OMMERS};

/// A header's fields. The optional ones came with later forks: the first that is `None` ends the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderFields {
    /// Hash of the block before.
    pub parent: Hash,
    /// Hash of the list of ommers.
    pub ommers: Hash,
    /// Item 2; the proposer in QBFT and IBFT 2.0.
    pub coinbase: Address,
    /// Root of the state after the block.
    pub state_root: Hash,
    /// Root of the block's transactions.
    pub transactions_root: Hash,
    /// Root of the block's receipts.
    pub receipts_root: Hash,
    /// Bloom filter of the block's logs, 256 bytes.
    pub logs_bloom: Vec<u8>,
    /// Difficulty.
    pub difficulty: u64,
    /// Height.
    pub number: u64,
    /// Gas that the block may use.
    pub gas_limit: u64,
    /// Gas that the block used.
    pub gas_used: u64,
    /// Unix seconds.
    pub time: u64,
    /// `extraData`, encoded.
    pub extra: Vec<u8>,
    /// `mixHash`.
    pub mix_hash: Hash,
    /// `nonce`, eight raw bytes.
    pub nonce: [u8; 8],
    /// London: wei per gas.
    pub base_fee: Option<u64>,
    /// Shanghai.
    pub withdrawals_root: Option<Hash>,
    /// Cancun.
    pub blob_gas_used: Option<u64>,
    /// Cancun.
    pub excess_blob_gas: Option<u64>,
    /// Cancun.
    pub parent_beacon_root: Option<Hash>,
    /// Prague.
    pub requests_hash: Option<Hash>,
    /// The fork after Prague.
    pub block_access_list_hash: Option<Hash>,
    /// The fork after Prague.
    pub slot_number: Option<u64>,
}

impl Default for HeaderFields {
    /// A BFT header of 15 fields with nothing in it.
    fn default() -> Self {
        Self {
            parent: Hash::ZERO,
            ommers: EMPTY_OMMERS,
            coinbase: Address::ZERO,
            state_root: Hash::ZERO,
            transactions_root: Hash::ZERO,
            receipts_root: Hash::ZERO,
            logs_bloom: vec![0; 256],
            difficulty: BFT_DIFFICULTY,
            number: 0,
            gas_limit: 0,
            gas_used: 0,
            time: 0,
            extra: Vec::new(),
            mix_hash: BFT_MIX_HASH,
            nonce: [0; 8],
            base_fee: None,
            withdrawals_root: None,
            blob_gas_used: None,
            excess_blob_gas: None,
            parent_beacon_root: None,
            requests_hash: None,
            block_access_list_hash: None,
            slot_number: None,
        }
    }
}

/// A field of a later fork.
enum Tail<'a> {
    Uint(Option<u64>),
    Word(&'a Option<Hash>),
}

impl HeaderFields {
    /// The header's RLP.
    pub fn encode(&self) -> Vec<u8> {
        let mut header = Writer::new()
            .bytes(&self.parent.0)
            .bytes(&self.ommers.0)
            .bytes(&self.coinbase.0)
            .bytes(&self.state_root.0)
            .bytes(&self.transactions_root.0)
            .bytes(&self.receipts_root.0)
            .bytes(&self.logs_bloom)
            .uint(self.difficulty)
            .uint(self.number)
            .uint(self.gas_limit)
            .uint(self.gas_used)
            .uint(self.time)
            .bytes(&self.extra)
            .bytes(&self.mix_hash.0)
            .bytes(&self.nonce);
        let tail = [
            Tail::Uint(self.base_fee),
            Tail::Word(&self.withdrawals_root),
            Tail::Uint(self.blob_gas_used),
            Tail::Uint(self.excess_blob_gas),
            Tail::Word(&self.parent_beacon_root),
            Tail::Word(&self.requests_hash),
            Tail::Word(&self.block_access_list_hash),
            Tail::Uint(self.slot_number),
        ];
        for field in tail {
            header = match field {
                Tail::Uint(Some(value)) => header.uint(value),
                Tail::Word(Some(word)) => header.bytes(&word.0),
                Tail::Uint(None) | Tail::Word(None) => break,
            };
        }
        header.finish()
    }
}
