// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "../../contracts/apps/ERC20.sol";

/// A token of every bad habit, one at a time.
contract OddToken is ERC20 {
    enum Habit {
        None,
        /// Keeps a tenth of what is transferred.
        Fee,
        /// Takes twice what a transfer says.
        Greedy,
        /// Refuses every transfer.
        Frozen,
        /// Returns false, and moves nothing.
        False,
        /// Returns nothing.
        Silent,
        /// Says true, and moves nothing.
        Liar,
        /// Makes one call of the holder's choice before a transferFrom moves anything.
        Hook
    }

    Habit public habit;
    address public target;
    bytes private _script;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setHabit(Habit habit_) external {
        habit = habit_;
    }

    function script(address target_, bytes calldata input) external {
        (target, _script) = (target_, input);
    }

    function transfer(address to, uint256 amount) external override returns (bool) {
        return _odd(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external override returns (bool) {
        if (habit == Habit.Hook && target != address(0)) {
            address once = target;
            target = address(0);
            (bool success, bytes memory answer) = once.call(_script);
            if (!success) {
                assembly {
                    revert(add(answer, 0x20), mload(answer))
                }
            }
        }
        return _odd(from, to, amount);
    }

    function _odd(address from, address to, uint256 amount) private returns (bool) {
        if (habit == Habit.Frozen) revert("frozen");
        if (habit == Habit.False) return false;
        if (habit == Habit.Liar) return true;
        if (habit == Habit.Fee) {
            _burn(from, amount / 10);
            amount -= amount / 10;
        }
        if (habit == Habit.Greedy) _burn(from, amount);
        _move(from, to, amount);
        if (habit == Habit.Silent) {
            assembly {
                return(0, 0)
            }
        }
        return true;
    }
}
