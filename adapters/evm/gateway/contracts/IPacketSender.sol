// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// A contract that sends packets. The gateway calls exactly one of these, once, for each packet. A revert is not
/// caught: the settlement reverts with it and can be tried again, so a refund is never lost.
interface IPacketSender {
    /// The packet was delivered.
    /// @param success whether the receiver accepted it
    /// @param result what the receiver returned or, without success, the beginning of its revert data
    function onAck(bytes32 id, bool success, bytes calldata result) external;

    /// The packet was not and will never be delivered: what it carried has to be given back.
    function onExpired(bytes32 id) external;
}
