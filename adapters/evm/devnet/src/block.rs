//! Blocks: a header that hashes to what validators seal, its transactions, their receipts, the state after them.

use std::sync::Arc;

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, Receipt, ReceiptEnvelope, TxType};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, B256, Bloom, Log, U256, b256};
use alloy_trie::EMPTY_ROOT_HASH;
use alloy_trie::root::ordered_trie_root_encoded;

use crate::key::Key;
use crate::rules::{Hardfork, Rules};
use crate::state::State;
use crate::transaction::Transaction;

/// The mix hash of every IBFT and QBFT header: "ctical byzantine fault tolerance".
pub(crate) const MIX_HASH: B256 = b256!("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365");

/// What came of one transaction.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) receipt: ReceiptEnvelope,
    pub(crate) gas_used: u64,
    /// Wei per gas that was paid.
    pub(crate) gas_price: u128,
    /// The contract a creation made, or would have made.
    pub(crate) created: Option<Address>,
    /// The position of the first log in the block.
    pub(crate) first_log: usize,
}

impl Outcome {
    /// The receipt's bytes in the receipts trie.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.receipt.encoded_2718()
    }

    pub(crate) fn logs(&self) -> &[Log] {
        self.receipt.logs()
    }
}

/// A sealed block and everything a node remembers of it.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) header: Header,
    /// The header as stored and served, seals included.
    pub(crate) raw_header: Vec<u8>,
    /// The block hash: what JSON-RPC calls `hash`, and the child's `parentHash`.
    pub(crate) hash: B256,
    pub(crate) transactions: Vec<Arc<Transaction>>,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) state: State,
    /// The validators of its height, whether they signed or not.
    pub(crate) validators: Vec<Key>,
}

impl Block {
    /// The block as nodes send it to each other: header, transactions, no ommers, and withdrawals where the fork
    /// has them.
    pub(crate) fn raw(&self) -> Vec<u8> {
        let mut transactions = Vec::new();
        for transaction in &self.transactions {
            transaction.envelope.network_encode(&mut transactions);
        }
        let mut payload = self.raw_header.clone();
        let list = |length| alloy_rlp::Header { list: true, payload_length: length };
        list(transactions.len()).encode(&mut payload);
        payload.extend_from_slice(&transactions);
        list(0).encode(&mut payload);
        if self.header.withdrawals_root.is_some() {
            list(0).encode(&mut payload);
        }
        let mut block = Vec::with_capacity(payload.len() + 5);
        list(payload.len()).encode(&mut block);
        block.extend_from_slice(&payload);
        block
    }
}

/// A block's content before it is sealed: everything but `extraData`, seals and whatever the protocol adds.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) header: Header,
    pub(crate) transactions: Vec<Arc<Transaction>>,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) state: State,
}

impl Draft {
    /// The genesis block's content.
    pub(crate) fn genesis(rules: &Rules, timestamp: u64, state: State) -> Self {
        let header = header(rules, 0, B256::ZERO, timestamp);
        Self::new(header, Vec::new(), Vec::new(), state)
    }

    /// A block's content: the header's roots, bloom and gas are those of the rest.
    pub(crate) fn new(
        mut header: Header,
        transactions: Vec<Arc<Transaction>>,
        outcomes: Vec<Outcome>,
        state: State,
    ) -> Self {
        let raw: Vec<_> = transactions.iter().map(|transaction| transaction.raw.clone()).collect();
        header.transactions_root = ordered_trie_root_encoded(&raw);
        let raw: Vec<_> = outcomes.iter().map(Outcome::raw).collect();
        header.receipts_root = ordered_trie_root_encoded(&raw);
        header.logs_bloom =
            outcomes.iter().fold(Bloom::ZERO, |bloom, outcome| bloom | *outcome.receipt.logs_bloom());
        header.gas_used = outcomes.last().map_or(0, |last| last.receipt.cumulative_gas_used());
        header.state_root = state.root();
        Self { header, transactions, outcomes, state }
    }
}

/// A header with its constants; roots, beneficiary and extraData come later.
pub(crate) fn header(rules: &Rules, number: u64, parent_hash: B256, timestamp: u64) -> Header {
    Header {
        parent_hash,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        difficulty: U256::from(1),
        number,
        gas_limit: rules.gas_limit,
        timestamp,
        mix_hash: MIX_HASH,
        base_fee_per_gas: rules.header_base_fee(),
        withdrawals_root: (rules.hardfork >= Hardfork::Shanghai).then_some(EMPTY_ROOT_HASH),
        ..Header::default()
    }
}

/// The receipt of a transaction of type `kind`.
pub(crate) fn receipt(kind: u8, success: bool, cumulative_gas_used: u64, logs: Vec<Log>) -> ReceiptEnvelope {
    let receipt = Receipt { status: success.into(), cumulative_gas_used, logs };
    let kind = match kind {
        1 => TxType::Eip2930,
        2 => TxType::Eip1559,
        _ => TxType::Legacy,
    };
    ReceiptEnvelope::from_typed(kind, receipt)
}
