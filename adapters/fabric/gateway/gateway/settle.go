// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/callback"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/event"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/rlp"
)

const (
	// voidDelay is how long after its timeout, in seconds, a packet to a dead destination can be given up.
	voidDelay = 30 * 24 * 60 * 60
	voidAct   = "Void"
)

// departure is what is remembered of a packet that left.
type departure struct {
	sender    string
	timeout   uint64
	reference callback.Reference
}

func encodeDeparture(d departure) []byte {
	return rlp.Versioned(
		rlp.Text(d.sender), rlp.Uint(d.timeout), rlp.Bytes(d.reference.Transaction[:]), rlp.Uint(d.reference.Place),
	)
}

// departed reads what is remembered of a packet, nothing if it was not sent from here.
func (c *call) departed(id digest.Hash) (*departure, error) {
	value, err := c.view.Get(idKey(id))
	if err != nil || len(value) == 0 {
		return nil, err
	}
	r := rlp.Open(value)
	d := &departure{
		sender: string(r.Bytes()), timeout: r.Uint(), reference: callback.Reference{Transaction: r.Word(), Place: r.Uint()},
	}
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("packet %v: %w", id, err)
	}
	return d, nil
}

// settle brings outcomes home to the application that sent the packets. It is called once; if it refuses, nothing is
// settled and anyone may try again, so that a refund is never lost.
//
//	settle APP STATEMENTS [SIGNATURE]      the owner's signature, if there are packets to void
func (c *call) settle(args [][]byte) (any, error) {
	if len(args) != 2 && len(args) != 3 {
		return nil, refusal.New("bad-arguments", "settle APP STATEMENTS [SIGNATURE]")
	}
	app, err := c.application(args[0])
	if err != nil {
		return nil, err
	}
	items, err := statements(c, args[1], readSettlement)
	if err != nil {
		return nil, err
	}
	if err := c.checkVoid(items, args[2:]); err != nil {
		return nil, err
	}
	outcomes := make([]callback.Outcome, len(items))
	packets := make([]string, len(items))
	for i, s := range items {
		packets[i] = s.id.String()
		d, err := c.settleOne(app, s)
		if err != nil {
			return nil, refusal.Of("packet "+packets[i], err)
		}
		outcomes[i] = callback.Outcome{ID: s.id, Reference: d.reference, Kind: s.kind, Success: s.success, Result: s.result}
	}
	answer, err := c.ask(app, callback.OnOutcomes, callback.EncodeOutcomes(outcomes))
	if err != nil {
		return nil, err
	}
	messages, err := callback.DecodeMessages(answer)
	if err != nil {
		return nil, refusal.New("bad-answer", "%s: %v", app, err)
	}
	sent, err := c.put(app, messages)
	return deliveredAnswer{packets, sent}, err
}

func (c *call) settleOne(app string, s *settlement) (*departure, error) {
	d, err := c.departed(s.id)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, refusal.New("unknown-packet", "it was not sent from here")
	}
	if d.sender != app {
		return nil, refusal.New("wrong-app", "its sender is %q, this call is for %q", d.sender, app)
	}
	if settled, err := c.view.Has(event.SettledKey(s.id)); err != nil {
		return nil, err
	} else if settled {
		return nil, refusal.New("already-settled", "it was settled before")
	}
	if s.kind == digest.Void {
		now, err := c.now()
		if err != nil {
			return nil, err
		}
		if now <= d.timeout+voidDelay {
			return nil, refusal.New("not-voidable", "it is %d, the timeout was %d", now, d.timeout)
		}
	}
	return d, c.emit(event.SettledKey(s.id), event.PacketSettled, event.SettledFields(s.id, s.kind, s.success)...)
}

// checkVoid requires the owner's signature if and only if there are packets to void. It names them all, in order; no
// number is needed, since a packet is settled once.
func (c *call) checkVoid(items []*settlement, signatures [][]byte) error {
	var voided [][]byte
	for _, s := range items {
		if s.kind == digest.Void {
			voided = append(voided, event.Word(s.id))
		}
	}
	if (len(voided) != 0) != (len(signatures) != 0) {
		return refusal.New("not-voidable", "%d packets to void, %d signatures of the owner", len(voided), len(signatures))
	}
	if len(voided) == 0 {
		return nil
	}
	return c.checkOwner(0, voidAct, rlp.List(voided...), signatures[0])
}
