// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Digests} from "./Digests.sol";
import {GatewayCore} from "./GatewayCore.sol";
import {MerkleTree} from "./MerkleTree.sol";
import {BatchProof, Proof} from "./Types.sol";

/// The attestors of the current epoch: opening with the first set, rotation, and the check of what they sign.
abstract contract AttestorSet is GatewayCore {
    uint256 private constant MAX_ATTESTORS = 32;
    uint256 private constant NOTICE = 7 days;
    /// Half the order of secp256k1: an s above it is the same signature, malleated.
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    address[] private _attestors;
    /// The last epoch in which an address was an attestor.
    mapping(address attestor => uint64) private _member;
    /// Hash of (epoch, threshold, attestors) of the rotation the owner gave notice of.
    bytes32 private _notice;
    uint64 private _effective;

    function epoch() external view returns (uint64) {
        return _head.epoch;
    }

    /// How many attestors have to sign.
    function threshold() external view returns (uint8) {
        return _head.threshold;
    }

    function attestors() external view returns (address[] memory) {
        return _attestors;
    }

    /// Starts this gateway's life: its id, and epoch 1 of its attestors.
    function open(bytes32 island_, bytes32 hub_, uint8 threshold_, address[] calldata attestors_) external onlyOwner {
        _bear(island_, hub_);
        _install(1, threshold_, attestors_);
        emit Opened(_nextNumber(), gatewayId, island_, hub_, owner, 1, threshold_, attestors_);
    }

    /// The next set of attestors, signed by the current one.
    function rotate(uint8 threshold_, address[] calldata attestors_, bytes[] calldata signatures)
        external
        onlyOwner
        onlyOpened
        locked
    {
        uint64 next = _head.epoch + 1;
        _checkSignatures(Digests.rotation(gatewayId, next, threshold_, attestors_), signatures);
        _rotate(next, threshold_, attestors_);
    }

    /// Announces a rotation without signatures, for when too many attestors are lost. It can run after seven days,
    /// unless the attestors rotate or another notice replaces it before.
    function noticeRotation(uint8 threshold_, address[] calldata attestors_) external onlyOwner onlyOpened {
        _checkSet(threshold_, attestors_);
        uint64 next = _head.epoch + 1;
        _notice = keccak256(abi.encode(next, threshold_, attestors_));
        _effective = uint64(_now() + NOTICE);
        emit RotationNoticed(_nextNumber(), gatewayId, next, threshold_, attestors_, _effective);
    }

    /// Runs the rotation that notice was given of.
    function rotateNoticed(uint8 threshold_, address[] calldata attestors_) external onlyOwner onlyOpened locked {
        uint64 next = _head.epoch + 1;
        if (_notice != keccak256(abi.encode(next, threshold_, attestors_))) revert NoticeMismatch();
        if (_now() < _effective) revert NoticeNotOver(_effective, _now());
        _rotate(next, threshold_, attestors_);
    }

    /// Checks that one attestation is in a batch that the current attestors signed.
    function _checkProof(bytes32 attestation, Proof calldata proof) internal view {
        bytes32 root = MerkleTree.climb(MerkleTree.leaf(attestation), proof.index, proof.count, proof.path);
        _checkBatch(proof.epoch, proof.count, root, proof.signatures);
    }

    /// Checks that all these attestations are in one batch that the current attestors signed. Overwrites them.
    function _checkProofs(bytes32[] memory attestations, BatchProof calldata proof) internal view {
        uint256 items = attestations.length;
        for (uint256 i = 0; i < items; ++i) {
            attestations[i] = MerkleTree.leaf(attestations[i]);
        }
        bytes32 root;
        if (proof.indices.length == 0 && proof.paths.length == 0) {
            if (items == 0 || items != proof.count) revert BadBatch();
            root = MerkleTree.root(attestations);
        } else {
            if (proof.indices.length != items || proof.paths.length != items) revert BadBatch();
            for (uint256 i = 0; i < items; ++i) {
                bytes32 top = MerkleTree.climb(attestations[i], proof.indices[i], proof.count, proof.paths[i]);
                if (i == 0) root = top;
                else if (top != root) revert BadPath();
            }
        }
        _checkBatch(proof.epoch, proof.count, root, proof.signatures);
    }

    function _checkBatch(uint64 epoch_, uint32 count, bytes32 root, bytes[] calldata signatures) private view {
        if (epoch_ != _head.epoch) revert WrongEpoch(_head.epoch, epoch_);
        _checkSignatures(Digests.batch(gatewayId, epoch_, count, root), signatures);
    }

    /// Every signature given must be good, of a current attestor, in strictly ascending order of signer.
    function _checkSignatures(bytes32 digest, bytes[] calldata signatures) private view {
        Head memory head = _head;
        if (signatures.length < head.threshold) revert TooFewSignatures(head.threshold, signatures.length);
        address last = address(0);
        for (uint256 i = 0; i < signatures.length; ++i) {
            address signer = _recover(digest, signatures[i]);
            if (signer <= last) revert SignersNotAscending();
            if (_member[signer] != head.epoch) revert NotAttestor(signer);
            last = signer;
        }
    }

    function _recover(bytes32 digest, bytes calldata signature) private pure returns (address signer) {
        if (signature.length != 65) revert BadSignature();
        bytes32 r = bytes32(signature[0:32]);
        bytes32 s = bytes32(signature[32:64]);
        uint8 v = uint8(signature[64]);
        if (uint256(s) > HALF_ORDER || (v != 27 && v != 28)) revert BadSignature();
        signer = ecrecover(digest, v, r, s);
        if (signer == address(0)) revert BadSignature();
    }

    function _rotate(uint64 next, uint8 threshold_, address[] calldata attestors_) private {
        _install(next, threshold_, attestors_);
        emit AttestorsRotated(_nextNumber(), gatewayId, next, threshold_, attestors_);
    }

    function _install(uint64 next, uint8 threshold_, address[] calldata attestors_) private {
        _checkSet(threshold_, attestors_);
        for (uint256 i = 0; i < attestors_.length; ++i) {
            _member[attestors_[i]] = next;
        }
        _attestors = attestors_;
        _head.epoch = next;
        _head.threshold = threshold_;
    }

    /// n/2 < threshold <= n <= 32, ascending, not zero.
    function _checkSet(uint8 threshold_, address[] calldata attestors_) private pure {
        uint256 n = attestors_.length;
        if (n > MAX_ATTESTORS) revert TooManyAttestors(n);
        if (2 * uint256(threshold_) <= n || threshold_ > n) revert BadThreshold(threshold_, n);
        address last = address(0);
        for (uint256 i = 0; i < n; ++i) {
            if (attestors_[i] <= last) revert AttestorsNotAscending();
            last = attestors_[i];
        }
    }
}
