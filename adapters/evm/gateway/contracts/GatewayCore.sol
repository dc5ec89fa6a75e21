// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Digests} from "./Digests.sol";
import {IGateway} from "./IGateway.sol";

/// What every part of a gateway shares: who it is, its event numbers, its clock, its lock, and its owner's switches.
abstract contract GatewayCore is IGateway {
    /// Everything that is read and written by nearly every call, in one storage slot.
    struct Head {
        uint64 number;
        uint64 epoch;
        uint8 threshold;
        bool paused;
        bool closed;
        bool locked;
    }

    /// Who may open, pause, block, rotate and close. For ever: make it a contract if it has to change hands.
    address public immutable owner;
    /// How far ahead, in seconds, a packet's timeout may lie.
    uint64 public immutable timeoutWindow;
    /// The longest payload `send` takes, in bytes.
    uint64 public immutable payloadLimit;

    /// This gateway's id; zero until it is opened.
    bytes32 public gatewayId;
    /// The island it stands on.
    bytes32 public island;
    /// Hash of the origin line of the hub's log, as told at opening.
    bytes32 public hub;
    /// Sources whose packets are not delivered here.
    mapping(bytes32 source => bool) public blocked;

    Head internal _head;
    /// The last sequence of a lane: sent on lanes that start here, ended on ordered lanes that end here.
    mapping(bytes32 lane => uint64) internal _sequences;

    constructor(address owner_, uint64 timeoutWindow_, uint64 payloadLimit_) {
        if (owner_ == address(0)) revert ZeroOwner();
        owner = owner_;
        timeoutWindow = timeoutWindow_;
        payloadLimit = payloadLimit_;
    }

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner();
        _;
    }

    modifier onlyOpened() {
        if (gatewayId == 0) revert NotOpened();
        _;
    }

    /// No call under this lock starts inside another one. `send` has no lock: callbacks may send.
    modifier locked() {
        if (_head.locked) revert Locked();
        _head.locked = true;
        _;
        _head.locked = false;
    }

    /// Number of the last event.
    function number() external view returns (uint64) {
        return _head.number;
    }

    function paused() external view returns (bool) {
        return _head.paused;
    }

    function closed() external view returns (bool) {
        return _head.closed;
    }

    /// The sequence that comes next in a lane: of the next packet sent on a lane that starts here, of the only packet
    /// that can be delivered or expired on an ordered lane that ends here.
    function nextSequence(bytes32 lane) external view returns (uint64) {
        return _sequences[lane] + 1;
    }

    /// Stops send and deliver, never expire or settle.
    function pause() external onlyOwner onlyOpened {
        if (_head.paused) revert GatewayPaused();
        _head.paused = true;
        emit Paused(_nextNumber(), gatewayId);
    }

    function unpause() external onlyOwner onlyOpened {
        if (!_head.paused) revert NotPaused();
        _head.paused = false;
        emit Unpaused(_nextNumber(), gatewayId);
    }

    /// Ends send and deliver for ever, and lets expire run at once.
    function close() external onlyOwner onlyOpened {
        if (_head.closed) revert GatewayClosed();
        _head.closed = true;
        emit Closed(_nextNumber(), gatewayId);
    }

    /// Stops deliveries from one source, whatever has been signed for it already. Its packets can still expire.
    function blockSource(bytes32 source) external onlyOwner onlyOpened {
        if (blocked[source]) revert SourceBlocked();
        blocked[source] = true;
        emit Blocked(_nextNumber(), gatewayId, source);
    }

    function unblockSource(bytes32 source) external onlyOwner onlyOpened {
        if (!blocked[source]) revert NotBlocked();
        blocked[source] = false;
        emit Unblocked(_nextNumber(), gatewayId, source);
    }

    /// Anyone's sign of life, so that a chain that makes blocks only on demand stays inside its trusting period.
    function beat() external onlyOpened {
        emit Beat(_nextNumber(), gatewayId);
    }

    /// Takes the identity of this gateway on `island_`: once, from the parent's hash.
    function _bear(bytes32 island_, bytes32 hub_) internal {
        if (gatewayId != 0) revert AlreadyOpened();
        if (island_ == 0) revert ZeroIsland();
        bytes32 birth = block.number == 0 ? bytes32(0) : blockhash(block.number - 1);
        if (birth == 0) revert NoBirth();
        island = island_;
        hub = hub_;
        gatewayId = Digests.gatewayId(island_, address(this), birth);
    }

    /// Send and deliver need a gateway that is open, not paused and not closed.
    function _checkRunning() internal view {
        if (gatewayId == 0) revert NotOpened();
        if (_head.paused) revert GatewayPaused();
        if (_head.closed) revert GatewayClosed();
    }

    /// The number of the event that is about to be emitted.
    function _nextNumber() internal returns (uint64) {
        return ++_head.number;
    }

    /// Unix seconds. FISCO BCOS reports milliseconds until its feature_evm_timestamp; seconds pass 10^11 in the year 5138.
    function _now() internal view returns (uint256) {
        return block.timestamp > 10 ** 11 ? block.timestamp / 1000 : block.timestamp;
    }
}
