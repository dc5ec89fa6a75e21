// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Packet} from "./Types.sol";

/// Identities and digests, byte by byte as every gateway, attestor and the hub compute them.
library Digests {
    bytes32 private constant GATEWAY_TAG = keccak256("causeway/gateway/1");
    bytes32 private constant LANE_TAG = keccak256("causeway/lane/1");
    bytes32 private constant PACKET_TYPE = keccak256(
        "Packet(bytes32 source,bytes32 destination,bytes32 lane,uint64 sequence,bytes sender,bytes receiver,uint64 timeout,uint64 budget,bytes payload)"
    );
    bytes32 private constant ATTESTATION_TYPE =
        keccak256("Attestation(uint8 kind,bytes32 packet,bool success,bytes32 result)");
    bytes32 private constant BATCH_TYPE = keccak256("Batch(uint64 epoch,uint32 count,bytes32 root)");
    bytes32 private constant ROTATION_TYPE = keccak256("Rotation(uint64 epoch,uint8 threshold,address[] attestors)");
    bytes32 private constant DOMAIN_TYPE = keccak256("EIP712Domain(string name,string version,bytes32 salt)");
    bytes32 private constant DOMAIN_NAME = keccak256("Causeway");
    bytes32 private constant DOMAIN_VERSION = keccak256("1");

    /// Id of the gateway at `self` on `island`, born on the block whose hash is `birth`.
    function gatewayId(bytes32 island, address self, bytes32 birth) internal pure returns (bytes32) {
        return keccak256(abi.encode(GATEWAY_TAG, island, keccak256(abi.encodePacked(self)), birth));
    }

    /// Id of a lane; `name` is the hash of its name. An ordered lane belongs to one sender and one receiver.
    function laneId(
        bytes32 source,
        bytes32 destination,
        bytes32 name,
        bool ordered,
        bytes memory sender,
        bytes calldata receiver
    ) internal pure returns (bytes32) {
        bytes32 s;
        bytes32 r;
        if (ordered) (s, r) = (keccak256(sender), keccak256(receiver));
        return keccak256(abi.encode(LANE_TAG, source, destination, name, ordered, s, r));
    }

    /// Id of a packet whose fields are in calldata.
    function packetId(Packet calldata p) internal pure returns (bytes32) {
        return packetId(
            p.source, p.destination, p.lane, p.sequence, p.sender, p.receiver, p.timeout, p.budget, p.payload
        );
    }

    /// Id of a packet from its fields.
    function packetId(
        bytes32 source,
        bytes32 destination,
        bytes32 lane,
        uint64 sequence,
        bytes memory sender,
        bytes calldata receiver,
        uint64 timeout,
        uint64 budget,
        bytes calldata payload
    ) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                PACKET_TYPE,
                source,
                destination,
                lane,
                sequence,
                keccak256(sender),
                keccak256(receiver),
                timeout,
                budget,
                keccak256(payload)
            )
        );
    }

    /// The struct hash of an attestation, which becomes a leaf of the batch's tree.
    function attestation(uint8 kind, bytes32 packet, bool success, bytes32 result) internal pure returns (bytes32) {
        return keccak256(abi.encode(ATTESTATION_TYPE, kind, packet, success, result));
    }

    /// What attestors sign for a batch that gateway `id` checks.
    function batch(bytes32 id, uint64 epoch, uint256 count, bytes32 root) internal pure returns (bytes32) {
        return _digest(id, keccak256(abi.encode(BATCH_TYPE, epoch, count, root)));
    }

    /// What the current attestors sign to hand over to the next set.
    function rotation(bytes32 id, uint64 epoch, uint8 threshold, address[] memory attestors)
        internal
        pure
        returns (bytes32)
    {
        return _digest(
            id, keccak256(abi.encode(ROTATION_TYPE, epoch, threshold, keccak256(abi.encodePacked(attestors))))
        );
    }

    function _digest(bytes32 id, bytes32 structHash) private pure returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN_TYPE, DOMAIN_NAME, DOMAIN_VERSION, id));
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }
}
