// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGateway} from "../IGateway.sol";
import {IPacketReceiver} from "../IPacketReceiver.sol";
import {IPacketSender} from "../IPacketSender.sol";

/// The smallest application: messages posted to boards on other islands, and those posted here from there.
contract MessageBoard is IPacketReceiver, IPacketSender {
    /// A message from another island.
    struct Message {
        /// Id of the gateway it came from.
        bytes32 source;
        /// Who sent the packet there: in general another board.
        bytes sender;
        bytes text;
    }

    /// What became of a message that was posted from here.
    enum Outcome {
        Unknown,
        Pending,
        Accepted,
        Rejected,
        Expired
    }

    error NotGateway();
    error NotKeeper();
    /// The board is switched to refuse messages.
    error BoardFailing();

    event Posted(bytes32 indexed id, address indexed author);
    event Received(bytes32 indexed id, uint256 index);
    event Ended(bytes32 indexed id, Outcome outcome, bytes result);

    IGateway public immutable gateway;
    /// Who may switch `failing`.
    address public immutable keeper;
    /// While true, every incoming message is refused, to show what a failed delivery looks like.
    bool public failing;
    Message[] private _messages;
    mapping(bytes32 id => Outcome) public outcomes;

    constructor(IGateway gateway_) {
        gateway = gateway_;
        keeper = msg.sender;
    }

    modifier onlyGateway() {
        if (msg.sender != address(gateway)) revert NotGateway();
        _;
    }

    /// Posts `text` to the board at `receiver` behind gateway `destination`; the rest is as in the gateway's `send`.
    function post(
        bytes32 destination,
        string calldata lane,
        bool ordered,
        bytes calldata receiver,
        uint64 timeout,
        uint64 budget,
        bytes calldata text
    ) external returns (bytes32 id) {
        (id,) = gateway.send(destination, lane, ordered, receiver, timeout, budget, text);
        outcomes[id] = Outcome.Pending;
        emit Posted(id, msg.sender);
    }

    function setFailing(bool failing_) external {
        if (msg.sender != keeper) revert NotKeeper();
        failing = failing_;
    }

    /// How many messages were received.
    function count() external view returns (uint256) {
        return _messages.length;
    }

    function message(uint256 index) external view returns (Message memory) {
        return _messages[index];
    }

    /// Keeps the message, and answers with its index as one word.
    function onPacket(bytes32 id, bytes32 source, bytes calldata sender, bytes calldata payload)
        external
        onlyGateway
        returns (bytes memory)
    {
        if (failing) revert BoardFailing();
        uint256 index = _messages.length;
        _messages.push(Message(source, sender, payload));
        emit Received(id, index);
        return abi.encode(index);
    }

    function onAck(bytes32 id, bool success, bytes calldata result) external onlyGateway {
        _end(id, success ? Outcome.Accepted : Outcome.Rejected, result);
    }

    function onExpired(bytes32 id) external onlyGateway {
        _end(id, Outcome.Expired, "");
    }

    function _end(bytes32 id, Outcome outcome, bytes memory result) private {
        outcomes[id] = outcome;
        emit Ended(id, outcome, result);
    }
}
