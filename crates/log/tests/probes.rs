//! The probes of transparency-dev/merkle: proofs that hold, and many more that must not.

#![allow(clippy::unwrap_used)] // a test may panic

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use causeway_log::{
    Span, TreeHead, sha256, verify_consistency, verify_inclusion, verify_subtree_consistency,
    verify_subtree_inclusion,
};
use causeway_protocol::Hash;
use serde_json::Value;

/// Every probe in `folder`, with its path; nothing if the set is not there and nobody demands it.
fn probes(folder: &str) -> Vec<(String, Value)> {
    let root = std::env::var_os("CAUSEWAY_VECTORS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors")),
        PathBuf::from,
    );
    let folder = root.join("merkle").join(folder);
    if !folder.is_dir() {
        let required = std::env::var("CAUSEWAY_REQUIRE_VECTORS").is_ok_and(|value| value == "1");
        assert!(!required, "vectors are required, and {} is missing", folder.display());
        println!("skipped: {} is not there", folder.display());
        return Vec::new();
    }
    let mut found = Vec::new();
    collect(&folder, &mut found);
    found
}

fn collect(folder: &Path, found: &mut Vec<(String, Value)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path.display().to_string(), serde_json::from_str(&text).unwrap()));
        }
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

/// A leaf hash or a proof's hash; nothing of another length can be one.
fn hash(value: &Value) -> Option<Hash> {
    Hash::try_from(bytes(value).as_slice()).ok()
}

/// A root. Some probes compare words instead of hashes: stood in for by hashes that differ where the words do.
fn root(value: &Value) -> Hash {
    hash(value).unwrap_or_else(|| sha256(&bytes(value)))
}

fn proof(probe: &Value) -> Option<Vec<Hash>> {
    probe["proof"].as_array().map_or(Some(Vec::new()), |hashes| hashes.iter().map(hash).collect())
}

fn number(probe: &Value, name: &str) -> u64 {
    probe[name].as_u64().unwrap()
}

/// Judges every probe in `folder`, and counts them: (those that hold, those that do not).
fn judge(folder: &str, verify: impl Fn(&Value) -> Option<()>) -> (usize, usize) {
    let probes = probes(folder);
    let (mut good, mut bad) = (0, 0);
    for (path, probe) in &probes {
        let refused = verify(probe).is_none();
        assert_eq!(refused, probe["wantErr"].as_bool().unwrap(), "{path}");
        *(if refused { &mut bad } else { &mut good }) += 1;
    }
    (good, bad)
}

/// How many there are in the set, when it is there.
fn expect(came: (usize, usize), expected: (usize, usize)) {
    assert!(came == expected || came == (0, 0), "{came:?} probes, expected {expected:?}");
}

#[test]
fn inclusion_proofs_are_judged_as_the_probes_say() {
    let came = judge("inclusion", |probe| {
        let head = TreeHead { size: number(probe, "treeSize"), root: root(&probe["root"]) };
        verify_inclusion(hash(&probe["leafHash"])?, number(probe, "leafIdx"), head, &proof(probe)?).ok()
    });
    expect(came, (6, 92));
}

#[test]
fn consistency_proofs_are_judged_as_the_probes_say() {
    let came = judge("consistency", |probe| {
        let head = |size, from: &str| TreeHead { size: number(probe, size), root: root(&probe[from]) };
        verify_consistency(head("size1", "root1"), head("size2", "root2"), &proof(probe)?).ok()
    });
    expect(came, (6, 92));
}

#[test]
fn subtree_inclusion_proofs_are_judged_as_the_probes_say() {
    let came = judge("subtreeinclusion", |probe| {
        let span = Span::subtree(number(probe, "start"), number(probe, "end")).ok()?;
        let leaf = hash(&probe["leafHash"])?;
        let index = number(probe, "leafIdx");
        verify_subtree_inclusion(leaf, index, span, root(&probe["root"]), &proof(probe)?).ok()
    });
    expect(came, (12, 192));
}

#[test]
fn subtree_consistency_proofs_are_judged_as_the_probes_say() {
    let came = judge("subtreeconsistency", |probe| {
        let span = Span::subtree(number(probe, "start"), number(probe, "end")).ok()?;
        let head = TreeHead { size: number(probe, "size"), root: root(&probe["root2"]) };
        verify_subtree_consistency(span, root(&probe["root1"]), head, &proof(probe)?).ok()
    });
    expect(came, (12, 106));
}
