//! The tree against the definition in RFC 6962, written down as it stands there, and against an independent implementation.

#![allow(clippy::unwrap_used)] // a test may panic

use causeway_log::{
    Frontier, FullTile, ProofError, ProofPlan, Span, Tile, TileHashes, Tiles, TreeHead, empty_root,
    leaf_hash, node_hash, verify_consistency, verify_inclusion, verify_subtree_consistency,
};
use causeway_protocol::Hash;
use proptest::prelude::*;
use proptest::sample::Index;

/// MTH of RFC 6962, 2.1.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(naive_root(left), naive_root(right))
        }
    }
}

/// PATH of RFC 6962, 2.1.1.
fn naive_path(leaves: &[Hash], index: usize) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut path, sibling) = if index < left.len() {
        (naive_path(left, index), right)
    } else {
        (naive_path(right, index - left.len()), left)
    };
    path.push(naive_root(sibling));
    path
}

/// SUBPROOF of RFC 6962, 2.1.2.
fn naive_subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut proof, sibling) = if old <= left.len() {
        (naive_subproof(old, left, whole), right)
    } else {
        (naive_subproof(old - left.len(), right, false), left)
    };
    proof.push(naive_root(sibling));
    proof
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|at| leaf_hash(&at.to_be_bytes())).collect()
}

/// A log of these leaves: its edge, and its full tiles.
fn grown(leaves: &[Hash]) -> (Frontier, Vec<FullTile>) {
    let mut frontier = Frontier::new();
    let full = leaves.iter().flat_map(|leaf| frontier.append(*leaf)).collect();
    (frontier, full)
}

/// The tiles that `plan` needs, out of what the log stored.
fn fetch(plan: &ProofPlan, size: usize, (frontier, full): &(Frontier, Vec<FullTile>)) -> Tiles {
    let mut tiles = Tiles::new(size as u64);
    for tile in plan.tiles() {
        let stored = full.iter().find(|f| (f.level, f.index) == (tile.level(), tile.index()));
        let hashes = stored.map_or(frontier.edge(tile.level()), |stored| &stored.hashes);
        let hashes = hashes[..usize::from(tile.width())].to_vec();
        tiles.insert(tile, TileHashes::new(tile, hashes).unwrap());
    }
    tiles
}

/// The hashes that `tlog_tiles` asks for by its own numbering, computed the slow way.
struct Stored(Vec<Hash>);

impl tlog_tiles::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let one = |index: &u64| {
            let (level, at) = tlog_tiles::split_stored_hash_index(*index);
            let from = usize::try_from(at).unwrap() << level;
            tlog_tiles::Hash(naive_root(&self.0[from..from + (1 << level)]).0)
        };
        Ok(indexes.iter().map(one).collect())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn roots_and_proofs_are_those_of_the_definition(count in 1usize..1500, pick: Index, earlier: Index) {
        let leaves = leaves(count);
        let log = grown(&leaves);
        let head = log.0.head();
        prop_assert_eq!(head, TreeHead { size: count as u64, root: naive_root(&leaves) });

        let index = pick.index(count);
        let plan = ProofPlan::inclusion(index as u64, head.size).unwrap();
        let proof = plan.build(&fetch(&plan, count, &log)).unwrap();
        prop_assert_eq!(&proof, &naive_path(&leaves, index));
        prop_assert_eq!(verify_inclusion(leaves[index], index as u64, head, &proof), Ok(()));

        let old = earlier.index(count) + 1;
        let plan = ProofPlan::consistency(old as u64, head.size).unwrap();
        let proof = plan.build(&fetch(&plan, count, &log)).unwrap();
        prop_assert_eq!(&proof, &naive_subproof(old, &leaves, true));
        let before = TreeHead { size: old as u64, root: naive_root(&leaves[..old]) };
        prop_assert_eq!(verify_consistency(before, head, &proof), Ok(()));

        let plan = ProofPlan::root(head.size);
        prop_assert_eq!(fetch(&plan, count, &log).root().unwrap(), head.root);
    }

    #[test]
    fn proofs_are_those_of_an_independent_implementation(count in 1u64..600, pick: Index, earlier: Index) {
        let leaves = leaves(usize::try_from(count).unwrap());
        let log = grown(&leaves);
        let stored = Stored(leaves.clone());
        let theirs = |proof: Vec<tlog_tiles::Hash>| proof.iter().map(|hash| Hash(hash.0)).collect::<Vec<_>>();
        prop_assert_eq!(log.0.head().root.0, tlog_tiles::tree_hash(count, &stored).unwrap().0);

        let index = pick.index(leaves.len()) as u64;
        let plan = ProofPlan::inclusion(index, count).unwrap();
        let proof = plan.build(&fetch(&plan, leaves.len(), &log)).unwrap();
        prop_assert_eq!(proof, theirs(tlog_tiles::prove_record(count, index, &stored).unwrap()));

        let old = earlier.index(leaves.len()) as u64 + 1;
        let plan = ProofPlan::consistency(old, count).unwrap();
        let proof = plan.build(&fetch(&plan, leaves.len(), &log)).unwrap();
        prop_assert_eq!(proof, theirs(tlog_tiles::prove_tree(count, old, &stored).unwrap()));

        let made: std::collections::BTreeSet<_> = Tile::made(old, count).iter().map(Tile::to_string).collect();
        // Theirs are named with the tile's height in front.
        let expected = tlog_tiles::Tile::new_tiles(8, old, count);
        let expected: std::collections::BTreeSet<_> =
            expected.iter().map(|tile| tile.path().replacen("tile/8/", "tile/", 1)).collect();
        prop_assert_eq!(made, expected);
    }

    #[test]
    fn a_subtree_stands_in_its_tree_and_nothing_else_does(count in 1usize..300, height in 0u32..9, pick: Index, cut: Index) {
        let leaves = leaves(count);
        let log = grown(&leaves);
        let start = pick.index(count) >> height << height;
        let end = start + 1 + cut.index((count - start).min(1 << height));
        let span = Span::subtree(start as u64, end as u64).unwrap();
        let plan = ProofPlan::subtree(span, count as u64).unwrap();
        let mut proof = plan.build(&fetch(&plan, count, &log)).unwrap();
        let root = naive_root(&leaves[start..end]);
        let head = log.0.head();
        prop_assert_eq!(verify_subtree_consistency(span, root, head, &proof), Ok(()));
        prop_assert!(verify_subtree_consistency(span, leaf_hash(b"other"), head, &proof).is_err());
        for at in 0..proof.len() {
            proof[at].0[at % 32] ^= 1;
            prop_assert!(verify_subtree_consistency(span, root, head, &proof).is_err());
            proof[at].0[at % 32] ^= 1;
        }
        proof.push(root);
        let length = ProofError::Length { expected: proof.len() - 1, came: proof.len() };
        prop_assert_eq!(verify_subtree_consistency(span, root, head, &proof), Err(length));
    }

    #[test]
    fn proofs_of_any_sizes_end_in_bounded_time(index: u64, old: u64, size: u64, proof in prop::collection::vec(any::<[u8; 32]>(), 0..70)) {
        let proof: Vec<_> = proof.into_iter().map(Hash).collect();
        let head = TreeHead { size, root: leaf_hash(b"root") };
        prop_assert!(verify_inclusion(leaf_hash(b"leaf"), index, head, &proof).is_err());
        let before = TreeHead { size: old, root: leaf_hash(b"before") };
        prop_assert!(verify_consistency(before, head, &proof).is_err());
        if let Ok(plan) = ProofPlan::consistency(old, size) {
            prop_assert!(plan.tiles().len() <= 70);
        }
    }

    #[test]
    fn an_edge_read_back_grows_like_the_one_that_never_stopped(first in 0usize..600, more in 1usize..600) {
        let leaves = leaves(first + more);
        let (mut whole, _) = grown(&leaves[..first]);
        let edges = (0..Tile::LEVELS).map(|level| whole.edge(level).to_vec()).collect();
        let mut again = Frontier::from_edges(first as u64, edges).unwrap();
        for leaf in &leaves[first..] {
            prop_assert_eq!(whole.append(*leaf), again.append(*leaf));
        }
        prop_assert_eq!(whole.head(), again.head());
    }
}

#[test]
fn a_missing_tile_is_named() {
    let plan = ProofPlan::inclusion(300, 1000).unwrap();
    let refused = plan.build(&Tiles::new(1000)).unwrap_err();
    assert_eq!(refused.to_string(), "tile/0/001 is missing");
}

#[test]
fn a_proof_from_nothing_or_backwards_is_refused() {
    let head = |size| TreeHead { size, root: leaf_hash(b"x") };
    assert_eq!(verify_consistency(TreeHead::empty(), head(2), &[]), Err(ProofError::FromNothing));
    assert_eq!(verify_consistency(head(2), head(1), &[]), Err(ProofError::Shrunk { old: 2, new: 1 }));
    assert_eq!(verify_inclusion(Hash::ZERO, 3, head(3), &[]), Err(ProofError::Index { index: 3, size: 3 }));
}
