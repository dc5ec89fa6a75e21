// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"strconv"
	"strings"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/callback"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/event"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/rlp"
)

const (
	// timeoutWindow is how far ahead, in seconds, a packet's timeout may lie.
	timeoutWindow = 7 * 24 * 60 * 60
	payloadLimit  = 16 * 1024
	maxReceiver   = 64
	maxBudget     = 5_000_000
	// maxMessages is how many packets one transaction may send.
	maxMessages = 128
	// maxNumbered is how many packets one transaction may number.
	maxNumbered = 1024
)

// outKey is where a packet stands that was sent and has no sequence yet.
func outKey(transaction string, place uint64) string {
	return "out/" + transaction + "/" + strconv.FormatUint(place, 10)
}

// parseOutKey takes such a key apart.
func parseOutKey(key string) (transaction string, place uint64, ok bool) {
	parts := strings.Split(key, "/")
	if len(parts) != 3 {
		return "", 0, false
	}
	place, err := strconv.ParseUint(parts[2], 10, 64)
	if err != nil || len(parts[1]) != 64 || outKey(parts[1], place) != key {
		return "", 0, false
	}
	return parts[1], place, true
}

// sentKey is where the last sequence of a lane that starts here stands.
func sentKey(lane digest.Hash) string { return "sent/" + lane.Hex() }

// idKey is where a numbered packet's sender, timeout and reference stand.
func idKey(packet digest.Hash) string { return "id/" + packet.Hex() }

// waiting is a packet that was sent and has no sequence yet.
type waiting struct {
	packet digest.Packet
	terms  digest.Terms
}

func (w *waiting) encode() []byte {
	p := &w.packet
	return rlp.Versioned(
		event.Word(p.Lane), rlp.Bytes(p.Sender), event.Word(p.Destination), event.Word(w.terms.Name),
		rlp.Bool(w.terms.Ordered), rlp.Bytes(p.Receiver), rlp.Uint(p.Timeout), rlp.Uint(p.Budget), rlp.Bytes(p.Payload),
	)
}

func decodeWaiting(source digest.Hash, value []byte) (*waiting, error) {
	r := rlp.Open(value)
	w := &waiting{packet: digest.Packet{Source: source}}
	p := &w.packet
	p.Lane, p.Sender, p.Destination, w.terms.Name = r.Word(), r.Bytes(), r.Word(), r.Word()
	w.terms.Ordered, p.Receiver, p.Timeout, p.Budget, p.Payload = r.Bool(), r.Bytes(), r.Uint(), r.Uint(), r.Bytes()
	return w, r.Close()
}

// Sent tells a client where a packet of its transaction waits for its sequence.
type Sent struct {
	Key  string `json:"key"`
	Lane string `json:"lane"`
}

// send asks an application for packets and puts them out.
//
//	send APP ARG…
func (c *call) send(args [][]byte) (any, error) {
	if len(args) == 0 {
		return nil, refusal.New("bad-arguments", "send APP ARG…")
	}
	app, err := c.application(args[0])
	if err != nil {
		return nil, err
	}
	if err := c.running(); err != nil {
		return nil, err
	}
	answer, err := c.ask(app, callback.OnSend, args[1:]...)
	if err != nil {
		return nil, err
	}
	messages, err := callback.DecodeMessages(answer)
	if err != nil || len(messages) == 0 {
		return nil, refusal.New("bad-answer", "%s: %d messages, %v", app, len(messages), err)
	}
	sent, err := c.put(app, messages)
	return sentAnswer{sent}, err
}

type sentAnswer struct {
	Sent []Sent `json:"sent"`
}

// put writes an application's messages under keys of this transaction alone: no counter, so that transactions that send
// at the same time do not collide.
func (c *call) put(app string, messages []callback.Message) ([]Sent, error) {
	if len(messages) == 0 {
		return []Sent{}, nil
	}
	if err := c.running(); err != nil {
		return nil, err
	}
	if len(messages) > maxMessages {
		return nil, refusal.New("too-many-messages", "%d in one transaction, at most %d", len(messages), maxMessages)
	}
	now, err := c.now()
	if err != nil {
		return nil, err
	}
	sent := make([]Sent, len(messages))
	for i := range messages {
		if err := c.checkMessage(&messages[i], now); err != nil {
			return nil, err
		}
		m := &messages[i]
		w := waiting{
			terms: digest.Terms{Name: digest.Keccak([]byte(m.Lane)), Ordered: m.Ordered},
			packet: digest.Packet{
				Source: c.head.id, Destination: m.Destination, Sender: []byte(app), Receiver: m.Receiver,
				Timeout: m.Timeout, Budget: m.Budget, Payload: m.Payload,
			},
		}
		p := &w.packet
		p.Lane = digest.Lane(p.Source, p.Destination, w.terms, p.Sender, p.Receiver)
		key := outKey(c.stub.GetTxID(), uint64(i))
		if err := c.view.Put(key, w.encode()); err != nil {
			return nil, err
		}
		sent[i] = Sent{Key: key, Lane: p.Lane.String()}
	}
	return sent, nil
}

func (c *call) checkMessage(m *callback.Message, now uint64) error {
	switch {
	case m.Destination.IsZero() || m.Destination == c.head.id:
		return refusal.New("bad-destination", "gateway %v", m.Destination)
	case len(m.Receiver) > maxReceiver:
		return refusal.New("receiver-too-long", "%d bytes, at most %d", len(m.Receiver), maxReceiver)
	case m.Timeout <= now || m.Timeout > now+timeoutWindow:
		return refusal.New("bad-timeout", "%d, it is %d and the timeout lies at most %d s ahead", m.Timeout, now, timeoutWindow)
	case m.Budget > maxBudget:
		return refusal.New("budget-too-large", "%d, at most %d", m.Budget, maxBudget)
	case len(m.Payload) > payloadLimit:
		return refusal.New("payload-too-large", "%d bytes, at most %d", len(m.Payload), payloadLimit)
	}
	return nil
}

// number gives waiting packets their sequences: that is when they are sent, as other islands see it. Anyone may call it;
// the order of the keys is the order of the sequences.
//
//	number LANE KEY…
func (c *call) number(args [][]byte) (any, error) {
	if len(args) < 2 || len(args) > 1+maxNumbered {
		return nil, refusal.New("bad-arguments", "number LANE KEY…, 1 to %d keys", maxNumbered)
	}
	a := arguments{}
	lane := a.hash(args[0])
	if a.fault != nil {
		return nil, a.fault
	}
	last, err := c.counter(sentKey(lane))
	if err != nil {
		return nil, err
	}
	packets := make([]string, 0, len(args)-1)
	for _, key := range args[1:] {
		last++
		id, err := c.numberOne(lane, string(key), last)
		if err != nil {
			return nil, refusal.Of(string(key), err)
		}
		packets = append(packets, id.String())
	}
	return packetsAnswer{packets}, c.setCounter(sentKey(lane), last)
}

type packetsAnswer struct {
	Packets []string `json:"packets"`
}

func (c *call) numberOne(lane digest.Hash, key string, sequence uint64) (digest.Hash, error) {
	transaction, place, ok := parseOutKey(key)
	if !ok {
		return digest.Hash{}, refusal.New("bad-arguments", "expected out/<transaction>/<place>")
	}
	w, err := c.waitingAt(key)
	if err != nil {
		return digest.Hash{}, err
	}
	if w == nil {
		return digest.Hash{}, refusal.New("unknown-packet", "no packet waits there")
	}
	p := &w.packet
	if p.Lane != lane {
		return digest.Hash{}, refusal.New("wrong-lane", "it waits for lane %v", p.Lane)
	}
	if w.terms.Ordered {
		if err := c.checkFirst(lane, transaction, place); err != nil {
			return digest.Hash{}, err
		}
	}
	p.Sequence = sequence
	id := p.ID()
	reference, err := callback.ReferenceOf(transaction, place)
	if err != nil {
		return digest.Hash{}, err
	}
	if err := c.view.Delete(key); err != nil {
		return digest.Hash{}, err
	}
	if err := c.view.Put(idKey(id), encodeDeparture(departure{string(p.Sender), p.Timeout, reference})); err != nil {
		return digest.Hash{}, err
	}
	return id, c.emit(event.SentKey(lane, sequence), event.PacketSent, event.SentFields(p, w.terms)...)
}

// checkFirst refuses to number a packet of an ordered lane before one that the same transaction sent before it. Between
// transactions the order is that of numbering.
func (c *call) checkFirst(lane digest.Hash, transaction string, place uint64) error {
	for earlier := range place {
		w, err := c.waitingAt(outKey(transaction, earlier))
		if err != nil {
			return err
		}
		if w != nil && w.packet.Lane == lane {
			return refusal.New("wrong-sequence", "%s was sent before it", outKey(transaction, earlier))
		}
	}
	return nil
}

func (c *call) waitingAt(key string) (*waiting, error) {
	value, err := c.view.Get(key)
	if err != nil || len(value) == 0 {
		return nil, err
	}
	return decodeWaiting(c.head.id, value)
}
