// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchProof, Delivery, Proof, Settlement} from "./Types.sol";

/// The events of a gateway: what is proven about it elsewhere. Each carries `number`, gap-free from 1, so that one left
/// out is noticed, and the gateway's id, so that another gateway's event is never taken for it.
interface IGatewayEvents {
    event Opened(
        uint64 indexed number,
        bytes32 indexed gateway,
        bytes32 indexed island,
        bytes32 hub,
        address owner,
        uint64 epoch,
        uint8 threshold,
        address[] attestors
    );
    /// The packet (its source is `gateway`), and what its lane id commits to beside the packet's own fields: `name`,
    /// keccak-256 of the lane's name, and `ordered`.
    event PacketSent(
        uint64 indexed number,
        bytes32 indexed gateway,
        bytes32 indexed id,
        bytes32 destination,
        bytes32 lane,
        uint64 sequence,
        bytes sender,
        bytes receiver,
        uint64 timeout,
        uint64 budget,
        bytes payload,
        bytes32 name,
        bool ordered
    );
    event PacketDelivered(
        uint64 indexed number, bytes32 indexed gateway, bytes32 indexed id, bool success, bytes result
    );
    event PacketExpired(uint64 indexed number, bytes32 indexed gateway, bytes32 indexed id);
    event PacketSettled(
        uint64 indexed number, bytes32 indexed gateway, bytes32 indexed id, uint8 kind, bool success
    );
    event AttestorsRotated(
        uint64 indexed number, bytes32 indexed gateway, uint64 epoch, uint8 threshold, address[] attestors
    );
    event RotationNoticed(
        uint64 indexed number,
        bytes32 indexed gateway,
        uint64 epoch,
        uint8 threshold,
        address[] attestors,
        uint64 effective
    );
    event Paused(uint64 indexed number, bytes32 indexed gateway);
    event Unpaused(uint64 indexed number, bytes32 indexed gateway);
    event Closed(uint64 indexed number, bytes32 indexed gateway);
    event Beat(uint64 indexed number, bytes32 indexed gateway);
    event Blocked(uint64 indexed number, bytes32 indexed gateway, bytes32 indexed source);
    event Unblocked(uint64 indexed number, bytes32 indexed gateway, bytes32 indexed source);
}

/// Why a gateway refuses. Those of the last group are about one item: a batch skips the item and reports the selector.
interface IGatewayErrors {
    // The gateway and its owner.
    error ZeroOwner();
    error NotOwner();
    error NotOpened();
    error AlreadyOpened();
    error ZeroIsland();
    /// The parent's hash, this gateway's birth, is not known to the chain's VM.
    error NoBirth();
    error GatewayPaused();
    error NotPaused();
    error GatewayClosed();
    error NotBlocked();
    /// A callback called back.
    error Locked();

    // Attestors: n/2 < threshold <= n <= 32, addresses ascending and not zero.
    error BadThreshold(uint256 threshold, uint256 attestors);
    error TooManyAttestors(uint256 attestors);
    error AttestorsNotAscending();
    error NoticeMismatch();
    error NoticeNotOver(uint256 effective, uint256 current);

    // Proofs and signatures.
    error WrongEpoch(uint64 expected, uint64 given);
    error BadCount(uint256 count);
    error BadIndex(uint256 index, uint256 count);
    error BadPath();
    /// A batch without items, or whose indices and paths do not match its items.
    error BadBatch();
    error TooFewSignatures(uint256 needed, uint256 given);
    error BadSignature();
    error SignersNotAscending();
    error NotAttestor(address signer);

    // Sending.
    error BadDestination();
    error ReceiverTooLong(uint256 length);
    error BadTimeout(uint256 timeout, uint256 current);
    error BudgetTooLarge();
    error PayloadTooLarge(uint256 length, uint256 limit);

    /// Less gas than the receiver is guaranteed. Never skipped: see Inbox.
    error InsufficientGas();

    // One item of deliver, expire or settle.
    error BadKind();
    error WrongDestination();
    error WrongSource();
    error WrongLane();
    error WrongSequence();
    /// Already delivered or expired.
    error AlreadyFinal();
    error SourceBlocked();
    error PastTimeout();
    error NotPastTimeout();
    error UnknownPacket();
    error AlreadySettled();
    /// Success or a result beside EXPIRED or VOID.
    error OutcomeNotEmpty();
    error NotVoidable();
    /// The sender's callback reverted in the gas a batch gave it.
    error CallbackFailed();
}

/// A gateway, as applications and relayers see it.
interface IGateway is IGatewayEvents, IGatewayErrors {
    /// Sends a packet from msg.sender. Allowed inside callbacks.
    /// @param destination id of the gateway it goes to
    /// @param lane the lane's name
    /// @param ordered an ordered lane belongs to this sender and this receiver
    /// @param timeout last second of destination time at which it can be delivered: after now, within `timeoutWindow`
    /// @param budget gas the receiver is guaranteed, at most 5,000,000
    function send(
        bytes32 destination,
        string calldata lane,
        bool ordered,
        bytes calldata receiver,
        uint64 timeout,
        uint64 budget,
        bytes calldata payload
    ) external returns (bytes32 id, uint64 sequence);

    /// Delivers one packet, with DELIVER signatures.
    function deliver(Delivery calldata item, Proof calldata proof) external;
    /// Delivers what can be delivered of a batch.
    /// @return refusals for each item 0, or the selector of the error that it alone would revert with
    function deliverBatch(Delivery[] calldata items, BatchProof calldata proof)
        external
        returns (bytes4[] memory refusals);

    /// Ends a packet that was not delivered: with DELIVER signatures once past its timeout (or at once when closed),
    /// with REFUSE signatures at any time.
    function expire(Delivery calldata item, uint8 kind, Proof calldata proof) external;
    function expireBatch(Delivery[] calldata items, uint8 kind, BatchProof calldata proof)
        external
        returns (bytes4[] memory refusals);

    /// Brings an outcome home and calls the sender's onAck or onExpired. VOID is for the owner alone, 30 days past the
    /// timeout.
    function settle(Settlement calldata item, Proof calldata proof) external;
    /// @param callbackGas gas each callback gets; one that reverts in it leaves its item unsettled, to be settled alone
    function settleBatch(Settlement[] calldata items, uint64 callbackGas, BatchProof calldata proof)
        external
        returns (bytes4[] memory refusals);
}
