// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"crypto/sha256"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/event"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
)

// open starts the gateway's life: its id, its owner, and epoch 1 of its attestors.
//
//	open ISLAND HUB OWNER THRESHOLD ATTESTOR…
//
// The birth in its id is the hash of this transaction's id, so a gateway opened again, or on a twin of the channel, is
// another one.
func (c *call) open(args [][]byte) (any, error) {
	if !c.head.id.IsZero() {
		return nil, refusal.New("already-opened", "this gateway is %v", c.head.id)
	}
	if len(args) < 4 {
		return nil, refusal.New("bad-arguments", "open ISLAND HUB OWNER THRESHOLD ATTESTOR…")
	}
	a := arguments{}
	h := head{
		island: a.hash(args[0]), hub: a.hash(args[1]), owner: a.address(args[2]),
		attestors: event.Attestors{Epoch: 1, Threshold: a.number(args[3])},
	}
	for _, attestor := range args[4:] {
		h.attestors.Members = append(h.attestors.Members, a.address(attestor))
	}
	if a.fault != nil {
		return nil, a.fault
	}
	if h.island.IsZero() {
		return nil, refusal.New("zero-island", "an island's id is not zero")
	}
	if h.owner.IsZero() {
		return nil, refusal.New("zero-owner", "an owner's address is not zero")
	}
	if err := checkSet(h.attestors); err != nil {
		return nil, err
	}
	h.id = digest.Gateway(h.island, []byte(c.self), sha256.Sum256([]byte(c.stub.GetTxID())))
	c.head = h
	if err := c.save(); err != nil {
		return nil, err
	}
	if err := c.emit(event.OpenedKey, event.Opened, event.OpenedFields(h.island, h.hub, h.owner, h.attestors)...); err != nil {
		return nil, err
	}
	return c.state(nil)
}

// beat is anyone's sign of life: an event, so that a proof can be made late enough for everything before it.
func (c *call) beat(args [][]byte) (any, error) {
	if len(args) != 0 {
		return nil, refusal.New("bad-arguments", "beat takes none")
	}
	key := event.BeatKey(c.stub.GetTxID())
	if err := c.emit(key, event.Beat); err != nil {
		return nil, err
	}
	return struct {
		Key string `json:"key"`
	}{key}, nil
}
