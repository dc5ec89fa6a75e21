// SPDX-License-Identifier: Apache-2.0

// Package callback holds what a gateway and an application say to each other, byte by byte.
//
//	onSend(the client's arguments…)  → 0x01 ‖ RLP[ [message…] ]
//	onPackets(arrivals)              → 0x01 ‖ RLP[ [result…], [message…] ]      arrivals = 0x01 ‖ RLP[ arrival… ]
//	onOutcomes(outcomes)             → 0x01 ‖ RLP[ [message…] ]                 outcomes = 0x01 ‖ RLP[ outcome… ]
//
//	message = [destination(32), lane name(text), ordered, receiver, timeout, budget, payload]
//	arrival = [packet id(32), source(32), sender, payload]
//	outcome = [packet id(32), transaction(32), place, kind, success, result]
package callback

import (
	"encoding/hex"
	"strconv"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/rlp"
)

// The functions that a gateway calls.
const (
	OnSend     = "onSend"
	OnPackets  = "onPackets"
	OnOutcomes = "onOutcomes"
)

// MaxResult is the longest result of a packet.
const MaxResult = 1024

// Message is a packet that an application wants sent. The gateway adds source, sender and, later, the sequence.
type Message struct {
	// Destination is the id of the gateway it goes to.
	Destination digest.Hash
	// Lane is the lane's name.
	Lane string
	// Ordered lanes belong to this application and this receiver.
	Ordered  bool
	Receiver []byte
	// Timeout is the last second of destination time at which it can be delivered.
	Timeout uint64
	// Budget is what the receiver is guaranteed (gas, where the destination is an EVM).
	Budget  uint64
	Payload []byte
}

// Arrival is a packet handed to its receiver.
type Arrival struct {
	ID digest.Hash
	// Source is the id of the gateway it comes from.
	Source digest.Hash
	// Sender is who sent it there. Applications account per (Source, Sender).
	Sender  []byte
	Payload []byte
}

// Reference names a message by the transaction that sent it and its place in the application's answer: all that an
// application knows of a packet when it sends it, since the packet's id comes with its sequence.
type Reference struct {
	Transaction [32]byte
	Place       uint64
}

// String is the transaction's id and the place: as applications use it in their keys.
func (r Reference) String() string {
	return hex.EncodeToString(r.Transaction[:]) + "/" + strconv.FormatUint(r.Place, 10)
}

// ReferenceOf a message in the transaction of this id (64 lower-case hex characters).
func ReferenceOf(transaction string, place uint64) (Reference, error) {
	id, err := hex.DecodeString(transaction)
	if err != nil || len(id) != 32 || hex.EncodeToString(id) != transaction {
		return Reference{}, refusal.New("malformed-proposal", "transaction id %q, expected 64 lower-case hex characters", transaction)
	}
	return Reference{Transaction: [32]byte(id), Place: place}, nil
}

// Outcome is what became of a packet, handed to its sender.
type Outcome struct {
	ID        digest.Hash
	Reference Reference
	// Kind is Result, Expired or Void.
	Kind digest.Kind
	// Success of a Result: whether the receiver accepted it.
	Success bool
	Result  []byte
}

// Delivered tells whether the packet has done what it was sent for. Otherwise whatever it carried has to be given back.
func (o *Outcome) Delivered() bool { return o.Kind == digest.Result && o.Success }

// EncodeMessages is the answer of onSend and of onOutcomes.
func EncodeMessages(messages []Message) []byte { return rlp.Versioned(rlp.Map(messages, message)) }

// DecodeMessages reads the answer of onSend or of onOutcomes.
func DecodeMessages(answer []byte) ([]Message, error) {
	r := rlp.Open(answer)
	messages := readMessages(r.List())
	return messages, r.Close()
}

// EncodeAnswer is the answer of onPackets.
func EncodeAnswer(results [][]byte, messages []Message) []byte {
	return rlp.Versioned(rlp.Map(results, rlp.Bytes), rlp.Map(messages, message))
}

// DecodeAnswer reads the answer of onPackets.
func DecodeAnswer(answer []byte) (results [][]byte, messages []Message, err error) {
	r := rlp.Open(answer)
	for list := r.List(); list.More(); {
		results = append(results, list.Limited(MaxResult))
	}
	messages = readMessages(r.List())
	return results, messages, r.Close()
}

// EncodeArrivals is the argument of onPackets.
func EncodeArrivals(arrivals []Arrival) []byte {
	items := make([][]byte, len(arrivals))
	for i, a := range arrivals {
		items[i] = rlp.List(rlp.Bytes(a.ID[:]), rlp.Bytes(a.Source[:]), rlp.Bytes(a.Sender), rlp.Bytes(a.Payload))
	}
	return rlp.Versioned(items...)
}

// DecodeArrivals reads the argument of onPackets.
func DecodeArrivals(argument []byte) (arrivals []Arrival, err error) {
	r := rlp.Open(argument)
	for r.More() {
		item := r.List()
		arrivals = append(arrivals, Arrival{ID: item.Word(), Source: item.Word(), Sender: item.Bytes(), Payload: item.Bytes()})
		_ = item.Close()
	}
	return arrivals, r.Close()
}

// EncodeOutcomes is the argument of onOutcomes.
func EncodeOutcomes(outcomes []Outcome) []byte {
	items := make([][]byte, len(outcomes))
	for i, o := range outcomes {
		items[i] = rlp.List(
			rlp.Bytes(o.ID[:]), rlp.Bytes(o.Reference.Transaction[:]), rlp.Uint(o.Reference.Place),
			rlp.Uint(uint64(o.Kind)), rlp.Bool(o.Success), rlp.Bytes(o.Result),
		)
	}
	return rlp.Versioned(items...)
}

// DecodeOutcomes reads the argument of onOutcomes.
func DecodeOutcomes(argument []byte) (outcomes []Outcome, err error) {
	r := rlp.Open(argument)
	for r.More() {
		item := r.List()
		outcome := Outcome{ID: item.Word(), Reference: Reference{Transaction: item.Word(), Place: item.Uint()}}
		kind := item.Uint()
		outcome.Success, outcome.Result = item.Bool(), item.Bytes()
		if item.Close() == nil && (kind < uint64(digest.Result) || kind > uint64(digest.Void)) {
			return nil, refusal.New("bad-kind", "outcome of kind %d", kind)
		}
		outcome.Kind = digest.Kind(kind)
		outcomes = append(outcomes, outcome)
	}
	return outcomes, r.Close()
}

func message(m Message) []byte {
	return rlp.List(
		rlp.Bytes(m.Destination[:]), rlp.Text(m.Lane), rlp.Bool(m.Ordered), rlp.Bytes(m.Receiver),
		rlp.Uint(m.Timeout), rlp.Uint(m.Budget), rlp.Bytes(m.Payload),
	)
}

func readMessages(r *rlp.Reader) (messages []Message) {
	for r.More() {
		item := r.List()
		messages = append(messages, Message{
			Destination: item.Word(), Lane: string(item.Bytes()), Ordered: item.Bool(), Receiver: item.Bytes(),
			Timeout: item.Uint(), Budget: item.Uint(), Payload: item.Bytes(),
		})
		_ = item.Close()
	}
	return messages
}
