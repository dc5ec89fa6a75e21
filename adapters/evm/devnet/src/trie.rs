//! A Merkle Patricia trie that remembers: every version of it stays readable.
//!
//! Nodes are shared between versions, so cloning a trie copies one pointer, a block's state costs only the
//! nodes the block changed, and `eth_getProof` or `eth_call` on an old block needs no replay. Keys are 32-byte
//! hashes, as in Ethereum's state and storage tries, so no value ever sits in a branch. The encoding of nodes
//! is alloy-trie's; that the roots are right is tested against its `HashBuilder`.

use std::sync::{Arc, OnceLock};

use alloy_primitives::B256;
use alloy_trie::nodes::{BranchNodeRef, ExtensionNodeRef, LeafNodeRef, RlpNode};
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles, TrieMask};

/// What a trie stores: a value that has one encoding.
pub(crate) trait Leaf: Clone {
    /// The value's bytes in the trie's leaf.
    fn encode(&self) -> Vec<u8>;
}

/// One version of a trie.
#[derive(Debug, Clone)]
pub(crate) struct Trie<V> {
    root: Link<V>,
}

type Link<V> = Option<Arc<Node<V>>>;

#[derive(Debug, Clone)]
struct Node<V> {
    kind: Kind<V>,
    /// How the parent refers to this node: its hash, or itself where shorter than 32 bytes. Computed once.
    reference: OnceLock<RlpNode>,
}

#[derive(Debug, Clone)]
enum Kind<V> {
    Leaf { path: Nibbles, value: V },
    Extension { path: Nibbles, child: Arc<Node<V>> },
    Branch(Box<[Link<V>; 16]>),
}

impl<V> Default for Trie<V> {
    fn default() -> Self {
        Self { root: None }
    }
}

impl<V: Leaf> Trie<V> {
    /// The trie's root hash; the well-known empty root where nothing is stored.
    pub(crate) fn root(&self) -> B256 {
        self.root.as_ref().map_or(EMPTY_ROOT_HASH, |node| {
            // A root is always hashed, even when its encoding is short.
            node.reference().as_hash().unwrap_or_else(|| alloy_primitives::keccak256(node.encode()))
        })
    }

    /// The value under `key`.
    pub(crate) fn get(&self, key: &B256) -> Option<&V> {
        let mut path = Nibbles::unpack(key);
        let mut node = self.root.as_deref()?;
        loop {
            match &node.kind {
                Kind::Leaf { path: rest, value } => return (*rest == path).then_some(value),
                Kind::Extension { path: shared, child } => {
                    if !path.starts_with(shared) {
                        return None;
                    }
                    path = path.slice(shared.len()..);
                    node = child;
                }
                Kind::Branch(children) => {
                    node = children[usize::from(path.first()?)].as_deref()?;
                    path = path.slice(1..);
                }
            }
        }
    }

    /// Stores `value` under `key`.
    pub(crate) fn insert(&mut self, key: &B256, value: V) {
        let path = Nibbles::unpack(key);
        match &mut self.root {
            Some(root) => insert(root, path, value),
            empty => *empty = Some(leaf(path, value)),
        }
    }

    /// Removes `key`; nothing happens where it is absent.
    pub(crate) fn remove(&mut self, key: &B256) {
        if self.get(key).is_some() {
            self.root = self.root.take().and_then(|node| removed(node, Nibbles::unpack(key)));
        }
    }

    /// The nodes from the root towards `key`: a proof of its value, or of its absence. Nodes that are embedded
    /// in their parent are left out, as geth does.
    pub(crate) fn proof(&self, key: &B256) -> Vec<Vec<u8>> {
        let mut path = Nibbles::unpack(key);
        let mut next = self.root.as_deref();
        let mut proof = Vec::new();
        while let Some(node) = next {
            if proof.is_empty() || node.reference().is_hash() {
                proof.push(node.encode());
            }
            next = match &node.kind {
                Kind::Leaf { .. } => None,
                Kind::Extension { path: shared, child } => {
                    let follows = path.starts_with(shared);
                    path = if follows { path.slice(shared.len()..) } else { path };
                    follows.then_some(&**child)
                }
                Kind::Branch(children) => {
                    let child = path.first().and_then(|nibble| children[usize::from(nibble)].as_deref());
                    path = path.slice(1..);
                    child
                }
            };
        }
        proof
    }
}

impl<V: Leaf> Node<V> {
    fn new(kind: Kind<V>) -> Arc<Self> {
        Arc::new(Self { kind, reference: OnceLock::new() })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        match &self.kind {
            Kind::Leaf { path, value } => {
                LeafNodeRef::new(path, &value.encode()).rlp(&mut out);
            }
            Kind::Extension { path, child } => {
                ExtensionNodeRef::new(path, child.reference().as_slice()).rlp(&mut out);
            }
            Kind::Branch(children) => {
                let stack: Vec<RlpNode> =
                    children.iter().flatten().map(|child| child.reference().clone()).collect();
                let mask = (0..16u16)
                    .filter(|&nibble| children[usize::from(nibble)].is_some())
                    .fold(0u16, |mask, nibble| mask | 1 << nibble);
                BranchNodeRef::new(&stack, TrieMask::new(mask)).rlp(&mut out);
            }
        }
        out
    }

    fn reference(&self) -> &RlpNode {
        self.reference.get_or_init(|| RlpNode::from_rlp(&self.encode()))
    }
}

fn leaf<V: Leaf>(path: Nibbles, value: V) -> Arc<Node<V>> {
    Node::new(Kind::Leaf { path, value })
}

/// `node`, reached through `prefix`: the prefix joins a leaf's or an extension's own path, and a branch gets
/// an extension in front.
fn behind<V: Leaf>(prefix: Nibbles, node: Arc<Node<V>>) -> Arc<Node<V>> {
    if prefix.is_empty() {
        return node;
    }
    match &node.kind {
        Kind::Leaf { path, value } => leaf(prefix.join(path), value.clone()),
        Kind::Extension { path, child } => {
            Node::new(Kind::Extension { path: prefix.join(path), child: child.clone() })
        }
        Kind::Branch(_) => Node::new(Kind::Extension { path: prefix, child: node }),
    }
}

/// A branch of two nodes, each with the whole path that leads to it; the paths differ.
fn fork<V: Leaf>(
    common: usize,
    one: (Nibbles, Arc<Node<V>>),
    other: (Nibbles, Arc<Node<V>>),
) -> Arc<Node<V>> {
    let mut children: [Link<V>; 16] = Default::default();
    let shared = one.0.slice(..common);
    for (path, node) in [one, other] {
        children[usize::from(path.get_unchecked(common))] = Some(behind(path.slice(common + 1..), node));
    }
    behind(shared, Node::new(Kind::Branch(Box::new(children))))
}

fn insert<V: Leaf>(link: &mut Arc<Node<V>>, path: Nibbles, value: V) {
    // Copies the node only where another version of the trie still uses it.
    let node = Arc::make_mut(link);
    node.reference.take();
    let (common, own, old) = match &mut node.kind {
        Kind::Branch(children) => {
            let rest = path.slice(1..);
            match &mut children[usize::from(path.get_unchecked(0))] {
                Some(child) => insert(child, rest, value),
                empty => *empty = Some(leaf(rest, value)),
            }
            return;
        }
        Kind::Leaf { path: own, value: old } => {
            if *own == path {
                *old = value;
                return;
            }
            (own.common_prefix_length(&path), *own, leaf(Nibbles::new(), old.clone()))
        }
        Kind::Extension { path: own, child } => {
            let common = own.common_prefix_length(&path);
            if common == own.len() {
                insert(child, path.slice(common..), value);
                return;
            }
            (common, *own, child.clone())
        }
    };
    *link = fork(common, (own, old), (path, leaf(Nibbles::new(), value)));
}

/// `node` without the value at `path`, which it holds; `None` where nothing else is left.
fn removed<V: Leaf>(mut node: Arc<Node<V>>, path: Nibbles) -> Link<V> {
    let inner = Arc::make_mut(&mut node);
    inner.reference.take();
    match &mut inner.kind {
        Kind::Leaf { .. } => None,
        Kind::Extension { path: own, child } => {
            removed(child.clone(), path.slice(own.len()..)).map(|below| behind(*own, below))
        }
        Kind::Branch(children) => {
            let nibble = usize::from(path.get_unchecked(0));
            children[nibble] = children[nibble].take().and_then(|child| removed(child, path.slice(1..)));
            let mut left = (0u8..16).filter(|&at| children[usize::from(at)].is_some());
            let (first, more) = (left.next()?, left.next().is_some());
            if more {
                return Some(node);
            }
            // A branch with one child is no branch: its nibble becomes part of the child's path.
            let only = children[usize::from(first)].take()?;
            Some(behind(Nibbles::from_nibbles([first]), only))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use alloy_primitives::keccak256;
    use alloy_trie::HashBuilder;
    use alloy_trie::proof::verify_proof;
    use proptest::prelude::*;

    use super::*;

    impl Leaf for Vec<u8> {
        fn encode(&self) -> Vec<u8> {
            self.clone()
        }
    }

    fn expected(content: &BTreeMap<B256, Vec<u8>>) -> B256 {
        let mut builder = HashBuilder::default();
        for (key, value) in content {
            builder.add_leaf(Nibbles::unpack(key), value);
        }
        builder.root()
    }

    /// Keys that share long prefixes, so that extensions are split and merged.
    fn key(seed: u16) -> B256 {
        let mut key = keccak256((seed >> 4).to_be_bytes());
        key[31] = (seed & 0xf) as u8;
        key
    }

    #[test]
    fn an_empty_trie_has_the_well_known_root() {
        assert_eq!(Trie::<Vec<u8>>::default().root(), EMPTY_ROOT_HASH);
        assert!(Trie::<Vec<u8>>::default().proof(&B256::ZERO).is_empty());
    }

    proptest! {
        #[test]
        fn any_order_of_inserts_and_removals_has_the_root_of_what_is_left(
            steps in prop::collection::vec((0u16..96, prop::option::of(prop::collection::vec(1u8.., 1..40))), 1..120),
        ) {
            let mut trie = Trie::default();
            let mut content = BTreeMap::new();
            let mut versions = Vec::new();
            for (seed, value) in steps {
                let key = key(seed);
                if let Some(value) = value {
                    trie.insert(&key, value.clone());
                    content.insert(key, value);
                } else {
                    trie.remove(&key);
                    content.remove(&key);
                }
                prop_assert_eq!(trie.root(), expected(&content));
                versions.push((trie.clone(), content.clone()));
            }
            // Later changes never reach an earlier version.
            for (version, content) in versions {
                prop_assert_eq!(version.root(), expected(&content));
                for (key, value) in &content {
                    prop_assert_eq!(version.get(key), Some(value));
                }
            }
        }

        #[test]
        fn proofs_of_presence_and_absence_verify(seeds in prop::collection::btree_set(0u16..200, 0..40), probe in 0u16..200) {
            let mut trie = Trie::default();
            for &seed in &seeds {
                trie.insert(&key(seed), seed.to_be_bytes().repeat(20));
            }
            let value = seeds.contains(&probe).then(|| probe.to_be_bytes().repeat(20));
            let proof: Vec<_> = trie.proof(&key(probe)).into_iter().map(Into::into).collect();
            prop_assert!(verify_proof(trie.root(), Nibbles::unpack(key(probe)), value, &proof).is_ok());
        }
    }
}
