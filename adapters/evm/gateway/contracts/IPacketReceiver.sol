// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// A contract that packets can be sent to.
interface IPacketReceiver {
    /// Called once for a packet, by the gateway, with exactly the packet's budget of gas. A revert is a failed
    /// delivery: the sender learns the first 1024 bytes of it. A receiver that keeps accounts keeps them for each
    /// (source, sender): a remote island can forge its own events, and must not reach what others put in.
    /// @param id the packet's id
    /// @param source id of the gateway the packet comes from
    /// @param sender who sent it there, in that gateway's form
    /// @return the result that goes home, at most 1024 bytes (a longer one is replaced by an empty one)
    function onPacket(bytes32 id, bytes32 source, bytes calldata sender, bytes calldata payload)
        external
        returns (bytes memory);
}
