//! Numbers and hashes from anywhere as proofs: bounded work, and nothing proven that was not built.
#![no_main]

use causeway_log::{
    ProofPlan, Span, TreeHead, leaf_hash, verify_consistency, verify_inclusion, verify_subtree_consistency,
};
use causeway_protocol::Hash;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (u64, u64, u64, Vec<[u8; 32]>)| {
    let (start, end, size, proof) = data;
    let proof: Vec<_> = proof.into_iter().map(Hash).collect();
    let head = TreeHead { size, root: leaf_hash(b"a root nobody can lead to") };
    let old = TreeHead { size: end, root: leaf_hash(b"another") };
    assert!(verify_inclusion(leaf_hash(b"leaf"), start, head, &proof).is_err());
    assert!(verify_consistency(old, head, &proof).is_err());
    if let Ok(span) = Span::subtree(start, end) {
        assert!(verify_subtree_consistency(span, old.root, head, &proof).is_err());
        if let Ok(plan) = ProofPlan::subtree(span, size) {
            assert!(plan.tiles().len() <= 128);
        }
    }
});
