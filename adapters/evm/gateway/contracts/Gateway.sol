// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GatewayCore} from "./GatewayCore.sol";
import {Inbox} from "./Inbox.sol";
import {Outbox} from "./Outbox.sol";

/// A gateway: sends packets to other islands, accepts theirs on the signatures of m of n attestors, and brings home
/// what became of its own.
contract Gateway is Inbox, Outbox {
    /// @param timeoutWindow_ how far ahead, in seconds, a packet's timeout may lie (usually seven days)
    /// @param payloadLimit_ the longest payload `send` takes, in bytes (usually 16 KiB)
    constructor(address owner_, uint64 timeoutWindow_, uint64 payloadLimit_)
        GatewayCore(owner_, timeoutWindow_, payloadLimit_)
    {}
}
