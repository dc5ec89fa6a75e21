// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AttestorSet} from "./AttestorSet.sol";
import {Digests} from "./Digests.sol";
import {Execution} from "./Execution.sol";
import {IPacketReceiver} from "./IPacketReceiver.sol";
import {BatchProof, DELIVER, Delivery, Lane, Packet, Proof, REFUSE} from "./Types.sol";

/// Where packets arrive: each is delivered once or expires, never both, and what happened is never forgotten.
///
/// A batch isolates its items: one that cannot be processed is skipped. Too little gas is the exception: it reverts the
/// whole batch, since otherwise a caller could, by the gas limit alone, choose which items are skipped, and an estimate
/// of the gas would find that doing nothing is cheapest. What a receiver does cannot use up the others' gas: it gets
/// its packet's budget and no more.
abstract contract Inbox is AttestorSet {
    /// What became of a packet that came here.
    enum Arrival {
        None,
        Delivered,
        Expired
    }

    /// The largest execution budget, in gas.
    uint64 internal constant MAX_BUDGET = 5_000_000;

    /// What became of a packet by its id. Never pruned.
    mapping(bytes32 id => Arrival) public received;

    function deliver(Delivery calldata item, Proof calldata proof) external locked {
        _checkRunning();
        bytes32 id = Digests.packetId(item.packet);
        _checkProof(Digests.attestation(DELIVER, id, false, 0), proof);
        bytes4 refusal = _deliver(item, id);
        if (refusal != 0) Execution.raise(refusal);
    }

    function deliverBatch(Delivery[] calldata items, BatchProof calldata proof)
        external
        locked
        returns (bytes4[] memory refusals)
    {
        _checkRunning();
        bytes32[] memory ids = _checkDeliveries(items, DELIVER, proof);
        refusals = new bytes4[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            // Memory is paid for by its square: what one item needed is used again for the next.
            uint256 free = _mark();
            refusals[i] = _deliver(items[i], ids[i]);
            _release(free);
        }
    }

    function expire(Delivery calldata item, uint8 kind, Proof calldata proof) external onlyOpened locked {
        if (kind != DELIVER && kind != REFUSE) revert BadKind();
        bytes32 id = Digests.packetId(item.packet);
        _checkProof(Digests.attestation(kind, id, false, 0), proof);
        bytes4 refusal = _expire(item, kind, id);
        if (refusal != 0) Execution.raise(refusal);
    }

    function expireBatch(Delivery[] calldata items, uint8 kind, BatchProof calldata proof)
        external
        onlyOpened
        locked
        returns (bytes4[] memory refusals)
    {
        if (kind != DELIVER && kind != REFUSE) revert BadKind();
        bytes32[] memory ids = _checkDeliveries(items, kind, proof);
        refusals = new bytes4[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            uint256 free = _mark();
            refusals[i] = _expire(items[i], kind, ids[i]);
            _release(free);
        }
    }

    function _checkDeliveries(Delivery[] calldata items, uint8 kind, BatchProof calldata proof)
        private
        view
        returns (bytes32[] memory ids)
    {
        ids = new bytes32[](items.length);
        bytes32[] memory attestations = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            uint256 free = _mark();
            ids[i] = Digests.packetId(items[i].packet);
            attestations[i] = Digests.attestation(kind, ids[i], false, 0);
            _release(free);
        }
        _checkProofs(attestations, proof);
    }

    /// Delivers one attested packet. A receiver that fails is a failed delivery, not a refusal.
    function _deliver(Delivery calldata item, bytes32 id) private returns (bytes4 refusal) {
        Packet calldata p = item.packet;
        refusal = _check(p, item.lane, id);
        if (refusal != 0) return refusal;
        if (blocked[p.source]) return SourceBlocked.selector;
        if (p.budget > MAX_BUDGET) return BudgetTooLarge.selector;
        if (_now() > p.timeout) return PastTimeout.selector;
        _finish(p, item.lane, id, Arrival.Delivered);
        (bool success, bytes memory result) = _hand(p, id);
        emit PacketDelivered(_nextNumber(), gatewayId, id, success, result);
    }

    /// Calls the receiver, if there is one.
    function _hand(Packet calldata p, bytes32 id) private returns (bool success, bytes memory result) {
        if (p.receiver.length != 20) return (false, "");
        address receiver = address(bytes20(p.receiver));
        if (receiver.code.length == 0 || receiver == address(this)) return (false, "");
        bytes memory input = abi.encodeCall(IPacketReceiver.onPacket, (id, p.source, p.sender, p.payload));
        success = Execution.run(receiver, p.budget, input);
        result = success ? Execution.result() : Execution.reason();
    }

    function _expire(Delivery calldata item, uint8 kind, bytes32 id) private returns (bytes4 refusal) {
        refusal = _check(item.packet, item.lane, id);
        if (refusal != 0) return refusal;
        if (kind == DELIVER && !_head.closed && _now() <= item.packet.timeout) return NotPastTimeout.selector;
        _finish(item.packet, item.lane, id, Arrival.Expired);
        emit PacketExpired(_nextNumber(), gatewayId, id);
    }

    /// What deliver and expire have in common: the packet is for this gateway, in the lane it says, and has not ended;
    /// in an ordered lane it is the next.
    function _check(Packet calldata p, Lane calldata lane, bytes32 id) private view returns (bytes4) {
        if (p.destination != gatewayId) return WrongDestination.selector;
        if (p.source == gatewayId) return WrongSource.selector;
        if (p.lane != Digests.laneId(p.source, p.destination, lane.name, lane.ordered, p.sender, p.receiver)) {
            return WrongLane.selector;
        }
        if (received[id] != Arrival.None) return AlreadyFinal.selector;
        if (lane.ordered && p.sequence != _sequences[p.lane] + 1) return WrongSequence.selector;
        return 0;
    }

    /// Before anything else runs: a packet that calls back finds itself ended.
    function _finish(Packet calldata p, Lane calldata lane, bytes32 id, Arrival arrival) private {
        received[id] = arrival;
        if (lane.ordered) _sequences[p.lane] = p.sequence;
    }

    function _mark() private pure returns (uint256 free) {
        assembly ("memory-safe") {
            free := mload(0x40)
        }
    }

    /// Nothing that was allocated since `_mark` may be used any more.
    function _release(uint256 free) private pure {
        assembly ("memory-safe") {
            mstore(0x40, free)
        }
    }
}
