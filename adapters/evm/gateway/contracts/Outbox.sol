// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AttestorSet} from "./AttestorSet.sol";
import {Digests} from "./Digests.sol";
import {Execution} from "./Execution.sol";
import {IPacketSender} from "./IPacketSender.sol";
import {BatchProof, EXPIRED, Lane, Proof, RESULT, Settlement, VOID} from "./Types.sol";

/// Where packets leave, and where what became of them comes home, once for each.
///
/// Settlement does not catch: a callback that reverts leaves its packet unsettled, and anyone may try again. A batch
/// gives every callback the same gas, chosen by its caller and checked like a budget, so that one callback cannot use
/// up the others'; an item whose callback fails in it is skipped, to be settled alone, where nothing limits its gas.
abstract contract Outbox is AttestorSet {
    enum Departure {
        None,
        Sent,
        Settled
    }

    /// What is remembered of a packet that left, in one storage slot.
    struct Outgoing {
        address sender;
        uint64 timeout;
        Departure state;
    }

    uint256 private constant MAX_RECEIVER = 64;
    /// How long after its timeout a packet to a dead destination can be given up.
    uint256 private constant VOID_DELAY = 30 days;

    /// A packet that left, by its id.
    mapping(bytes32 id => Outgoing) public sent;

    function send(
        bytes32 destination,
        string calldata lane,
        bool ordered,
        bytes calldata receiver,
        uint64 timeout,
        uint64 budget,
        bytes calldata payload
    ) external returns (bytes32 id, uint64 sequence) {
        _checkRunning();
        if (destination == 0 || destination == gatewayId) revert BadDestination();
        if (receiver.length > MAX_RECEIVER) revert ReceiverTooLong(receiver.length);
        if (timeout <= _now() || timeout > _now() + timeoutWindow) revert BadTimeout(timeout, _now());
        if (budget > 5_000_000) revert BudgetTooLarge();
        if (payload.length > payloadLimit) revert PayloadTooLarge(payload.length, payloadLimit);
        return _send(destination, Lane(keccak256(bytes(lane)), ordered), receiver, timeout, budget, payload);
    }

    function settle(Settlement calldata item, Proof calldata proof) external onlyOpened locked {
        _checkProof(_attestation(item), proof);
        bytes4 refusal = _check(item);
        if (refusal != 0) Execution.raise(refusal);
        Outgoing storage packet = sent[item.id];
        packet.state = Departure.Settled;
        address sender = packet.sender;
        if (sender.code.length != 0 && !Execution.call(sender, gasleft(), _callback(item))) Execution.bubble();
        emit PacketSettled(_nextNumber(), gatewayId, item.id, item.kind, item.success);
    }

    function settleBatch(Settlement[] calldata items, uint64 callbackGas, BatchProof calldata proof)
        external
        onlyOpened
        locked
        returns (bytes4[] memory refusals)
    {
        bytes32[] memory attestations = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            attestations[i] = _attestation(items[i]);
        }
        _checkProofs(attestations, proof);
        refusals = new bytes4[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            refusals[i] = _settleWithin(items[i], callbackGas);
        }
    }

    function _settleWithin(Settlement calldata item, uint64 callbackGas) private returns (bytes4 refusal) {
        refusal = _check(item);
        if (refusal != 0) return refusal;
        Outgoing storage packet = sent[item.id];
        packet.state = Departure.Settled;
        address sender = packet.sender;
        if (sender.code.length != 0 && !Execution.run(sender, callbackGas, _callback(item))) {
            packet.state = Departure.Sent;
            return CallbackFailed.selector;
        }
        emit PacketSettled(_nextNumber(), gatewayId, item.id, item.kind, item.success);
    }

    function _send(
        bytes32 destination,
        Lane memory lane,
        bytes calldata receiver,
        uint64 timeout,
        uint64 budget,
        bytes calldata payload
    ) private returns (bytes32 id, uint64 sequence) {
        bytes32 self = gatewayId;
        bytes memory sender = abi.encodePacked(msg.sender);
        bytes32 laneId = Digests.laneId(self, destination, lane.name, lane.ordered, sender, receiver);
        sequence = ++_sequences[laneId];
        id = Digests.packetId(self, destination, laneId, sequence, sender, receiver, timeout, budget, payload);
        sent[id] = Outgoing(msg.sender, timeout, Departure.Sent);
        emit PacketSent(
            _nextNumber(),
            self,
            id,
            destination,
            laneId,
            sequence,
            sender,
            receiver,
            timeout,
            budget,
            payload,
            lane.name,
            lane.ordered
        );
    }

    function _attestation(Settlement calldata item) private pure returns (bytes32) {
        if (item.kind < RESULT || item.kind > VOID) revert BadKind();
        if (item.kind == RESULT) {
            return Digests.attestation(RESULT, item.id, item.success, keccak256(item.result));
        }
        if (item.success || item.result.length != 0) revert OutcomeNotEmpty();
        return Digests.attestation(item.kind, item.id, false, 0);
    }

    function _check(Settlement calldata item) private view returns (bytes4) {
        Outgoing memory packet = sent[item.id];
        if (packet.state == Departure.None) return UnknownPacket.selector;
        if (packet.state == Departure.Settled) return AlreadySettled.selector;
        if (item.kind == VOID && (msg.sender != owner || _now() <= packet.timeout + VOID_DELAY)) {
            return NotVoidable.selector;
        }
        return 0;
    }

    function _callback(Settlement calldata item) private pure returns (bytes memory) {
        if (item.kind == RESULT) return abi.encodeCall(IPacketSender.onAck, (item.id, item.success, item.result));
        return abi.encodeCall(IPacketSender.onExpired, (item.id));
    }
}
