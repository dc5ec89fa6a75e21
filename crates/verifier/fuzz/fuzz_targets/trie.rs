//! Bytes from anywhere as trie nodes.
#![no_main]

use causeway_protocol::keccak256;
use causeway_verifier::evm::{Node, lookup, prove, select};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (Vec<u8>, Vec<Vec<u8>>)| {
    let (key, nodes) = data;
    let Some(first) = nodes.first() else { return };
    let root = keccak256(first);
    let nodes: Vec<Node<'_>> = nodes.iter().map(|node| Node::new(node)).collect();
    let _ = prove(root, &[&key], &nodes);
    let _ = lookup(root, &key, &nodes);
    if let Ok(picked) = select(root, &[&key], &nodes) {
        let picked: Vec<Node<'_>> = picked.into_iter().map(Node::new).collect();
        prove(root, &[&key], &picked).expect("what is selected proves");
    }
});
