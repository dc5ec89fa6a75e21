// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGatewayErrors} from "./IGateway.sol";

/// A tree of RFC 6962's shape over keccak-256, with one-byte prefixes: leaf 0x00, inner node 0x01.
library MerkleTree {
    /// The largest batch attestors sign.
    uint256 internal constant MAX_COUNT = 1024;

    /// Refuses counts outside 1 to 1024.
    function checkCount(uint256 count) internal pure {
        if (count == 0 || count > MAX_COUNT) revert IGatewayErrors.BadCount(count);
    }

    /// Hash of a leaf.
    function leaf(bytes32 value) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore8(0x00, 0x00)
            mstore(0x01, value)
            hash := keccak256(0x00, 0x21)
        }
    }

    /// The root that a leaf's path leads to (RFC 9162, 2.1.3.2). Reverts unless the path is exactly as long as the
    /// leaf's place in a tree of `count` leaves implies.
    function climb(bytes32 hash, uint256 index, uint256 count, bytes32[] calldata path)
        internal
        pure
        returns (bytes32)
    {
        checkCount(count);
        if (index >= count) revert IGatewayErrors.BadIndex(index, count);
        uint256 last = count - 1;
        for (uint256 i = 0; i < path.length; ++i) {
            if (last == 0) revert IGatewayErrors.BadPath();
            if (index & 1 == 1 || index == last) {
                hash = _node(path[i], hash);
                // A right edge that is no full pair has no sibling on these levels.
                while (index & 1 == 0 && index != 0) {
                    index >>= 1;
                    last >>= 1;
                }
            } else {
                hash = _node(hash, path[i]);
            }
            index >>= 1;
            last >>= 1;
        }
        if (last != 0) revert IGatewayErrors.BadPath();
        return hash;
    }

    /// The root over all leaf hashes, which it overwrites. Pairing level by level, with a lone last node moved up as it
    /// is, gives the same tree as RFC 6962's split at the largest power of two.
    function root(bytes32[] memory level) internal pure returns (bytes32) {
        uint256 width = level.length;
        checkCount(width);
        while (width > 1) {
            uint256 pairs = width / 2;
            for (uint256 i = 0; i < pairs; ++i) {
                level[i] = _node(level[2 * i], level[2 * i + 1]);
            }
            if (width & 1 == 1) level[pairs] = level[width - 1];
            width = pairs + (width & 1);
        }
        return level[0];
    }

    function _node(bytes32 left, bytes32 right) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            // 65 bytes from the scratch space into the free memory pointer's first byte, which is restored.
            let free := mload(0x40)
            mstore8(0x00, 0x01)
            mstore(0x01, left)
            mstore(0x21, right)
            hash := keccak256(0x00, 0x41)
            mstore(0x40, free)
        }
    }
}
