// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "./ERC20.sol";

/// A token that stands for another one, held by a bridge on another island. Only its bridge makes and destroys it.
///
/// What is destroyed for a transfer home may have to be made again when the transfer fails, and that must never fail: a
/// packet whose refund reverts does not end. So it keeps its room in the supply until the transfer has ended, and there is
/// one rule: totalSupply + returning <= 2^256 - 1. Only `mint` adds to that sum, so only `mint` can break it, and it is
/// called only for a packet that arrives: an island that makes up more of its tokens than can be counted gets a failed
/// delivery, and stands in the way of none but its own.
contract Voucher is ERC20 {
    error NotBridge();
    error SupplyTooLarge(uint256 room, uint256 amount);

    string public constant name = "Causeway voucher";
    string public constant symbol = "VOUCHER";
    address public immutable bridge;
    /// The full path of what it stands for: see TokenBridge.
    bytes public path;
    /// Destroyed for transfers home that have not ended.
    uint256 public returning;

    constructor(bytes memory path_) {
        bridge = msg.sender;
        path = path_;
    }

    modifier onlyBridge() {
        if (msg.sender != bridge) revert NotBridge();
        _;
    }

    function mint(address to, uint256 amount) external onlyBridge {
        uint256 room = type(uint256).max - totalSupply - returning;
        if (amount > room) revert SupplyTooLarge(room, amount);
        _mint(to, amount);
    }

    /// Destroys what goes home; `restore` or `forget` follows. Only on a holder's own call to the bridge, so it needs no
    /// allowance.
    function burn(address from, uint256 amount) external onlyBridge {
        _burn(from, amount);
        returning += amount;
    }

    /// It did not get home: makes it again.
    function restore(address to, uint256 amount) external onlyBridge {
        returning -= amount;
        _mint(to, amount);
    }

    /// It got home: what was destroyed stays so.
    function forget(uint256 amount) external onlyBridge {
        returning -= amount;
    }
}
