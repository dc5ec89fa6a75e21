//! Receipts of captured blocks: rebuilt, proven together, and refused when a single byte differs.

#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their parts")]

mod support;

use causeway_protocol::{Hash, keccak256};
use causeway_verifier::evm::{Receipt, ReceiptFault, TrieFault, prove_receipts};
use causeway_verifier::prover::{OwnedReceipts, prove_block, receipts_root};
use support::chain::{Chain, receipt_of, receipts_of};
use support::{fixed, hex, vectors};

fn prove(root: Hash, proof: &OwnedReceipts) -> Result<Vec<&[u8]>, ReceiptFault> {
    let nodes: Vec<&[u8]> = proof.nodes.iter().map(Vec::as_slice).collect();
    prove_receipts(root, &proof.indices, &nodes)
}

/// Proves each receipt alone, every other one together, and all together.
fn proves(root: Hash, receipts: &[Vec<u8>]) {
    let count = receipts.len() as u64;
    let mut choices: Vec<Vec<u64>> = vec![(0..count).collect(), (0..count).step_by(2).collect()];
    choices.extend((0..count).step_by(if count > 20 { 9 } else { 1 }).map(|index| vec![index]));
    for indices in choices {
        let (built, proof) = prove_block(receipts, &indices);
        assert_eq!(built, root);
        let proven = prove(root, &proof).unwrap();
        let wanted: Vec<&[u8]> =
            indices.iter().map(|index| &receipts[usize::try_from(*index).unwrap()][..]).collect();
        assert_eq!(proven, wanted);
    }
}

#[test]
fn every_captured_block_has_the_receipts_root_of_its_receipts() {
    for name in
        ["goquorum-receipts/blocks.json", "goquorum-qbft/chain.json", "goquorum-qbft-contract/chain-1.json"]
    {
        let Some(chain) = Chain::load(name) else { continue };
        let mut blocks = 0;
        for entry in chain.entries() {
            let receipts = receipts_of(entry);
            let root = Hash(fixed(&entry["block"]["receiptsRoot"]));
            assert_eq!(receipts_root(&receipts), root, "{name} {}", Chain::height(entry));
            if !receipts.is_empty() {
                proves(root, &receipts);
                blocks += 1;
            }
            for (bytes, json) in receipts.iter().zip(entry["receipts"].as_array().unwrap()) {
                let receipt = Receipt::decode(bytes).unwrap();
                assert_eq!(receipt.success, json["status"] == "0x1");
                let logs = receipt.logs().collect::<Result<Vec<_>, _>>().unwrap();
                assert_eq!(logs.len(), json["logs"].as_array().unwrap().len());
            }
        }
        assert!(blocks > 5);
    }
}

#[test]
fn a_captured_receipt_that_comes_with_the_sources_is_proven() {
    let chain = Chain::in_tree("qbft-rotation.json");
    let entry = chain.entries().iter().find(|entry| Chain::height(entry) == 100).unwrap();
    proves(Hash(fixed(&entry["block"]["receiptsRoot"])), &receipts_of(entry));
}

#[test]
fn typed_receipts_of_a_chain_with_base_fees_are_proven() {
    let mut types = Vec::new();
    for number in 41..=56 {
        let Some(file) = vectors(&format!("geth-clique/block-00{number}.json")) else { return };
        let raw: Vec<Vec<u8>> = file["rawReceipts"].as_array().unwrap().iter().map(hex).collect();
        let rebuilt: Vec<Vec<u8>> = file["receipts"].as_array().unwrap().iter().map(receipt_of).collect();
        assert_eq!(raw, rebuilt, "block {number}");
        let root = Hash(fixed(&file["block"]["receiptsRoot"]));
        assert_eq!(receipts_root(&raw), root);
        if !raw.is_empty() {
            proves(root, &raw);
        }
        types.extend(raw.iter().map(|receipt| receipt[0].min(0xc0)));
    }
    types.sort_unstable();
    types.dedup();
    assert_eq!(types, [1, 2, 0xc0], "legacy, with an access list, and with a base fee");
}

/// A block of many transactions, and a proof of some of them.
fn sample() -> Option<(Hash, Vec<Vec<u8>>, OwnedReceipts)> {
    let chain = Chain::load("goquorum-receipts/blocks.json")?;
    let entry =
        chain.entries().iter().find(|entry| entry["receipts"].as_array().unwrap().len() == 129).unwrap();
    let receipts = receipts_of(entry);
    let (root, proof) = prove_block(&receipts, &[0, 3, 100, 127, 128]);
    Some((root, receipts, proof))
}

#[test]
fn case_5_every_byte_of_a_receipts_proof_is_load_bearing() {
    let Some((root, _, proof)) = sample() else { return };
    prove(root, &proof).unwrap();
    for node in 0..proof.nodes.len() {
        for byte in 0..proof.nodes[node].len() {
            let mut changed = proof.clone();
            changed.nodes[node][byte] ^= 1;
            assert!(matches!(prove(root, &changed), Err(ReceiptFault::Proof(TrieFault::WrongNode { .. }))));
        }
    }
}

#[test]
fn case_5_nodes_that_are_missing_added_twice_or_out_of_order_are_refused() {
    let Some((root, receipts, proof)) = sample() else { return };
    for place in 0..proof.nodes.len() {
        let mut missing = proof.clone();
        missing.nodes.remove(place);
        assert!(prove(root, &missing).is_err());
        let mut twice = proof.clone();
        twice.nodes.insert(place, proof.nodes[place].clone());
        assert!(prove(root, &twice).is_err());
        let mut swapped = proof.clone();
        let other = (place + 1) % proof.nodes.len();
        swapped.nodes.swap(place, other);
        assert!(prove(root, &swapped).is_err());
    }
    let (_, more) = prove_block(&receipts, &[0, 3, 50, 100, 127, 128]);
    let unused = OwnedReceipts { indices: proof.indices.clone(), nodes: more.nodes };
    assert!(prove(root, &unused).is_err());
    let mut trailing = proof.clone();
    trailing.nodes.push(proof.nodes[0].clone());
    assert_eq!(prove(root, &trailing), Err(ReceiptFault::Proof(TrieFault::UnusedNodes(1))));
}

#[test]
fn case_12_a_proof_of_another_transaction_or_of_none_is_refused() {
    let Some((root, _, proof)) = sample() else { return };
    for wrong in [
        vec![0, 3, 100, 127],
        vec![0, 3, 99, 127, 128],
        vec![0, 3, 100, 127, 129],
        vec![0, 3, 100, 127, 1 << 40],
    ] {
        let changed = OwnedReceipts { indices: wrong, ..proof.clone() };
        assert!(prove(root, &changed).is_err());
    }
    for order in [vec![3, 0, 100, 127, 128], vec![0, 0, 3, 100, 127, 128]] {
        let changed = OwnedReceipts { indices: order, ..proof.clone() };
        assert_eq!(prove(root, &changed), Err(ReceiptFault::IndexOrder));
    }
    let nothing = OwnedReceipts { indices: Vec::new(), ..proof.clone() };
    assert_eq!(prove(root, &nothing), Err(ReceiptFault::Proof(TrieFault::NoKeys)));
    assert!(prove(Hash::ZERO, &proof).is_err(), "case 1: a zero root proves nothing");
    assert!(prove(keccak256(&[0x80]), &proof).is_err(), "and neither does an empty trie");
}

#[test]
fn a_receipt_cut_short_or_with_bytes_added_is_malformed() {
    let Some((_, receipts, _)) = sample() else { return };
    let receipt = &receipts[0];
    Receipt::decode(receipt).unwrap();
    for length in 0..receipt.len() {
        assert!(Receipt::decode(&receipt[..length]).is_err());
    }
    assert!(Receipt::decode(&[receipt.as_slice(), &[0]].concat()).is_err());
    for kind in [0u8, 5, 0x7f, 0x80] {
        assert!(Receipt::decode(&[&[kind], receipt.as_slice()].concat()).is_err());
    }
    Receipt::decode(&[&[2], receipt.as_slice()].concat()).unwrap();
}
