//! Merkle Patricia tries: proofs of several keys at once, every node sent once and every node used.

use causeway_protocol::{Hash, Reader, keccak256};

/// Most nodes one proof may have.
pub const MAX_NODES: usize = 16_384;
/// Nodes of fewer bytes stand inside their parents.
const EMBEDDED_BELOW: usize = 32;
const BRANCH: usize = 17;

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrieFault {
    /// Nothing was to be proven.
    #[error("no key to prove")]
    NoKeys,
    /// The keys are not strictly ascending.
    #[error("keys are not strictly ascending")]
    KeyOrder,
    /// The proof ends before every key is reached.
    #[error("a node is missing: {0}")]
    NodeMissing(Hash),
    /// A node stands where another one belongs.
    #[error("a node hashes to {came}, {expected} is next")]
    WrongNode {
        /// The hash its parent, or the root, names.
        expected: Hash,
        /// Its hash.
        came: Hash,
    },
    /// A node that no key leads to.
    #[error("{0} nodes are not used")]
    UnusedNodes(usize),
    /// Not a node, or not in its one form.
    #[error("a node is malformed: {0}")]
    Malformed(&'static str),
    /// The trie holds nothing at a key.
    #[error("nothing stands at one of the keys")]
    Absent,
    /// What stands at a key is not what is expected there.
    #[error("a value is malformed: {0}")]
    Value(&'static str),
}

impl TrieFault {
    /// A stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoKeys => "proof-without-keys",
            Self::KeyOrder => "proof-key-order",
            Self::NodeMissing(_) => "proof-node-missing",
            Self::WrongNode { .. } => "proof-wrong-node",
            Self::UnusedNodes(_) => "proof-node-unused",
            Self::Malformed(_) => "proof-node-malformed",
            Self::Absent => "proof-key-absent",
            Self::Value(_) => "proof-value-malformed",
        }
    }
}

/// A node and its hash.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    bytes: &'a [u8],
    hash: Hash,
}

impl<'a> Node<'a> {
    /// Hashes a node.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, hash: keccak256(bytes) }
    }
}

/// What a branch or an extension points to.
#[derive(Clone, Copy)]
enum Child<'a> {
    Empty,
    Hash(Hash),
    Embedded(&'a [u8]),
}

#[expect(clippy::large_enum_variant, reason = "lives on the stack for one step")]
enum Decoded<'a> {
    Branch { children: [&'a [u8]; 16], value: &'a [u8] },
    Extension { path: Path<'a>, child: &'a [u8] },
    Leaf { path: Path<'a>, value: &'a [u8] },
}

/// A path in hex-prefix form.
#[derive(Clone, Copy)]
struct Path<'a> {
    bytes: &'a [u8],
    odd: bool,
}

impl Path<'_> {
    fn len(self) -> usize {
        2 * (self.bytes.len() - 1) + usize::from(self.odd)
    }

    fn nibble(self, at: usize) -> u8 {
        nibble(self.bytes, at + 2 - usize::from(self.odd))
    }

    /// Whether `key` goes on with this path after its first `depth` nibbles.
    fn continues(self, key: &[u8], depth: usize) -> bool {
        depth + self.len() <= 2 * key.len()
            && (0..self.len()).all(|at| self.nibble(at) == nibble(key, depth + at))
    }
}

fn nibble(bytes: &[u8], at: usize) -> u8 {
    if at.is_multiple_of(2) { bytes[at / 2] >> 4 } else { bytes[at / 2] & 15 }
}

fn decode(bytes: &[u8]) -> Result<Decoded<'_>, TrieFault> {
    let malformed = |_| TrieFault::Malformed("not canonical RLP");
    let mut reader = Reader::sole("node", bytes).map_err(malformed)?;
    let mut items: [&[u8]; BRANCH] = [&[]; BRANCH];
    let mut count = 0;
    while !reader.is_empty() {
        let item = reader.raw("item").map_err(malformed)?;
        *items.get_mut(count).ok_or(TrieFault::Malformed("more than 17 items"))? = item;
        count += 1;
    }
    let value = |item| string(item).ok_or(TrieFault::Malformed("a value that is no byte string"));
    match (count, items) {
        (BRANCH, [children @ .., last]) => Ok(Decoded::Branch { children, value: value(last)? }),
        (2, [path, target, ..]) => {
            let bytes = value(path)?;
            let flag = *bytes.first().ok_or(TrieFault::Malformed("an empty path"))?;
            let odd = flag & 0x10 != 0;
            if flag >= 0x40 || (!odd && flag & 0x0f != 0) {
                return Err(TrieFault::Malformed("a path with unknown flags"));
            }
            let path = Path { bytes, odd };
            if flag >= 0x20 {
                return Ok(Decoded::Leaf { path, value: value(target)? });
            }
            if path.len() == 0 {
                return Err(TrieFault::Malformed("an extension without a path"));
            }
            Ok(Decoded::Extension { path, child: target })
        }
        _ => Err(TrieFault::Malformed("neither 2 nor 17 items")),
    }
}

fn string(item: &[u8]) -> Option<&[u8]> {
    let mut rest = item;
    let bytes = alloy_rlp::Header::decode_bytes(&mut rest, false).ok()?;
    rest.is_empty().then_some(bytes)
}

fn child(item: &[u8]) -> Result<Child<'_>, TrieFault> {
    match item {
        [0x80] => Ok(Child::Empty),
        [0xa0, hash @ ..] if hash.len() == 32 => {
            Ok(Child::Hash(Hash::try_from(hash).map_err(|_| TrieFault::Malformed("a reference"))?))
        }
        [0xc0..=0xff, ..] if item.len() < EMBEDDED_BELOW => Ok(Child::Embedded(item)),
        _ => Err(TrieFault::Malformed("a reference that is no hash and no short node")),
    }
}

/// Where a walk gets the nodes it needs.
trait Supply<'a> {
    fn take(&mut self, expected: Hash) -> Result<&'a [u8], TrieFault>;
}

/// The next node of a proof has to be the one that is needed.
struct InOrder<'a, 'n>(core::slice::Iter<'n, Node<'a>>);

impl<'a> Supply<'a> for InOrder<'a, '_> {
    fn take(&mut self, expected: Hash) -> Result<&'a [u8], TrieFault> {
        let node = self.0.next().ok_or(TrieFault::NodeMissing(expected))?;
        let came = node.hash;
        if came == expected { Ok(node.bytes) } else { Err(TrieFault::WrongNode { expected, came }) }
    }
}

/// Nodes in any order; the ones taken are written down.
struct Pool<'a, 'n> {
    nodes: &'n [Node<'a>],
    taken: Vec<&'a [u8]>,
}

impl<'a> Supply<'a> for Pool<'a, '_> {
    fn take(&mut self, expected: Hash) -> Result<&'a [u8], TrieFault> {
        let node = self.nodes.iter().find(|node| node.hash == expected);
        let bytes = node.ok_or(TrieFault::NodeMissing(expected))?.bytes;
        self.taken.push(bytes);
        Ok(bytes)
    }
}

struct Walk<'a, 'k, S> {
    supply: S,
    keys: &'k [&'k [u8]],
    values: Vec<&'a [u8]>,
}

impl<'a, 'k, S: Supply<'a>> Walk<'a, 'k, S> {
    /// Walks to every key from the root.
    fn all(root: Hash, keys: &'k [&'k [u8]], supply: S) -> Result<Self, TrieFault> {
        if keys.is_empty() {
            return Err(TrieFault::NoKeys);
        }
        if !keys.is_sorted_by(|one, next| one < next) {
            return Err(TrieFault::KeyOrder);
        }
        let mut walk = Self { supply, keys, values: Vec::with_capacity(keys.len()) };
        let bytes = walk.supply.take(root)?;
        walk.descend(bytes, 0..keys.len(), 0)?;
        Ok(walk)
    }

    fn follow(
        &mut self,
        item: &'a [u8],
        keys: core::ops::Range<usize>,
        depth: usize,
    ) -> Result<(), TrieFault> {
        match child(item)? {
            Child::Empty => Err(TrieFault::Absent),
            Child::Embedded(bytes) => self.descend(bytes, keys, depth),
            Child::Hash(hash) => {
                let bytes = self.supply.take(hash)?;
                if bytes.len() < EMBEDDED_BELOW {
                    return Err(TrieFault::Malformed("a short node outside its parent"));
                }
                self.descend(bytes, keys, depth)
            }
        }
    }

    /// `keys` is the range of keys that share the `depth` nibbles which lead to this node. Each level uses up at least one
    /// nibble of a key, so the depth of the recursion is bounded by the longest key.
    fn descend(
        &mut self,
        bytes: &'a [u8],
        mut keys: core::ops::Range<usize>,
        depth: usize,
    ) -> Result<(), TrieFault> {
        match decode(bytes)? {
            Decoded::Leaf { path, value } => {
                let whole = |key: &[u8]| path.continues(key, depth) && depth + path.len() == 2 * key.len();
                if keys.len() != 1 || !whole(self.keys[keys.start]) {
                    return Err(TrieFault::Absent);
                }
                self.found(value)
            }
            Decoded::Extension { path, child } => {
                if !self.keys[keys.clone()].iter().all(|key| path.continues(key, depth)) {
                    return Err(TrieFault::Absent);
                }
                self.follow(child, keys, depth + path.len())
            }
            Decoded::Branch { children, value } => {
                // A key that ends here sorts before every longer one.
                if 2 * self.keys[keys.start].len() == depth {
                    self.found(value)?;
                    keys.start += 1;
                }
                while !keys.is_empty() {
                    let next = nibble(self.keys[keys.start], depth);
                    let same =
                        self.keys[keys.clone()].iter().take_while(|key| nibble(key, depth) == next).count();
                    let group = keys.start..keys.start + same;
                    self.follow(children[usize::from(next)], group, depth + 1)?;
                    keys.start += same;
                }
                Ok(())
            }
        }
    }

    fn found(&mut self, value: &'a [u8]) -> Result<(), TrieFault> {
        if value.is_empty() {
            return Err(TrieFault::Absent);
        }
        self.values.push(value);
        Ok(())
    }
}

/// What stands at each of `keys` (strictly ascending) in the trie of `root`.
///
/// `nodes` are the nodes on the paths to the keys, in depth-first order, a branch's children by ascending nibble, each once.
/// All of them have to be used.
pub fn prove<'a>(root: Hash, keys: &[&[u8]], nodes: &[Node<'a>]) -> Result<Vec<&'a [u8]>, TrieFault> {
    let walk = Walk::all(root, keys, InOrder(nodes.iter()))?;
    match walk.supply.0.len() {
        0 => Ok(walk.values),
        more => Err(TrieFault::UnusedNodes(more)),
    }
}

/// What stands at one key, the nodes on its path picked out of `nodes` wherever they stand. For finding out which keys a
/// proof has to cover; it does not show that every node is used.
pub fn lookup<'a>(root: Hash, key: &[u8], nodes: &[Node<'a>]) -> Result<&'a [u8], TrieFault> {
    let keys = [key];
    let walk = Walk::all(root, &keys, Pool { nodes, taken: Vec::new() })?;
    walk.values.first().copied().ok_or(TrieFault::Absent)
}

/// The nodes of a proof of `keys` (strictly ascending) in the order [`prove`] expects, picked out of `nodes`, which may hold
/// more, in any order and several times.
pub fn select<'a>(root: Hash, keys: &[&[u8]], nodes: &[Node<'a>]) -> Result<Vec<&'a [u8]>, TrieFault> {
    Walk::all(root, keys, Pool { nodes, taken: Vec::new() }).map(|walk| walk.supply.taken)
}
