// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/callback"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/event"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
)

// nextKey is where the last ended sequence of an ordered lane that ends here stands.
func nextKey(lane digest.Hash) string { return "next/" + lane.Hex() }

// blockKey is where it stands that packets of a source are not delivered.
func blockKey(source digest.Hash) string { return "block/" + source.Hex() }

// deliver hands packets to their receiver, with DELIVER signatures. All are for one application, which is called once;
// if it refuses, nothing is delivered: the packets wait, and expire.
//
//	deliver APP STATEMENTS
func (c *call) deliver(args [][]byte) (any, error) {
	if len(args) != 2 {
		return nil, refusal.New("bad-arguments", "deliver APP STATEMENTS")
	}
	app, err := c.application(args[0])
	if err != nil {
		return nil, err
	}
	if err := c.running(); err != nil {
		return nil, err
	}
	now, err := c.now()
	if err != nil {
		return nil, err
	}
	items, err := statements(c, args[1], readDelivery(digest.Deliver))
	if err != nil {
		return nil, err
	}
	arrivals := make([]callback.Arrival, len(items))
	for i, d := range items {
		if err := c.admit(app, d, now); err != nil {
			return nil, refusal.Of("packet "+d.id.String(), err)
		}
		arrivals[i] = callback.Arrival{ID: d.id, Source: d.packet.Source, Sender: d.packet.Sender, Payload: d.packet.Payload}
	}
	answer, err := c.ask(app, callback.OnPackets, callback.EncodeArrivals(arrivals))
	if err != nil {
		return nil, err
	}
	results, messages, err := callback.DecodeAnswer(answer)
	if err != nil || len(results) != len(items) {
		return nil, refusal.New("bad-answer", "%s: %d results for %d packets, %v", app, len(results), len(items), err)
	}
	for i, d := range items {
		if err := c.emit(event.ReceivedKey(d.id), event.PacketDelivered, event.DeliveredFields(d.id, results[i])...); err != nil {
			return nil, err
		}
	}
	sent, err := c.put(app, messages)
	return deliveredAnswer{ids(items), sent}, err
}

type deliveredAnswer struct {
	Packets []string `json:"packets"`
	Sent    []Sent   `json:"sent"`
}

// admit refuses a packet that cannot be delivered now, and ends it, so that one that comes twice in a call is refused the
// second time. The result is written over it once the receiver has answered.
func (c *call) admit(app string, d *delivery, now uint64) error {
	p := &d.packet
	if err := c.checkArrival(d); err != nil {
		return err
	}
	if string(p.Receiver) != app {
		return refusal.New("wrong-app", "its receiver is %q, this call is for %q", p.Receiver, app)
	}
	if blocked, err := c.view.Has(blockKey(p.Source)); err != nil {
		return err
	} else if blocked {
		return refusal.New("source-blocked", "the owner blocked gateway %v", p.Source)
	}
	if p.Budget > maxBudget {
		return refusal.New("budget-too-large", "%d, at most %d", p.Budget, maxBudget)
	}
	if now > p.Timeout {
		return refusal.New("past-timeout", "it is %d, the timeout was %d", now, p.Timeout)
	}
	return c.finish(d, event.PacketDelivered, event.DeliveredFields(d.id, nil))
}

// expire ends packets that were not delivered and never will be, with REFUSE signatures, at any time. Attestors sign
// REFUSE once their clocks are well past the timeout: here is no clock to judge it by. No application is called.
//
//	expire STATEMENTS
func (c *call) expire(args [][]byte) (any, error) {
	if len(args) != 1 {
		return nil, refusal.New("bad-arguments", "expire STATEMENTS")
	}
	items, err := statements(c, args[0], readDelivery(digest.Refuse))
	if err != nil {
		return nil, err
	}
	for _, d := range items {
		if err := c.checkArrival(d); err != nil {
			return nil, refusal.Of("packet "+d.id.String(), err)
		}
		if err := c.finish(d, event.PacketExpired, [][]byte{event.Word(d.id)}); err != nil {
			return nil, err
		}
	}
	return packetsAnswer{ids(items)}, nil
}

// checkArrival is what deliver and expire have in common: the packet is for this gateway, in the lane it says, and has not
// ended; in an ordered lane it is the next.
func (c *call) checkArrival(d *delivery) error {
	p := &d.packet
	if p.Destination != c.head.id {
		return refusal.New("wrong-destination", "it goes to gateway %v, this is %v", p.Destination, c.head.id)
	}
	if p.Source == c.head.id {
		return refusal.New("wrong-source", "it comes from this gateway itself")
	}
	if !p.LaneFits(d.terms) {
		return refusal.New("wrong-lane", "lane %v does not follow from its terms", p.Lane)
	}
	if ended, err := c.view.Has(event.ReceivedKey(d.id)); err != nil {
		return err
	} else if ended {
		return refusal.New("already-final", "it was delivered or expired before")
	}
	if !d.terms.Ordered {
		return nil
	}
	last, err := c.counter(nextKey(p.Lane))
	if err != nil {
		return err
	}
	if p.Sequence != last+1 {
		return refusal.New("wrong-sequence", "it is number %d of its lane, the next is %d", p.Sequence, last+1)
	}
	return nil
}

// finish writes what a packet ended as, and moves an ordered lane on.
func (c *call) finish(d *delivery, name string, fields [][]byte) error {
	if d.terms.Ordered {
		if err := c.setCounter(nextKey(d.packet.Lane), d.packet.Sequence); err != nil {
			return err
		}
	}
	return c.emit(event.ReceivedKey(d.id), name, fields...)
}

func ids(items []*delivery) []string {
	list := make([]string, len(items))
	for i, d := range items {
		list[i] = d.id.String()
	}
	return list
}
