//! The receipts trie of a block, and proofs out of it.

use alloy_trie::proof::ProofRetainer;
use alloy_trie::{EMPTY_ROOT_HASH, HashBuilder, Nibbles};
use causeway_protocol::Hash;

use crate::bft::ReceiptsProof;
use crate::evm::index_key;

/// A multiproof of receipts that owns its nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnedReceipts {
    /// Transaction indices, strictly ascending.
    pub indices: Vec<u64>,
    /// Nodes on the paths to their receipts, depth-first.
    pub nodes: Vec<Vec<u8>>,
}

impl OwnedReceipts {
    /// The proof as evidence takes it.
    pub fn as_proof(&self) -> ReceiptsProof<'_> {
        let nodes = self.nodes.iter().map(Vec::as_slice).collect();
        ReceiptsProof { indices: self.indices.clone(), nodes }
    }
}

/// Builds the trie of a whole block's receipts (each as it stands in the trie, in transaction order) and proves those of
/// `indices`, which may come in any order. Answers the root too: if it is not the header's, a receipt was not what the chain
/// has.
pub fn prove_block(receipts: &[Vec<u8>], indices: &[u64]) -> (Hash, OwnedReceipts) {
    if receipts.is_empty() {
        return (Hash(EMPTY_ROOT_HASH.0), OwnedReceipts::default());
    }
    let mut indices: Vec<u64> = indices
        .iter()
        .copied()
        .filter(|index| usize::try_from(*index).is_ok_and(|at| at < receipts.len()))
        .collect();
    indices.sort_unstable();
    indices.dedup();
    let targets = indices.iter().map(|index| Nibbles::unpack(index_key(*index))).collect();
    let mut builder = HashBuilder::default().with_proof_retainer(ProofRetainer::new(targets));
    let mut leaves: Vec<(Vec<u8>, &[u8])> =
        (0u64..).zip(receipts).map(|(index, receipt)| (index_key(index), receipt.as_slice())).collect();
    leaves.sort_unstable();
    for (key, receipt) in leaves {
        builder.add_leaf(Nibbles::unpack(key), receipt);
    }
    let root = Hash(builder.root().0);
    let nodes = builder.take_proof_nodes().into_nodes_sorted();
    let nodes = if indices.is_empty() {
        Vec::new()
    } else {
        nodes.into_iter().map(|(_, node)| node.to_vec()).collect()
    };
    (root, OwnedReceipts { indices, nodes })
}

/// The root of a block's receipts.
pub fn receipts_root(receipts: &[Vec<u8>]) -> Hash {
    prove_block(receipts, &[]).0
}
