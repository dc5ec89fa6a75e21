//! Every block since genesis, in memory: a devnet lives as long as its process.

use std::collections::HashMap;
use std::sync::Arc;

use alloy_primitives::B256;

use crate::block::Block;
use crate::state::{Ancestors, View};

/// How many ancestors' hashes the EVM can ask for.
const ANCESTORS: usize = 256;

/// Where a transaction is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    pub(crate) block: u64,
    pub(crate) index: usize,
}

/// The chain's blocks, by height, by hash, and by the transactions in them. There is always a genesis block.
#[derive(Debug, Clone)]
pub(crate) struct History {
    blocks: Vec<Arc<Block>>,
    by_hash: HashMap<B256, u64>,
    transactions: HashMap<B256, Position>,
}

impl History {
    pub(crate) fn new(genesis: Arc<Block>) -> Self {
        let by_hash = HashMap::from([(genesis.hash, 0)]);
        Self { blocks: vec![genesis], by_hash, transactions: HashMap::new() }
    }

    /// The same chain, up to block `height` and no further.
    pub(crate) fn until(&self, height: u64) -> Self {
        let mut blocks = self.blocks.iter().take_while(|block| block.header.number <= height).cloned();
        let mut history = Self::new(blocks.next().unwrap_or_else(|| self.blocks[0].clone()));
        blocks.for_each(|block| history.push(block));
        history
    }

    pub(crate) fn head(&self) -> &Arc<Block> {
        &self.blocks[self.blocks.len() - 1]
    }

    pub(crate) fn block(&self, number: u64) -> Option<&Arc<Block>> {
        self.blocks.get(usize::try_from(number).ok()?)
    }

    pub(crate) fn by_hash(&self, hash: &B256) -> Option<&Arc<Block>> {
        self.block(*self.by_hash.get(hash)?)
    }

    pub(crate) fn transaction(&self, hash: &B256) -> Option<Position> {
        self.transactions.get(hash).copied()
    }

    /// Appends the block after the head.
    pub(crate) fn push(&mut self, block: Arc<Block>) {
        let number = block.header.number;
        self.by_hash.insert(block.hash, number);
        for (index, transaction) in block.transactions.iter().enumerate() {
            self.transactions.insert(transaction.hash, Position { block: number, index });
        }
        self.blocks.push(block);
    }

    /// What code sees that runs after block `number`, which exists.
    pub(crate) fn view_after(&self, block: &Block) -> View {
        let end = usize::try_from(block.header.number).map_or(0, |number| number + 1).min(self.blocks.len());
        let start = end.saturating_sub(ANCESTORS);
        let hashes = self.blocks[start..end].iter().map(|block| block.hash).collect();
        View { state: block.state.clone(), ancestors: Ancestors { first: start as u64, hashes } }
    }
}
