// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGatewayErrors} from "./IGateway.sol";

/// Calls into applications: never with less gas than promised, never copying more than a bounded answer.
library Execution {
    /// What a gateway keeps back for itself: the answer's copy, the event, its own last writes.
    uint256 internal constant RESERVE = 60_000;
    /// The longest result or revert data that goes home.
    uint256 internal constant MAX_RESULT = 1024;
    /// The canonical ABI form of one `bytes`: offset, length, content.
    uint256 private constant MAX_ANSWER = 1088;

    /// Calls with exactly `budget` gas, or reverts. The EVM hands a call at most 63/64 of what is left (EIP-150), so
    /// the caller of the gateway could otherwise make the callee fail by starving it.
    function run(address callee, uint256 budget, bytes memory input) internal returns (bool success) {
        uint256 left = gasleft();
        if (left < RESERVE) revert IGatewayErrors.InsufficientGas();
        left -= RESERVE;
        if (left - left / 64 <= budget) revert IGatewayErrors.InsufficientGas();
        success = call(callee, budget, input);
    }

    /// Calls with up to `limit` gas. The answer stays where it is.
    function call(address callee, uint256 limit, bytes memory input) internal returns (bool success) {
        assembly ("memory-safe") {
            success := call(limit, callee, 0, add(input, 0x20), mload(input), 0, 0)
        }
    }

    /// What the last call, which succeeded, returned: the content of one canonical ABI `bytes` of at most 1024 bytes,
    /// else nothing.
    function result() internal pure returns (bytes memory content) {
        assembly ("memory-safe") {
            // The zero slot: an empty `bytes`.
            content := 0x60
            let size := returndatasize()
            if and(gt(size, 0x3f), iszero(gt(size, MAX_ANSWER))) {
                let answer := mload(0x40)
                returndatacopy(answer, 0, size)
                let length := mload(add(answer, 0x20))
                // A length near 2^256 must not wrap around when it is rounded up.
                if and(eq(mload(answer), 0x20), iszero(gt(length, MAX_RESULT))) {
                    let padded := and(add(length, 0x1f), not(0x1f))
                    // The bits of the last word behind the content; without any, the shift makes it zero.
                    let padding := shl(shl(3, sub(0x20, sub(padded, length))), mload(add(add(answer, 0x20), padded)))
                    if and(eq(size, add(0x40, padded)), or(eq(padded, length), iszero(padding))) {
                        content := add(answer, 0x20)
                        mstore(0x40, add(answer, size))
                    }
                }
            }
        }
    }

    /// The first 1024 bytes of what the last call, which failed, reverted with.
    function reason() internal pure returns (bytes memory content) {
        assembly ("memory-safe") {
            let size := returndatasize()
            if gt(size, MAX_RESULT) { size := MAX_RESULT }
            content := mload(0x40)
            mstore(content, size)
            returndatacopy(add(content, 0x20), 0, size)
            mstore(0x40, and(add(add(content, size), 0x3f), not(0x1f)))
        }
    }

    /// Reverts with the first 1024 bytes of what the last call reverted with.
    function bubble() internal pure {
        bytes memory data = reason();
        assembly ("memory-safe") {
            revert(add(data, 0x20), mload(data))
        }
    }

    /// Reverts with an error that has no arguments.
    function raise(bytes4 selector) internal pure {
        assembly ("memory-safe") {
            mstore(0, selector)
            revert(0, 4)
        }
    }
}
