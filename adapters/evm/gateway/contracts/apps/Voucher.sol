// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "./ERC20.sol";

/// A token that stands for another one, held by a bridge on another island. Only its bridge makes and destroys it.
contract Voucher is ERC20 {
    error NotBridge();

    string public constant name = "Causeway voucher";
    string public constant symbol = "VOUCHER";
    address public immutable bridge;
    /// The full path of what it stands for: see TokenBridge.
    bytes public path;

    constructor(bytes memory path_) {
        bridge = msg.sender;
        path = path_;
    }

    modifier onlyBridge() {
        if (msg.sender != bridge) revert NotBridge();
        _;
    }

    function mint(address to, uint256 amount) external onlyBridge {
        _mint(to, amount);
    }

    /// Only on a holder's own call to the bridge, so it needs no allowance.
    function burn(address from, uint256 amount) external onlyBridge {
        _burn(from, amount);
    }
}
