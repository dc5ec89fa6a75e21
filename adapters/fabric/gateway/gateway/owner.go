// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/event"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/rlp"
)

// noticePeriod is how long, in seconds, a rotation without the attestors' signatures is announced before it can run.
const noticePeriod = 7 * 24 * 60 * 60

// checkOwner requires the owner's signature over an act, by whomever it is submitted.
func (c *call) checkOwner(number uint64, name string, arguments, signature []byte) error {
	signer, err := digest.Recover(digest.Act(c.head.id, number, name, arguments), signature)
	if err != nil {
		return err
	}
	if signer != c.head.owner {
		return refusal.New("not-owner", "signed by %v, the owner is %v; act %d, %s", signer, c.head.owner, number, name)
	}
	return nil
}

// act does what the owner signed. An act's arguments are the fields of its event; its number is one more than the acts
// before it, so that each signature is used once and in order.
//
//	act NAME ARGUMENTS SIGNATURE
func (c *call) act(args [][]byte) (any, error) {
	if len(args) != 3 {
		return nil, refusal.New("bad-arguments", "act NAME ARGUMENTS SIGNATURE")
	}
	name, signature := string(args[0]), args[2]
	if name == event.AttestorsRotated {
		return c.rotateNoticed(args[1], signature)
	}
	number := c.head.acts + 1
	if err := c.checkOwner(number, name, args[1], signature); err != nil {
		return nil, err
	}
	r := rlp.OpenList(args[1])
	fields, err := c.perform(name, r)
	if fault := r.Close(); fault != nil {
		return nil, refusal.New("malformed", "%v", fault)
	}
	if err != nil {
		return nil, err
	}
	c.head.acts = number
	if err := c.save(); err != nil {
		return nil, err
	}
	if err := c.emit(event.ActKey(number), name, fields...); err != nil {
		return nil, err
	}
	return c.state(nil)
}

// perform changes the record as an act says. The caller checks that the arguments were read without fault before it
// writes anything.
func (c *call) perform(name string, r *rlp.Reader) (fields [][]byte, err error) {
	h := &c.head
	switch name {
	case event.Paused:
		if h.paused {
			err = refusal.New("paused", "this gateway is paused already")
		}
		h.paused = true
	case event.Unpaused:
		if !h.paused {
			err = refusal.New("not-paused", "this gateway is not paused")
		}
		h.paused = false
	case event.Closed:
		if h.closed {
			err = refusal.New("closed", "this gateway is closed already")
		}
		h.closed = true
	case event.Blocked, event.Unblocked:
		source := digest.Hash(r.Word())
		if r.Close() == nil {
			err = c.setBlocked(source, name == event.Blocked)
		}
		fields = [][]byte{event.Word(source)}
	case event.RotationNoticed:
		n := notice{attestors: readAttestors(r), effective: r.Uint()}
		if r.Close() == nil {
			err = c.announce(n)
		}
		fields = event.NoticeFields(n.attestors, n.effective)
	default:
		err = refusal.New("unknown-act", "%q", name)
	}
	return fields, err
}

// setBlocked stops deliveries from a source, whatever has been signed for it already, or lets them in again.
func (c *call) setBlocked(source digest.Hash, block bool) error {
	blocked, err := c.view.Has(blockKey(source))
	switch {
	case err != nil:
		return err
	case blocked == block && block:
		return refusal.New("source-blocked", "gateway %v is blocked already", source)
	case blocked == block:
		return refusal.New("not-blocked", "gateway %v is not blocked", source)
	case block:
		return c.setCounter(blockKey(source), c.head.acts+1)
	default:
		return c.view.Delete(blockKey(source))
	}
}

// announce gives notice of a rotation that the owner alone can run after seven days, for when too many attestors are
// lost. It replaces a notice given before.
func (c *call) announce(n notice) error {
	if err := c.checkNext(n.attestors); err != nil {
		return err
	}
	now, err := c.now()
	if err != nil {
		return err
	}
	if n.effective < now+noticePeriod {
		return refusal.New("notice-not-over", "effective at %d, it is %d and notice takes %d s", n.effective, now, noticePeriod)
	}
	c.head.notice = &n
	return nil
}

// rotateNoticed runs the rotation that notice was given of. Its act's number is the epoch it leads to.
func (c *call) rotateNoticed(arguments, signature []byte) (any, error) {
	r := rlp.OpenList(arguments)
	set := readAttestors(r)
	if err := r.Close(); err != nil {
		return nil, refusal.New("malformed", "%v", err)
	}
	if err := c.checkOwner(set.Epoch, event.AttestorsRotated, arguments, signature); err != nil {
		return nil, err
	}
	n := c.head.notice
	if n == nil || !same(n.attestors, set) {
		return nil, refusal.New("notice-mismatch", "no notice was given of this rotation")
	}
	now, err := c.now()
	if err != nil {
		return nil, err
	}
	if now < n.effective {
		return nil, refusal.New("notice-not-over", "it is %d, the notice takes effect at %d", now, n.effective)
	}
	return c.install(set)
}
