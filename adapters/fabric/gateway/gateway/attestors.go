// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bytes"
	"slices"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/event"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/rlp"
)

const maxAttestors = 32

// checkSet refuses a set unless n/2 < threshold ≤ n ≤ 32 and its members ascend and are not zero.
func checkSet(set event.Attestors) error {
	n := uint64(len(set.Members))
	if n > maxAttestors {
		return refusal.New("too-many-attestors", "%d, at most %d", n, maxAttestors)
	}
	if set.Threshold > n || 2*set.Threshold <= n {
		return refusal.New("bad-threshold", "%d of %d", set.Threshold, n)
	}
	var last digest.Address
	for _, member := range set.Members {
		if bytes.Compare(member[:], last[:]) <= 0 {
			return refusal.New("attestors-not-ascending", "%v behind %v", member, last)
		}
		last = member
	}
	return nil
}

// checkSignatures requires that enough signatures are given, and that every one given is good, of a current attestor,
// in strictly ascending order of signer.
func (c *call) checkSignatures(signed digest.Hash, signatures [][]byte) error {
	set := &c.head.attestors
	if uint64(len(signatures)) < set.Threshold {
		return refusal.New("too-few-signatures", "%d, expected at least %d", len(signatures), set.Threshold)
	}
	var last digest.Address
	for _, signature := range signatures {
		signer, err := digest.Recover(signed, signature)
		if err != nil {
			return err
		}
		if bytes.Compare(signer[:], last[:]) <= 0 {
			return refusal.New("signers-not-ascending", "%v behind %v", signer, last)
		}
		if !slices.Contains(set.Members, signer) {
			return refusal.New("not-attestor", "%v", signer)
		}
		last = signer
	}
	return nil
}

// rotate hands over to the next set of attestors, signed by the current one and by the owner.
//
//	rotate STATEMENT        0x01 ‖ RLP[ [epoch, threshold, [attestor(20)…]], owner's signature(65), [signature(65)…] ]
func (c *call) rotate(args [][]byte) (any, error) {
	if len(args) != 1 {
		return nil, refusal.New("bad-arguments", "rotate STATEMENT")
	}
	r := rlp.Open(args[0])
	rotation := r.List()
	set := readAttestors(rotation)
	_ = rotation.Close()
	owner := r.Fixed(65)
	var signatures [][]byte
	for list := r.List(); list.More(); {
		signatures = append(signatures, list.Fixed(65))
	}
	if err := r.Close(); err != nil {
		return nil, refusal.New("malformed", "%v", err)
	}
	if err := c.checkNext(set); err != nil {
		return nil, err
	}
	if err := c.checkOwner(set.Epoch, event.AttestorsRotated, rlp.List(event.AttestorsFields(set)...), owner); err != nil {
		return nil, err
	}
	if err := c.checkSignatures(digest.Rotation(c.head.id, set.Epoch, set.Threshold, set.Members), signatures); err != nil {
		return nil, err
	}
	return c.install(set)
}

// checkNext refuses a set that cannot follow the current one.
func (c *call) checkNext(set event.Attestors) error {
	if next := c.head.attestors.Epoch + 1; set.Epoch != next {
		return refusal.New("wrong-epoch", "a rotation to epoch %d, the next is %d", set.Epoch, next)
	}
	return checkSet(set)
}

// install makes a set the current one, at once. A notice given before is void.
func (c *call) install(set event.Attestors) (any, error) {
	c.head.attestors, c.head.notice = set, nil
	if err := c.save(); err != nil {
		return nil, err
	}
	if err := c.emit(event.EpochKey(set.Epoch), event.AttestorsRotated, event.AttestorsFields(set)...); err != nil {
		return nil, err
	}
	return c.state(nil)
}

func same(a, b event.Attestors) bool {
	return a.Epoch == b.Epoch && a.Threshold == b.Threshold && slices.Equal(a.Members, b.Members)
}
