//! Bounds: case 23, and the canonical form of everything that is read.

use std::time::{Duration, Instant};

use causeway_protocol::{Family, Writer};
use causeway_verifier::bft::{Block, Evidence, MAX_BLOCKS, ReceiptsProof, SEAL};
use causeway_verifier::forge::Forge;
use causeway_verifier::{ClientState, MAX_ANCHOR, MAX_EVIDENCE, light_client};

use crate::parts::{FAMILIES, NOW, client, genesis, last, run};

/// The refusal's code, found in bounded time.
fn refused(forge: &Forge, evidence: &[u8]) -> &'static str {
    let begun = Instant::now();
    let refusal = client(forge).advance(&genesis(forge), &[], None, evidence, NOW).unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(2), "{refusal}");
    assert!(client(forge).inspect(evidence).is_err() || refusal.code() != "malformed");
    refusal.code()
}

#[test]
fn case_23_ten_megabytes_are_refused_at_once() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        assert_eq!(refused(&forge, &vec![0; 10 * 1024 * 1024]), "too-large");
        assert_eq!(client(&forge).anchor(&vec![0; MAX_ANCHOR + 1]).unwrap_err().code(), "too-large");
        forge.mine_empty(1);
        let part = last(&forge);
        let node = vec![7; 1024];
        let nodes = vec![node.as_slice(); MAX_EVIDENCE / 1100];
        let receipts = Some(ReceiptsProof { indices: vec![0], nodes });
        let block = Block { header: &part.header, seals: &part.seals, set: None, receipts };
        let evidence = Evidence::Run(vec![block]).encode(family);
        assert!(evidence.len() < MAX_EVIDENCE);
        assert_eq!(refused(&forge, &evidence), "proof-wrong-node");
    }
}

#[test]
fn case_23_more_blocks_nodes_seals_or_indices_than_allowed_are_refused() {
    let mut forge = Forge::new(Family::Qbft, 4);
    forge.mine_empty(1);
    let part = last(&forge);
    let block = |receipts, seals| Block { header: &part.header, seals, set: None, receipts };
    let many = vec![block(None, &[]); MAX_BLOCKS + 1];
    assert_eq!(refused(&forge, &Evidence::Run(many).encode(Family::Qbft)), "malformed");
    let seals = vec![0; 129 * SEAL];
    assert_eq!(refused(&forge, &Evidence::Run(vec![block(None, &seals)]).encode(Family::Qbft)), "malformed");
    let indices = Some(ReceiptsProof { indices: (0..5000).collect(), nodes: vec![&[0; 32]] });
    assert_eq!(
        refused(&forge, &Evidence::Run(vec![block(indices, &part.seals)]).encode(Family::Qbft)),
        "malformed"
    );
    let nodes = Some(ReceiptsProof { indices: vec![0], nodes: vec![&[0; 32]; 20_000] });
    assert_eq!(
        refused(&forge, &Evidence::Run(vec![block(nodes, &part.seals)]).encode(Family::Qbft)),
        "malformed"
    );
    let short = Some(ReceiptsProof { indices: vec![0], nodes: vec![&[0; 31]] });
    assert_eq!(
        refused(&forge, &Evidence::Run(vec![block(short, &part.seals)]).encode(Family::Qbft)),
        "malformed"
    );
}

#[test]
fn case_23_deep_nesting_ends_in_an_error() {
    for family in FAMILIES {
        let forge = Forge::new(family, 4);
        let mut deep = Vec::new();
        for _ in 0..100_000 {
            deep = nest(deep);
            if deep.len() > 1_000_000 {
                break;
            }
        }
        let text = family.as_str().as_bytes();
        for kind in 1..=4 {
            let evidence = Writer::new().bytes(text).uint(kind).raw(&deep).versioned(1);
            assert_eq!(refused(&forge, &evidence), "malformed");
        }
    }
}

/// A list around what stands at the end of nothing: the length prefix is written by hand, or nesting this deep would take
/// quadratic time here.
fn nest(inner: Vec<u8>) -> Vec<u8> {
    if inner.len() > 60_000 {
        return [&[0xfa, 0, 0, 0][..1], &u32::try_from(inner.len()).unwrap().to_be_bytes()[1..], &inner]
            .concat();
    }
    Writer::new().raw(&inner).finish()
}

#[test]
fn other_versions_kinds_and_families_are_refused() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 4);
        forge.mine_empty(1);
        let good = run(&forge, &[last(&forge)]);
        client(&forge).advance(&genesis(&forge), &[], None, &good, NOW).unwrap();
        for version in [0, 2, 0x80, 0xff] {
            let mut other = good.clone();
            other[0] = version;
            assert_eq!(refused(&forge, &other), "malformed");
        }
        let body = Writer::new().finish();
        for kind in [0, 5, 255] {
            let evidence = Writer::new().bytes(family.as_str().as_bytes()).uint(kind).raw(&body).versioned(1);
            assert_eq!(refused(&forge, &evidence), "wrong-kind");
        }
        let unknown = Writer::new().bytes(b"solana").uint(1).raw(&body).versioned(1);
        assert_eq!(refused(&forge, &unknown), "unknown-family");
        for other in FAMILIES.into_iter().filter(|other| *other != family) {
            let stranger = light_client(other).unwrap();
            let state = ClientState { family: other, ..genesis(&forge) };
            assert_eq!(stranger.inspect(&good).unwrap_err().code(), "wrong-family");
            assert_eq!(stranger.anchor(&forge.anchor()).unwrap_err().code(), "wrong-family");
            assert_eq!(stranger.summary(&state).unwrap_err().code(), "wrong-family");
            assert_eq!(stranger.summary(&genesis(&forge)).unwrap_err().code(), "wrong-family");
        }
    }
}

#[test]
fn bytes_cut_off_or_added_are_refused_everywhere() {
    for family in FAMILIES {
        let mut forge = Forge::new(family, 2);
        forge.mine_empty(2);
        let (state, anchor) = (genesis(&forge), forge.anchor());
        let evidence = forge.run(&state);
        for length in 0..evidence.len() {
            assert_eq!(refused(&forge, &evidence[..length]), "malformed");
        }
        assert_eq!(refused(&forge, &[evidence, vec![0]].concat()), "malformed");
        for length in 0..anchor.len() {
            assert_eq!(client(&forge).anchor(&anchor[..length]).unwrap_err().code(), "malformed");
        }
        assert_eq!(client(&forge).anchor(&[anchor, vec![0]].concat()).unwrap_err().code(), "malformed");
        for length in 0..state.bytes.len() {
            let cut = ClientState { family, bytes: state.bytes[..length].to_vec() };
            assert_eq!(client(&forge).summary(&cut).unwrap_err().code(), "malformed");
        }
    }
}
