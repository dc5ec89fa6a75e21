// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Digests} from "../../contracts/Digests.sol";
import {MerkleTree} from "../../contracts/MerkleTree.sol";
import {Packet} from "../../contracts/Types.sol";

/// The gateway's digests and trees, as functions that a test can call.
contract DigestsProbe {
    function gatewayId(bytes32 island, address place, bytes32 birth) external pure returns (bytes32) {
        return Digests.gatewayId(island, place, birth);
    }

    function laneId(
        bytes32 source,
        bytes32 destination,
        bytes32 name,
        bool ordered,
        bytes calldata sender,
        bytes calldata receiver
    ) external pure returns (bytes32) {
        return Digests.laneId(source, destination, name, ordered, sender, receiver);
    }

    function packetId(Packet calldata packet) external pure returns (bytes32) {
        return Digests.packetId(packet);
    }

    function attestation(uint8 kind, bytes32 packet, bool success, bytes32 result) external pure returns (bytes32) {
        return Digests.attestation(kind, packet, success, result);
    }

    function batch(bytes32 id, uint64 epoch, uint256 count, bytes32 root_) external pure returns (bytes32) {
        return Digests.batch(id, epoch, count, root_);
    }

    function rotation(bytes32 id, uint64 epoch, uint8 threshold, address[] calldata attestors)
        external
        pure
        returns (bytes32)
    {
        return Digests.rotation(id, epoch, threshold, attestors);
    }

    function climb(bytes32 attestation_, uint256 index, uint256 count, bytes32[] calldata path)
        external
        pure
        returns (bytes32)
    {
        return MerkleTree.climb(MerkleTree.leaf(attestation_), index, count, path);
    }

    function root(bytes32[] memory attestations) external pure returns (bytes32) {
        for (uint256 i = 0; i < attestations.length; ++i) {
            attestations[i] = MerkleTree.leaf(attestations[i]);
        }
        return MerkleTree.root(attestations);
    }
}
