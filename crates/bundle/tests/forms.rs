//! A bundle has one form, and bytes from anywhere are refused without a panic.

use causeway_bundle::{Bundle, IslandPart, LeafPart, Piece, StatementPart, Trust, verify};
use causeway_log::Salt;
use causeway_protocol::{
    Attestation, AttestationKind, Batch, BatchProof, GatewayId, Hash, PacketId, Signature,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

fn island() -> impl Strategy<Value = IslandPart> {
    let gateways = btree_map(any::<[u8; 32]>(), vec(any::<u8>(), 1..30), 0..4);
    let pieces = vec((vec(any::<u8>(), 0..50), any::<u64>()), 0..4);
    (vec(any::<u8>(), 0..50), hash(), gateways, pieces).prop_map(|(anchor, fingerprint, gateways, pieces)| {
        let gateways = gateways.into_iter().map(|(id, address)| (GatewayId(id), address)).collect();
        let pieces = pieces.into_iter().map(|(evidence, at)| Piece { evidence, at }).collect();
        IslandPart { anchor, fingerprint, gateways, pieces }
    })
}

fn statement() -> impl Strategy<Value = StatementPart> {
    const KINDS: [AttestationKind; 5] = [
        AttestationKind::Deliver,
        AttestationKind::Refuse,
        AttestationKind::Result,
        AttestationKind::Expired,
        AttestationKind::Void,
    ];
    let attestation = (prop::sample::select(&KINDS[..]), any::<[u8; 32]>(), any::<bool>(), hash());
    let batch = (any::<u64>(), 0u32..=1024, hash());
    let proof = (0u32..=1024, vec(hash(), 0..4));
    (attestation, batch, proof, vec(any::<[u8; 65]>(), 0..3)).prop_map(
        |(attestation, batch, proof, signed)| {
            let (kind, packet, success, result) = attestation;
            let attestation = Attestation { kind, packet: PacketId(packet), success, result };
            let batch = Batch { epoch: batch.0, count: batch.1, root: batch.2 };
            let proof = BatchProof { index: proof.0, path: proof.1 };
            StatementPart {
                attestation,
                batch,
                proof,
                signatures: signed.into_iter().map(Signature).collect(),
            }
        },
    )
}

fn leaves() -> impl Strategy<Value = Vec<LeafPart>> {
    let leaf = (any::<[u8; 32]>(), vec(any::<u8>(), 0..50), vec(hash(), 0..4));
    btree_map(any::<u64>(), leaf, 0..4).prop_map(|leaves| {
        let read = leaves.into_iter().map(|(index, (salt, fact, proof))| LeafPart {
            index,
            salt: Salt(salt),
            fact,
            proof,
        });
        read.collect()
    })
}

prop_compose! {
    fn bundle()(
        origin in "[a-z./]{1,20}",
        packet in any::<[u8; 32]>(),
        islands in vec(island(), 0..3),
        mut statements in vec(statement(), 0..3),
        leaves in leaves(),
        checkpoint in vec(any::<u8>(), 0..80),
    ) -> Bundle {
        statements.sort_by_key(|part| (part.attestation.kind, part.batch.epoch, part.batch.root));
        Bundle { origin, packet: PacketId(packet), islands, statements, leaves, checkpoint }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(bundle in bundle()) {
        prop_assert_eq!(Bundle::decode(&bundle.encode()), Ok(bundle));
    }

    #[test]
    fn nothing_stands_behind_a_bundle_and_nothing_of_it_is_left_out(bundle in bundle(), more in any::<u8>()) {
        let bytes = bundle.encode();
        prop_assert!(Bundle::decode(&[&bytes[..], &[more]].concat()).is_err());
        prop_assert!(Bundle::decode(&bytes[..bytes.len() - 1]).is_err());
        prop_assert!(Bundle::decode(&[&[2], &bytes[1..]].concat()).is_err());
    }

    #[test]
    fn changed_bytes_are_refused_or_have_one_form_and_prove_nothing(bundle in bundle(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut bytes = bundle.encode();
        let at = at.index(bytes.len());
        bytes[at] ^= 1u8 << bit;
        if let Ok(bundle) = Bundle::decode(&bytes) {
            prop_assert_eq!(bundle.encode(), bytes);
            prop_assert!(verify(&bundle, &Trust::default()).is_err());
        }
    }

    #[test]
    fn what_is_out_of_order_or_stands_twice_is_refused(mut bundle in bundle()) {
        if let Some(leaf) = bundle.leaves.first().cloned() {
            bundle.leaves.push(leaf);
            prop_assert!(Bundle::decode(&bundle.encode()).is_err());
        }
    }
}
