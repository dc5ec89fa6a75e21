//! Evidence and anchors have one form.

use causeway_protocol::{Family, Hash};
use causeway_verifier::ClientState;
use causeway_verifier::fabric::{
    Anchor, Block, Definition, EndorsedRead, Evidence, Run, Seal, SealSignature, Side,
};
use proptest::prelude::*;

use crate::world::client;

type Bytes = Vec<u8>;
type OwnedSeal = (Bytes, Vec<(Bytes, Bytes)>);

fn bytes() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..80)
}

/// Pairs in ascending order, each first item once.
fn ascending(count: core::ops::Range<usize>) -> impl Strategy<Value = Vec<(Bytes, Bytes)>> {
    prop::collection::btree_map(bytes(), bytes(), count).prop_map(|pairs| pairs.into_iter().collect())
}

fn seal() -> impl Strategy<Value = OwnedSeal> {
    (bytes(), ascending(1..4))
}

fn as_seal((value, signatures): &OwnedSeal) -> Seal<'_> {
    let signatures = signatures.iter().map(|(signature_header, signature)| SealSignature {
        signature_header,
        identifier_header: &[],
        signature,
    });
    Seal { value, signatures: signatures.collect() }
}

fn refuses_other_forms(encoded: &[u8]) {
    assert!(Evidence::decode(&[encoded, &[0]].concat()).is_err());
    assert!(Evidence::decode(&encoded[..encoded.len() - 1]).is_err());
}

proptest! {
    #[test]
    fn a_run_is_read_as_it_was_written(
        first in any::<u64>(),
        parent in any::<[u8; 32]>(),
        blocks in prop::collection::vec((bytes(), prop::option::of(seal())), 1..5),
        reads in prop::collection::btree_map(bytes(), (bytes(), bytes(), bytes(), ascending(0..4)), 0..4),
    ) {
        let blocks = blocks.iter().map(|(data, seal)| Block { data, seal: seal.as_ref().map(as_seal) });
        let reads = reads.iter().map(|(header, (signature_header, proposal, response, endorsements))| EndorsedRead {
            channel_header: header,
            signature_header,
            proposal,
            response,
            endorsements: endorsements.iter().map(|(endorser, signature)| (&endorser[..], &signature[..])).collect(),
        });
        let run = Run { first, parent: Hash(parent), blocks: blocks.collect(), reads: reads.collect() };
        let evidence = Evidence::Run(run);
        let encoded = evidence.encode();
        prop_assert_eq!(Evidence::decode(&encoded).unwrap(), evidence);
        refuses_other_forms(&encoded);
    }

    #[test]
    fn an_accusation_is_read_as_it_was_written(
        sides in prop::array::uniform2((any::<u64>(), any::<[u8; 32]>(), prop::collection::vec(any::<[u8; 32]>(), 1..5), seal())),
    ) {
        let sides = sides.each_ref().map(|(first, parent, data, seal)| Side {
            first: *first,
            parent: Hash(*parent),
            data: data.clone(),
            seal: as_seal(seal),
        });
        let evidence = Evidence::Misbehaviour(sides);
        let encoded = evidence.encode();
        prop_assert_eq!(Evidence::decode(&encoded).unwrap(), evidence);
        refuses_other_forms(&encoded);
    }

    #[test]
    fn an_anchor_is_read_as_it_was_written(
        channel in "[a-z.-]{0,20}",
        number in 1_u64..,
        previous in any::<[u8; 32]>(),
        envelope in bytes(),
        time in any::<u64>(),
        trusting_period in any::<u64>(),
        definitions in prop::collection::btree_map("[a-z]{1,10}", (any::<u64>(), bytes()), 0..4),
    ) {
        let definitions = definitions.into_iter().map(|(name, (sequence, policy))| Definition { name, sequence, policy });
        let definitions: Vec<_> = definitions.collect();
        let (channel, previous, envelope) = (&channel[..], &previous[..], &envelope[..]);
        let anchor = Anchor { channel, number, previous, envelope, time, trusting_period, definitions };
        let encoded = anchor.encode();
        prop_assert_eq!(Anchor::decode(&encoded).unwrap(), anchor);
        prop_assert!(Anchor::decode(&[&encoded[..], &[0]].concat()).is_err());
    }

    #[test]
    fn any_bytes_are_evidence_an_anchor_a_state_or_none(data in prop::collection::vec(any::<u8>(), 0..300)) {
        let named = [&[1, 0xf8, u8::try_from(data.len() % 256).unwrap()][..], &data].concat();
        for bytes in [data, named] {
            if let Ok(evidence) = Evidence::decode(&bytes) {
                prop_assert_eq!(evidence.encode(), bytes.clone());
            }
            let _ = client().inspect(&bytes);
            let _ = client().anchor(&bytes);
            let _ = client().summary(&ClientState { family: Family::Fabric, bytes });
        }
    }
}
