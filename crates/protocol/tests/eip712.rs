//! Struct hashes against an independent EIP-712 implementation, on random values.

#![allow(clippy::unwrap_used)] // a test may panic

use alloy_primitives::{B256, U256};
use alloy_sol_types::{Eip712Domain, SolStruct, sol};
use causeway_protocol::{
    Address, Attestation, AttestationKind, Batch, Envelope, GatewayId, Hash, HubId, IslandId, LaneId, Packet,
    PacketId, Rotation,
};
use proptest::prelude::*;

mod oracle {
    use super::sol;

    sol! {
        struct Packet { bytes32 source; bytes32 destination; bytes32 lane; uint64 sequence; bytes sender; bytes receiver; uint64 timeout; uint64 budget; bytes payload; }
        struct Attestation { uint8 kind; bytes32 packet; bool success; bytes32 result; }
        struct Batch { uint64 epoch; uint32 count; bytes32 root; }
        struct Rotation { uint64 epoch; uint8 threshold; address[] attestors; }
        struct Envelope { bytes32 hub; bytes32 island; uint64 first; uint64 last; bytes32 evidence; address relayer; }
    }
}

fn gateway_domain(gateway: GatewayId) -> Eip712Domain {
    Eip712Domain::new(Some("Causeway".into()), Some("1".into()), None, None, Some(B256::from(gateway.0)))
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

prop_compose! {
    fn packets()(
        ids in any::<[[u8; 32]; 3]>(),
        numbers in any::<[u64; 3]>(),
        sender in bytes(65),
        receiver in bytes(65),
        payload in bytes(300),
    ) -> Packet {
        Packet {
            source: GatewayId(ids[0]),
            destination: GatewayId(ids[1]),
            lane: LaneId(ids[2]),
            sequence: numbers[0],
            timeout: numbers[1],
            budget: numbers[2],
            sender,
            receiver,
            payload,
        }
    }
}

proptest! {
    #[test]
    fn packet_ids_equal_the_oracle(packet in packets()) {
        let oracle = oracle::Packet {
            source: packet.source.0.into(),
            destination: packet.destination.0.into(),
            lane: packet.lane.0.into(),
            sequence: packet.sequence,
            sender: packet.sender.clone().into(),
            receiver: packet.receiver.clone().into(),
            timeout: packet.timeout,
            budget: packet.budget,
            payload: packet.payload.clone().into(),
        };
        prop_assert_eq!(packet.id().0, oracle.eip712_hash_struct().0);
    }

    #[test]
    fn packets_survive_json(packet in packets()) {
        let json = serde_json::to_string(&packet).unwrap();
        prop_assert_eq!(serde_json::from_str::<Packet>(&json).unwrap(), packet);
    }

    #[test]
    fn leaves_and_batches_equal_the_oracle(
        kind in 1u8..=5,
        packet in any::<[u8; 32]>(),
        success in any::<bool>(),
        result in any::<[u8; 32]>(),
        epoch in any::<u64>(),
        gateway in any::<[u8; 32]>(),
    ) {
        let attestation = Attestation {
            kind: AttestationKind::try_from(kind).unwrap(),
            packet: PacketId(packet),
            success,
            result: Hash(result),
        };
        let oracle = oracle::Attestation { kind, packet: packet.into(), success, result: result.into() };
        prop_assert_eq!(attestation.leaf().0, oracle.eip712_hash_struct().0);

        let batch = Batch::of(epoch, &[attestation]).unwrap();
        let oracle = oracle::Batch { epoch, count: 1, root: batch.root.0.into() };
        let gateway = GatewayId(gateway);
        prop_assert_eq!(batch.digest(gateway).0, oracle.eip712_signing_hash(&gateway_domain(gateway)).0);
    }

    #[test]
    fn rotations_equal_the_oracle(
        epoch in any::<u64>(),
        threshold in any::<u8>(),
        attestors in prop::collection::vec(any::<[u8; 20]>(), 0..5),
        gateway in any::<[u8; 32]>(),
    ) {
        let gateway = GatewayId(gateway);
        let rotation = Rotation { epoch, threshold, attestors: attestors.iter().copied().map(Address).collect() };
        let attestors = attestors.into_iter().map(Into::into).collect();
        let oracle = oracle::Rotation { epoch, threshold, attestors };
        prop_assert_eq!(rotation.digest(gateway).0, oracle.eip712_signing_hash(&gateway_domain(gateway)).0);
    }

    #[test]
    fn envelopes_equal_the_oracle(
        ids in any::<[[u8; 32]; 2]>(),
        heights in any::<[u64; 2]>(),
        relayer in any::<[u8; 20]>(),
        evidence in bytes(100),
    ) {
        let envelope = Envelope {
            hub: HubId(ids[0]),
            island: IslandId(ids[1]),
            first: heights[0],
            last: heights[1],
            relayer: Address(relayer),
            evidence,
        };
        let oracle = oracle::Envelope {
            hub: ids[0].into(),
            island: ids[1].into(),
            first: heights[0],
            last: heights[1],
            evidence: envelope.evidence_digest().0.into(),
            relayer: relayer.into(),
        };
        let domain = Eip712Domain::new(Some("Causeway Envelope".into()), Some("1".into()), None::<U256>, None, None);
        prop_assert_eq!(envelope.digest().0, oracle.eip712_signing_hash(&domain).0);
    }
}
