// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// An application that does as a test tells it: sends packets, and in every callback makes a call of the test's choice and
/// answers with the test's bytes.
contract Puppet {
    enum Ending {
        Return,
        Revert,
        Burn
    }

    Ending public ending;
    bytes private _answer;
    /// Zero bytes that follow the answer: for answers of a megabyte.
    uint256 public tail;
    address public target;
    bytes private _script;

    /// Callbacks that ended well.
    uint256 public calls;
    /// Whether the scripted call succeeded, and what it answered.
    bool public scriptSucceeded;
    bytes public scriptAnswer;
    bytes public lastInput;

    function end(Ending ending_, bytes calldata answer, uint256 tail_) external {
        (ending, _answer, tail) = (ending_, answer, tail_);
    }

    function script(address target_, bytes calldata input) external {
        (target, _script) = (target_, input);
    }

    /// Calls `to`, and passes on what it answers.
    function relay(address to, bytes calldata input) external returns (bytes memory answer) {
        bool success;
        (success, answer) = to.call(input);
        if (!success) {
            assembly {
                revert(add(answer, 0x20), mload(answer))
            }
        }
    }

    fallback() external {
        lastInput = msg.data;
        calls += 1;
        if (target != address(0)) (scriptSucceeded, scriptAnswer) = target.call(_script);
        if (ending == Ending.Burn) {
            while (true) {}
        }
        bool revert_ = ending == Ending.Revert;
        bytes memory answer = _answer;
        uint256 length = answer.length + tail;
        assembly {
            if revert_ { revert(add(answer, 0x20), length) }
            return(add(answer, 0x20), length)
        }
    }
}

/// A receiver that touches nothing but its input: every bit of gas it gets can be used up, to the last.
contract Loop {
    /// Returns an empty canonical `bytes` once less than `floor` gas is left, as its payload says.
    fallback() external {
        // onPacket(bytes32 id, bytes32 source, bytes sender, bytes payload): the payload is one word.
        uint256 floor = abi.decode(msg.data[msg.data.length - 32:], (uint256));
        while (gasleft() > floor) {}
        assembly {
            mstore(0, 0x20)
            mstore(0x20, 0)
            return(0, 0x40)
        }
    }
}
