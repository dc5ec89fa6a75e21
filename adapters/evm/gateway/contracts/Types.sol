// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// One message between two gateways. Its id is the EIP-712 hashStruct of exactly these fields.
struct Packet {
    /// Id of the gateway that sent it.
    bytes32 source;
    /// Id of the gateway that may accept it.
    bytes32 destination;
    /// Id of the lane it travels in.
    bytes32 lane;
    /// Position in the lane, from 1, without gaps.
    uint64 sequence;
    /// Who sent it, at most 64 bytes in the source's form (an EVM gateway: the 20 bytes of msg.sender).
    bytes sender;
    /// Who receives it, at most 64 bytes in the destination's form.
    bytes receiver;
    /// Last second (Unix, destination time) at which it can be delivered.
    uint64 timeout;
    /// Gas the receiver is guaranteed.
    uint64 budget;
    bytes payload;
}

/// What a lane id commits to besides the packet's own fields; whoever delivers hands it over, and the gateway
/// recomputes the id from it. It comes from `PacketSent`.
struct Lane {
    /// keccak-256 of the lane's name.
    bytes32 name;
    bool ordered;
}

/// A packet and its lane: what `deliver` and `expire` take.
struct Delivery {
    Packet packet;
    Lane lane;
}

/// An outcome brought home: what `settle` takes. The source gateway knows the packet by its id.
struct Settlement {
    bytes32 id;
    /// RESULT, EXPIRED or VOID.
    uint8 kind;
    /// Zero unless RESULT.
    bool success;
    /// Empty unless RESULT.
    bytes result;
}

/// Signatures over a batch of attestations, and the place of one leaf in it.
struct Proof {
    uint64 epoch;
    /// Leaves in the batch, 1 to 1024.
    uint32 count;
    uint32 index;
    /// Siblings from the leaf up; its length is exactly what index and count imply.
    bytes32[] path;
    /// 65 bytes each (r, s, v), in strictly ascending order of signer.
    bytes[] signatures;
}

/// Signatures over a batch of attestations, checked once for several of its leaves.
/// Either `indices` and `paths` hold one entry for each item, or both are empty and the items are all the leaves, in
/// order.
struct BatchProof {
    uint64 epoch;
    uint32 count;
    uint32[] indices;
    bytes32[][] paths;
    bytes[] signatures;
}

// What an attestation says: the first two for the destination gateway, the others for the source gateway.
uint8 constant DELIVER = 1;
uint8 constant REFUSE = 2;
uint8 constant RESULT = 3;
uint8 constant EXPIRED = 4;
uint8 constant VOID = 5;
