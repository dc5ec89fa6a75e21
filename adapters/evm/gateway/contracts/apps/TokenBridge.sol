// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGateway} from "../IGateway.sol";
import {IPacketReceiver} from "../IPacketReceiver.sol";
import {IPacketSender} from "../IPacketSender.sol";
import {IERC20} from "./ERC20.sol";
import {TokenVault} from "./TokenVault.sol";
import {Voucher} from "./Voucher.sol";

/// Moves ERC-20 tokens between islands: a token is kept here and a voucher made there; a voucher that goes back is
/// destroyed, and what it stands for is released.
///
/// A token's path is its address (20 bytes) where it is at home. Behind gateway G, from application A, its voucher's
/// path is `G (32 bytes) ‖ length of A (1 byte) ‖ A ‖ path there`. So a voucher is named by every gateway on the way,
/// and a remote that lies makes nothing but its own vouchers.
///
/// A packet's payload is `abi.encode(uint8 kind, bytes path, bytes to, uint256 amount)`: FORWARD with the path as it is
/// called at the sending bridge, or RETURN with the path as it is called at the receiving one.
contract TokenBridge is TokenVault, IPacketReceiver, IPacketSender {
    /// What is needed to undo a send.
    struct Transfer {
        address from;
        address token;
        uint256 amount;
        /// Whose escrow it went into, or zero if a voucher was destroyed.
        bytes32 account;
    }

    uint8 private constant FORWARD = 0;
    uint8 private constant RETURN = 1;
    string private constant LANE = "tokens";
    /// Longest path: about a dozen islands.
    uint256 private constant MAX_PATH = 1024;

    error NotGateway();
    error BadRecipient();
    error UnknownToken();
    error PathTooLong(uint256 length);
    error UnknownKind(uint8 kind);
    error NothingReceived();
    error AppTooLong(uint256 length);

    event Sent(bytes32 indexed id, address indexed from, address indexed token, uint256 amount);
    event Received(bytes32 indexed id, address indexed to, address indexed token, uint256 amount);
    event Completed(bytes32 indexed id);
    event Refunded(bytes32 indexed id, address indexed from, address indexed token, uint256 amount);

    IGateway public immutable gateway;
    /// Open transfers by packet id.
    mapping(bytes32 id => Transfer) public transfers;
    /// Vouchers by the hash of their path.
    mapping(bytes32 pathHash => Voucher) public vouchers;
    mapping(address token => bool) public isVoucher;

    constructor(IGateway gateway_) {
        gateway = gateway_;
    }

    modifier onlyGateway() {
        if (msg.sender != address(gateway)) revert NotGateway();
        _;
    }

    /// Sends `amount` of `token` to the account `to` on the island behind `destination`, through the bridge `app` there.
    /// @param timeout see the gateway's `send`
    /// @param budget see the gateway's `send`; a first voucher of a token deploys a contract: allow 1,500,000
    function send(
        bytes32 destination,
        bytes calldata app,
        address token,
        uint256 amount,
        bytes calldata to,
        uint64 timeout,
        uint64 budget
    ) external returns (bytes32 id) {
        (Transfer memory transfer, bytes memory payload) = _collect(destination, app, token, amount, to);
        (id,) = gateway.send(destination, LANE, false, app, timeout, budget, payload);
        transfers[id] = transfer;
        emit Sent(id, msg.sender, token, transfer.amount);
    }

    /// Takes the tokens: destroys a voucher that goes back the way it came, keeps anything else in escrow.
    function _collect(bytes32 destination, bytes calldata app, address token, uint256 amount, bytes calldata to)
        private
        returns (Transfer memory transfer, bytes memory payload)
    {
        bytes memory path = abi.encodePacked(token);
        if (isVoucher[token]) {
            path = Voucher(token).path();
            bytes memory prefix = _prefix(destination, app);
            if (_startsWith(path, prefix)) {
                if (amount == 0) revert NothingReceived();
                Voucher(token).burn(msg.sender, amount);
                bytes memory inner = _cut(path, prefix.length);
                return (Transfer(msg.sender, token, amount, 0), abi.encode(RETURN, inner, to, amount));
            }
        }
        bytes32 account = accountOf(destination, app);
        uint256 kept = _escrow(account, token, amount);
        if (kept == 0) revert NothingReceived();
        return (Transfer(msg.sender, token, kept, account), abi.encode(FORWARD, path, to, kept));
    }

    /// A transfer from another island: makes a voucher, or releases what a destroyed voucher stood for.
    function onPacket(bytes32 id, bytes32 source, bytes calldata sender, bytes calldata payload)
        external
        onlyGateway
        returns (bytes memory)
    {
        (uint8 kind, bytes memory path, bytes memory recipient, uint256 amount) =
            abi.decode(payload, (uint8, bytes, bytes, uint256));
        if (recipient.length != 20 || amount == 0) revert BadRecipient();
        address to = address(bytes20(recipient));
        address token;
        if (kind == FORWARD) {
            Voucher voucher = _voucher(bytes.concat(_prefix(source, sender), path));
            voucher.mint(to, amount);
            token = address(voucher);
        } else if (kind == RETURN) {
            token = _token(path);
            bytes32 account = accountOf(source, sender);
            _debit(account, token, amount);
            _payOrOwe(id, account, token, to, amount);
        } else {
            revert UnknownKind(kind);
        }
        emit Received(id, to, token, amount);
        return "";
    }

    function onAck(bytes32 id, bool success, bytes calldata) external onlyGateway {
        if (!success) return _refund(id);
        Transfer memory transfer = transfers[id];
        delete transfers[id];
        if (transfer.account == 0) Voucher(transfer.token).forget(transfer.amount);
        emit Completed(id);
    }

    function onExpired(bytes32 id) external onlyGateway {
        _refund(id);
    }

    /// Undoes a send exactly. It never reverts for want of escrow: a remote that released it to itself by forged
    /// returns must not keep the packet from ending, nor be covered by what other accounts hold. The sender gets a
    /// claim then. Nor does it revert for want of room in a voucher's supply: the voucher keeps it (see Voucher).
    function _refund(bytes32 id) private {
        Transfer memory transfer = transfers[id];
        delete transfers[id];
        if (transfer.account == 0) {
            Voucher(transfer.token).restore(transfer.from, transfer.amount);
        } else if (escrowed[transfer.account][transfer.token] < transfer.amount) {
            _owe(id, transfer.account, transfer.token, transfer.from, transfer.amount, false);
        } else {
            _debit(transfer.account, transfer.token, transfer.amount);
            _payOrOwe(id, transfer.account, transfer.token, transfer.from, transfer.amount);
        }
        emit Refunded(id, transfer.from, transfer.token, transfer.amount);
    }

    /// The voucher of a path, made when it is first needed.
    function _voucher(bytes memory path) private returns (Voucher voucher) {
        if (path.length > MAX_PATH) revert PathTooLong(path.length);
        bytes32 pathHash = keccak256(path);
        voucher = vouchers[pathHash];
        if (address(voucher) == address(0)) {
            voucher = new Voucher{salt: pathHash}(path);
            vouchers[pathHash] = voucher;
            isVoucher[address(voucher)] = true;
        }
    }

    /// The token a path of this bridge names. A voucher is called by its path, never by its address.
    function _token(bytes memory path) private view returns (address token) {
        token = path.length == 20 ? address(bytes20(path)) : address(vouchers[keccak256(path)]);
        if (token == address(0) || (path.length == 20 && isVoucher[token])) revert UnknownToken();
    }

    function _prefix(bytes32 source, bytes calldata app) private pure returns (bytes memory) {
        if (app.length > 64) revert AppTooLong(app.length);
        return abi.encodePacked(source, uint8(app.length), app);
    }

    function _startsWith(bytes memory path, bytes memory prefix) private pure returns (bool) {
        if (path.length <= prefix.length) return false;
        for (uint256 i = 0; i < prefix.length; ++i) {
            if (path[i] != prefix[i]) return false;
        }
        return true;
    }

    function _cut(bytes memory path, uint256 from) private pure returns (bytes memory rest) {
        rest = new bytes(path.length - from);
        for (uint256 i = 0; i < rest.length; ++i) {
            rest[i] = path[from + i];
        }
    }
}
