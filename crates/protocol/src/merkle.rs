//! A tree of RFC 6962's shape over leaves, hashed with keccak-256.
//!
//! `node(leaf) = H(0x00 ‖ leaf)` and `node(l, r) = H(0x01 ‖ l ‖ r)` with one-byte prefixes, so a leaf can never be read as a
//! node. A list of n > 1 leaves splits at the largest power of two below n.

use crate::Hash;
use crate::hash::Hasher;

/// A complete tree over leaves, able to prove each of them.
pub struct Tree {
    leaves: Vec<Hash>,
}

/// A path that does not lead from a leaf to a root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MerkleError {
    /// The index lies outside the tree.
    #[error("leaf index {index} in a tree of {count} leaves")]
    Index {
        /// The index that came.
        index: u32,
        /// The size of the tree that came.
        count: u32,
    },
    /// The path is longer or shorter than index and count imply.
    #[error("a path of {came} nodes where index and count imply {expected}")]
    Length {
        /// What index and count imply.
        expected: usize,
        /// What came.
        came: usize,
    },
}

fn leaf_node(leaf: &Hash) -> Hash {
    Hasher::new().bytes(&[0]).word(*leaf).finish()
}

fn inner_node(left: Hash, right: Hash) -> Hash {
    Hasher::new().bytes(&[1]).word(left).word(right).finish()
}

/// Where a list of `count` > 1 leaves splits: the largest power of two below it.
fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

fn root_of(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::ZERO,
        [leaf] => leaf_node(leaf),
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            inner_node(root_of(left), root_of(right))
        }
    }
}

fn path_of(leaves: &[Hash], index: usize, path: &mut Vec<Hash>) {
    if leaves.len() <= 1 {
        return;
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if index < left.len() {
        path_of(left, index, path);
        path.push(root_of(right));
    } else {
        path_of(right, index - left.len(), path);
        path.push(root_of(left));
    }
}

impl Tree {
    /// A tree over `leaves`.
    pub fn new(leaves: Vec<Hash>) -> Self {
        Self { leaves }
    }

    /// The root; zero for a tree without leaves, which nobody signs.
    pub fn root(&self) -> Hash {
        root_of(&self.leaves)
    }

    /// The path of the leaf at `index`, from the leaf upwards; nothing if there is no such leaf.
    pub fn path(&self, index: usize) -> Option<Vec<Hash>> {
        if index >= self.leaves.len() {
            return None;
        }
        let mut path = Vec::new();
        path_of(&self.leaves, index, &mut path);
        Some(path)
    }

    /// The root that `leaf` at `index` of `count` leaves and `path` imply. The path has to be exactly as long as index
    /// and count imply.
    pub fn implied_root(leaf: Hash, index: u32, count: u32, path: &[Hash]) -> Result<Hash, MerkleError> {
        if index >= count {
            return Err(MerkleError::Index { index, count });
        }
        // Iterative form of RFC 9162, 2.1.3.2: walk up while the leaf's index and the last index shrink together.
        let (mut at, mut last) = (index, count - 1);
        let mut node = leaf_node(&leaf);
        let mut rest = path.iter();
        let mut used = 0;
        while last > 0 {
            if at % 2 == 1 || at < last {
                let Some(sibling) = rest.next() else {
                    return Err(MerkleError::Length {
                        expected: path_length(index, count),
                        came: path.len(),
                    });
                };
                used += 1;
                node = if at % 2 == 1 { inner_node(*sibling, node) } else { inner_node(node, *sibling) };
            }
            at /= 2;
            last /= 2;
        }
        if used != path.len() {
            return Err(MerkleError::Length { expected: used, came: path.len() });
        }
        Ok(node)
    }
}

fn path_length(index: u32, count: u32) -> usize {
    let (mut at, mut last, mut length) = (index, count - 1, 0);
    while last > 0 {
        length += usize::from(at % 2 == 1 || at < last);
        at /= 2;
        last /= 2;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|i| crate::keccak256(&i.to_be_bytes())).collect()
    }

    proptest! {
        #[test]
        fn every_leaf_is_proven_and_only_at_its_place(count in 1usize..200, pick in any::<prop::sample::Index>()) {
            let leaves = leaves(count);
            let index = pick.index(count);
            let tree = Tree::new(leaves.clone());
            let path = tree.path(index).unwrap();
            let (at, of) = (u32::try_from(index).unwrap(), u32::try_from(count).unwrap());
            prop_assert_eq!(Tree::implied_root(leaves[index], at, of, &path).unwrap(), tree.root());
            let other = (at + 1) % of;
            if other != at {
                let implied = Tree::implied_root(leaves[index], other, of, &path);
                prop_assert!(implied != Ok(tree.root()));
            }
            let mut longer = path.clone();
            longer.push(Hash::ZERO);
            prop_assert!(Tree::implied_root(leaves[index], at, of, &longer).is_err());
            if !path.is_empty() {
                prop_assert!(Tree::implied_root(leaves[index], at, of, &path[1..]).is_err());
            }
        }
    }

    #[test]
    fn case_12_an_index_outside_the_tree_is_refused() {
        let refused = Tree::implied_root(Hash::ZERO, 3, 3, &[]);
        assert_eq!(refused, Err(MerkleError::Index { index: 3, count: 3 }));
    }

    #[test]
    fn case_13_a_node_cannot_pass_for_a_leaf() {
        let tree = Tree::new(leaves(2));
        let as_leaf = Tree::new(vec![tree.root()]);
        assert_ne!(as_leaf.root(), tree.root());
    }
}
