//! The Ethereum tests' tries, built the plain way and proven by ours; and their RLP.

#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their parts")]

mod support;

use std::collections::BTreeMap;

use causeway_protocol::{Hash, Reader, Writer, keccak256};
use causeway_verifier::evm::{Node, TrieFault, lookup, prove, select};
use serde_json::Value;
use support::{hex, vectors};

fn bytes(text: &str) -> Vec<u8> {
    text.strip_prefix("0x")
        .map_or_else(|| text.as_bytes().to_vec(), |digits| const_hex::decode(digits).unwrap())
}

/// What is left after a list of insertions and deletions.
fn contents(case: &Value, secure: bool) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let pairs: Vec<(String, Option<String>)> = match &case["in"] {
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), value.as_str().map(Into::into))).collect()
        }
        list => list
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (pair[0].as_str().unwrap().into(), pair[1].as_str().map(Into::into)))
            .collect(),
    };
    let mut trie = BTreeMap::new();
    for (key, value) in pairs {
        let key = if secure { keccak256(&bytes(&key)).0.to_vec() } else { bytes(&key) };
        match value {
            Some(value) => trie.insert(key, bytes(&value)),
            None => trie.remove(&key),
        };
    }
    trie
}

/// A trie built the plain way: split the keys by their next nibble, again and again.
struct Builder {
    nodes: Vec<Vec<u8>>,
}

fn hex_prefix(nibbles: &[u8], leaf: bool) -> Vec<u8> {
    let flag = if leaf { 2 } else { 0 };
    let (head, rest) = if nibbles.len() % 2 == 1 {
        ((flag + 1) << 4 | nibbles[0], &nibbles[1..])
    } else {
        (flag << 4, nibbles)
    };
    let pairs = rest.chunks(2).map(|pair| pair[0] << 4 | pair[1]);
    core::iter::once(head).chain(pairs).collect()
}

impl Builder {
    /// How a parent names a node: by its hash, or the node itself if it is short.
    fn reference(&mut self, node: Vec<u8>) -> Vec<u8> {
        if node.len() < 32 {
            return node;
        }
        let hash = keccak256(&node);
        self.nodes.push(node);
        [&[0xa0], &hash.0[..]].concat()
    }

    fn node(&mut self, entries: &[(Vec<u8>, &[u8])], depth: usize) -> Vec<u8> {
        let (first, value) = &entries[0];
        if entries.len() == 1 {
            return Writer::new().bytes(&hex_prefix(&first[depth..], true)).bytes(value).finish();
        }
        let last = &entries[entries.len() - 1].0;
        let shared =
            first[depth..].iter().zip(&last[depth..]).take_while(|(one, other)| one == other).count();
        if shared > 0 {
            let child = self.node(entries, depth + shared);
            let child = self.reference(child);
            return Writer::new()
                .bytes(&hex_prefix(&first[depth..depth + shared], false))
                .raw(&child)
                .finish();
        }
        let (here, rest) = if first.len() == depth { (*value, &entries[1..]) } else { (&[][..], entries) };
        let mut branch = Writer::new();
        for nibble in 0..16 {
            let group: Vec<_> = rest.iter().filter(|(key, _)| key[depth] == nibble).cloned().collect();
            if group.is_empty() {
                branch = branch.bytes(&[]);
            } else {
                let child = self.node(&group, depth + 1);
                branch = branch.raw(&self.reference(child));
            }
        }
        branch.bytes(here).finish()
    }
}

/// The root of a trie, and all its nodes.
fn build(trie: &BTreeMap<Vec<u8>, Vec<u8>>) -> (Hash, Vec<Vec<u8>>) {
    let nibbles = |key: &[u8]| key.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect();
    let entries: Vec<(Vec<u8>, &[u8])> = trie.iter().map(|(key, value)| (nibbles(key), &value[..])).collect();
    let mut builder = Builder { nodes: Vec::new() };
    let root = builder.node(&entries, 0);
    builder.nodes.push(root.clone());
    (keccak256(&root), builder.nodes)
}

#[test]
fn every_key_of_the_ethereum_tests_tries_is_proven_and_no_other() {
    for (name, secure) in [
        ("trietest", false),
        ("trieanyorder", false),
        ("trietest_secureTrie", true),
        ("trieanyorder_secureTrie", true),
        ("hex_encoded_securetrie_test", true),
    ] {
        let Some(file) = vectors(&format!("ethereum/trie/{name}.json")) else { continue };
        for (case, value) in file.as_object().unwrap() {
            let trie = contents(value, secure);
            if trie.is_empty() {
                continue;
            }
            let keys: Vec<&[u8]> = trie.keys().map(Vec::as_slice).collect();
            let (root, nodes) = build(&trie);
            assert_eq!(root.0.to_vec(), hex(&value["root"]), "{name} {case}");
            let pool: Vec<Node<'_>> = nodes.iter().rev().map(|node| Node::new(node)).collect();
            let values: Vec<&[u8]> = trie.values().map(Vec::as_slice).collect();
            assert_eq!(prove_from(root, &keys, &pool).unwrap(), values, "{name} {case}");
            for key in &keys {
                assert_eq!(lookup(root, key, &pool).unwrap(), trie[*key]);
                assert_eq!(prove_from(root, &[key], &pool).unwrap(), [&trie[*key]]);
                let longer = [key, &[0][..]].concat();
                assert!(trie.contains_key(&longer) || lookup(root, &longer, &pool).is_err(), "case 6");
            }
            assert!(prove_from(root, &[b"nobody put this here"], &pool).is_err());
        }
    }
}

/// Picks the nodes of a proof out of all, and proves with exactly those.
fn prove_from<'a>(root: Hash, keys: &[&[u8]], pool: &[Node<'a>]) -> Result<Vec<&'a [u8]>, TrieFault> {
    let picked: Vec<Node<'a>> = select(root, keys, pool)?.into_iter().map(Node::new).collect();
    prove(root, keys, &picked)
}

#[test]
fn nodes_that_no_trie_has_are_refused() {
    let leaf = |flag: u8| {
        let mut path = vec![flag];
        path.extend_from_slice(&[0x12; 40]);
        Writer::new().bytes(&path).bytes(&[1; 40]).finish()
    };
    let prove_one =
        |node: &[u8]| prove(keccak256(node), &[&[0x12; 40]], &[Node::new(node)]).map(|values| values.len());
    assert_eq!(prove_one(&leaf(0x20)), Ok(1));
    for flag in [0x21, 0x2f, 0x40, 0x80, 0xff] {
        assert!(matches!(prove_one(&leaf(flag)), Err(TrieFault::Malformed(_))), "flag {flag:#x}");
    }
    let lists = |count: usize| (0..count).fold(Writer::new(), |list, _| list.bytes(&[])).finish();
    for count in [0, 1, 3, 16, 18, 40] {
        assert!(matches!(prove_one(&lists(count)), Err(TrieFault::Malformed(_))), "{count} items");
    }
    let reference = |bytes: &[u8]| Writer::new().bytes(&[0x00, 0x12]).bytes(bytes).finish();
    for length in [1, 31, 33] {
        assert!(matches!(prove_one(&reference(&vec![7; length])), Err(TrieFault::Malformed(_))));
    }
    let empty_path = Writer::new().bytes(&[0x00]).bytes(&[7; 32]).finish();
    assert!(matches!(prove_one(&empty_path), Err(TrieFault::Malformed(_))));
}

#[test]
fn case_23_a_node_nested_deeper_than_any_key_ends_in_bounded_time() {
    // Branches inside branches, each the first child of the one before, as deep as short nodes can be.
    let mut node = vec![0xc0];
    while node.len() < 15 {
        let mut items = vec![0x80; 17];
        items.splice(0..1, node.clone());
        let mut list = vec![0xc0 + u8::try_from(items.len()).unwrap()];
        list.append(&mut items);
        node = list;
    }
    assert!(prove(keccak256(&node), &[&[0; 32]], &[Node::new(&node)]).is_err());
}

/// Walks an item to its leaves.
fn walk(mut items: Reader<'_>) -> Result<usize, causeway_protocol::DecodeError> {
    let mut count = 0;
    while !items.is_empty() {
        let mut as_list = items;
        if let Ok(list) = as_list.list("list") {
            count += walk(list)?;
            items = as_list;
        } else {
            items.bytes("bytes")?;
            count += 1;
        }
    }
    Ok(count)
}

/// Whether bytes are one RLP item in its one form.
fn is_rlp(bytes: &[u8]) -> bool {
    let wrapped = Writer::new().raw(bytes).finish();
    Reader::sole("item", &wrapped).is_ok_and(|items| {
        let mut rest = items;
        rest.raw("item").is_ok() && rest.is_empty() && walk(items).is_ok()
    })
}

#[test]
fn the_ethereum_tests_rlp_is_read_and_their_invalid_rlp_is_refused() {
    for (name, valid) in [("rlptest", true), ("RandomRLPTests/example", true), ("invalidRLPTest", false)] {
        let Some(file) = vectors(&format!("ethereum/rlp/{name}.json")) else { continue };
        for (case, value) in file.as_object().unwrap() {
            assert_eq!(is_rlp(&hex(&value["out"])), valid, "{name} {case}");
        }
    }
}
