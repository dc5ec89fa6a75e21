// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/event"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/rlp"
)

// headKey is where the gateway's record stands. It changes with the owner's acts and rotations only, so that packets,
// which all read it, do not collide.
const headKey = "gateway"

// head is who the gateway is, who signs for it, and its owner's switches.
type head struct {
	id, island, hub digest.Hash
	owner           digest.Address
	attestors       event.Attestors
	paused, closed  bool
	// acts counts what the owner did, so that no signature of an act is used twice.
	acts   uint64
	notice *notice
}

// notice of a rotation without the attestors' signatures.
type notice struct {
	attestors event.Attestors
	// effective is the first second at which it can run.
	effective uint64
}

// load reads the record, if there is one.
func (c *call) load() error {
	value, err := c.view.Get(headKey)
	if err != nil || len(value) == 0 {
		return err
	}
	r := rlp.Open(value)
	h := head{
		id: r.Word(), island: r.Word(), hub: r.Word(), owner: digest.Address(r.Fixed(20)),
		attestors: readAttestors(r), paused: r.Bool(), closed: r.Bool(), acts: r.Uint(),
	}
	if list := r.List(); list.More() {
		h.notice = &notice{attestors: readAttestors(list), effective: list.Uint()}
	}
	if err := r.Close(); err != nil {
		return fmt.Errorf("the gateway's own record: %w", err)
	}
	c.head = h
	return nil
}

// save writes the record.
func (c *call) save() error {
	h := &c.head
	fields := [][]byte{event.Word(h.id), event.Word(h.island), event.Word(h.hub), event.Address(h.owner)}
	fields = append(fields, event.AttestorsFields(h.attestors)...)
	fields = append(fields, rlp.Bool(h.paused), rlp.Bool(h.closed), rlp.Uint(h.acts))
	var announced [][]byte
	if h.notice != nil {
		announced = event.NoticeFields(h.notice.attestors, h.notice.effective)
	}
	return c.view.Put(headKey, rlp.Versioned(append(fields, rlp.List(announced...))...))
}

// emit writes an event's key.
func (c *call) emit(key, name string, fields ...[]byte) error {
	return c.view.Put(key, event.Value(c.head.id, name, fields...))
}

// counter reads a number that a key holds, 0 if there is none.
func (c *call) counter(key string) (uint64, error) {
	value, err := c.view.Get(key)
	if err != nil || len(value) == 0 {
		return 0, err
	}
	r := rlp.Open(value)
	number := r.Uint()
	if err := r.Close(); err != nil {
		return 0, fmt.Errorf("counter %q: %w", key, err)
	}
	return number, nil
}

func (c *call) setCounter(key string, number uint64) error {
	return c.view.Put(key, rlp.Versioned(rlp.Uint(number)))
}

// readAttestors reads epoch, threshold and members, which stand in a list of their own.
func readAttestors(r *rlp.Reader) event.Attestors {
	set := event.Attestors{Epoch: r.Uint(), Threshold: r.Uint()}
	for members := r.List(); members.More(); {
		set.Members = append(set.Members, digest.Address(members.Fixed(20)))
	}
	return set
}
