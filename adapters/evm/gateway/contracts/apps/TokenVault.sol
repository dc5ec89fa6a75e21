// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "./ERC20.sol";

/// Keeps tokens in an account for each (remote gateway, remote application, token), and never releases more from an
/// account than was put into it. What cannot be paid out becomes a claim.
abstract contract TokenVault {
    /// A pay-out that failed, or that its account could not cover.
    struct Claim {
        address to;
        address token;
        uint256 amount;
        bytes32 account;
        /// Whether the amount has left the account already and is kept for this claim.
        bool reserved;
    }

    error NotSelf();
    error NoClaim(bytes32 id);
    error NotBeneficiary();
    error EscrowTooSmall(uint256 escrow, uint256 needed);
    error TokenCallFailed();
    error Insolvent();

    event Owed(bytes32 indexed id, address indexed to, address indexed token, uint256 amount);
    event Claimed(bytes32 indexed id, address indexed payee, address indexed token, uint256 amount);

    /// What came in for an account and has not been released from it.
    mapping(bytes32 account => mapping(address token => uint256)) public escrowed;
    /// All that is owed in a token: every account's escrow and every reserved claim.
    mapping(address token => uint256) public held;
    /// Claims by the id of the packet they come from.
    mapping(bytes32 id => Claim) public claims;

    /// The account of application `app` behind gateway `source`.
    function accountOf(bytes32 source, bytes calldata app) public pure returns (bytes32) {
        return keccak256(abi.encode(source, keccak256(app)));
    }

    /// Pays a claim. The one it belongs to may have it paid to somebody else, for instance when the token refuses them.
    function claim(bytes32 id, address payee) external {
        Claim memory c = claims[id];
        if (c.to == address(0)) revert NoClaim(id);
        if (payee != c.to && msg.sender != c.to) revert NotBeneficiary();
        delete claims[id];
        if (!c.reserved) _debit(c.account, c.token, c.amount);
        held[c.token] -= c.amount;
        _transfer(c.token, payee, c.amount);
        emit Claimed(id, payee, c.token, c.amount);
    }

    /// Only for this contract itself: a pay-out in a frame of its own, so that a token that reverts undoes nothing else.
    function payOut(address token, address to, uint256 amount) external {
        if (msg.sender != address(this)) revert NotSelf();
        held[token] -= amount;
        _transfer(token, to, amount);
    }

    /// Takes tokens from msg.sender into an account. The amount is what has arrived beyond what is owed already, and at
    /// most `amount`: tokens charge fees, and may call back and have other amounts taken or paid before this is counted.
    function _escrow(bytes32 account, address token, uint256 amount) internal returns (uint256 kept) {
        _callToken(token, abi.encodeCall(IERC20.transferFrom, (msg.sender, address(this), amount)));
        kept = IERC20(token).balanceOf(address(this)) - held[token];
        if (kept > amount) kept = amount;
        held[token] += kept;
        escrowed[account][token] += kept;
    }

    /// Takes an amount out of an account; it stays owed until it is paid.
    function _debit(bytes32 account, address token, uint256 amount) internal {
        uint256 escrow = escrowed[account][token];
        if (escrow < amount) revert EscrowTooSmall(escrow, amount);
        escrowed[account][token] = escrow - amount;
    }

    /// Pays what was debited, or keeps it for a claim.
    function _payOrOwe(bytes32 id, bytes32 account, address token, address to, uint256 amount) internal {
        try this.payOut(token, to, amount) {}
        catch {
            _owe(id, account, token, to, amount, true);
        }
    }

    function _owe(bytes32 id, bytes32 account, address token, address to, uint256 amount, bool reserved) internal {
        claims[id] = Claim(to, token, amount, account, reserved);
        emit Owed(id, to, token, amount);
    }

    /// Transfers, and refuses when less is left than is owed: a token must not take more than it was told to.
    function _transfer(address token, address to, uint256 amount) private {
        _callToken(token, abi.encodeCall(IERC20.transfer, (to, amount)));
        if (IERC20(token).balanceOf(address(this)) < held[token]) revert Insolvent();
    }

    /// Calls a token that may return true, or nothing at all.
    function _callToken(address token, bytes memory input) private {
        (bool success, bytes memory answer) = token.call(input);
        bool accepted =
            answer.length == 0 ? token.code.length != 0 : answer.length == 32 && abi.decode(answer, (uint256)) == 1;
        if (!success || !accepted) revert TokenCallFailed();
    }
}
