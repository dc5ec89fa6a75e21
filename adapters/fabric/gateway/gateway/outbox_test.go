// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/callback"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/internal/fabrictest"
)

func TestFiftyPacketsAreSentInOneBlockWithoutACollision(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		w := newWorld(t)
		block := make([]*fabrictest.Endorsed, 50)
		for i := range block {
			block[i] = w.Endorse(w.post("hello "+strconv.Itoa(i), ordered))
		}
		for i, valid := range w.Commit(block...) {
			if !valid {
				t.Errorf("ordered %v: transaction %d collided", ordered, i)
			}
		}
		sent := w.Number()
		for i, d := range sent {
			if d.Packet.Sequence != uint64(i+1) {
				t.Errorf("packet %d has sequence %d", i, d.Packet.Sequence)
			}
		}
		if len(sent) != 50 {
			t.Errorf("%d packets, expected 50", len(sent))
		}
	}
}

func TestTwoWhoNumberTheSamePacketsCollideAndOneOfThemSendsThem(t *testing.T) {
	w := newWorld(t)
	e, err := w.Submit(w.post("hello", false))
	if err != nil {
		t.Fatal(err)
	}
	lane := w.incomingLane()
	number := fabrictest.Propose("number", lane, "out/"+e.ID+"/0")
	first, second := w.Endorse(number), w.Endorse(number)
	if valid := w.Commit(first, second); !valid[0] || valid[1] {
		t.Errorf("valid: %v, expected the first alone", valid)
	}
	w.refusedProposal("unknown-packet", number)
}

// incomingLane is the lane in which the board posts.
func (w *world) incomingLane() string {
	receiver := fabrictest.Hex(remoteBoard)
	terms := digest.Terms{Name: digest.Keccak([]byte("default"))}
	return digest.Lane(w.ID, w.remote, terms, []byte("board"), receiver).String()
}

func TestNumberTakesOnlyWaitingPacketsOfItsLane(t *testing.T) {
	w := newWorld(t)
	e, err := w.Submit(w.post("hello", false))
	if err != nil {
		t.Fatal(err)
	}
	lane, key := w.incomingLane(), "out/"+e.ID+"/0"
	w.refused("bad-arguments", "number", lane)
	w.refused("bad-arguments", "number", "lane", key)
	w.refused("wrong-lane", "number", digest.Keccak([]byte("another lane")).String(), key)
	w.refused("unknown-packet", "number", lane, key, key)
	w.refused("unknown-packet", "number", lane, "out/"+e.ID+"/1")
	for _, bad := range []string{
		"", "gateway", "opened", "out/" + e.ID, "out/" + e.ID + "/00", "out/" + e.ID + "/-1", "out/" + e.ID + "/0/0",
		"out/" + e.ID[:63] + "/0", "in/" + e.ID + "/0", "out/" + e.ID + "/18446744073709551616",
	} {
		w.refused("bad-arguments", "number", lane, bad)
	}
	many := []any{"number", lane}
	for i := range 1025 {
		many = append(many, fmt.Sprintf("out/%s/%d", e.ID, i))
	}
	w.refused("bad-arguments", many...)
	w.must("number", lane, key)
	w.refused("unknown-packet", "number", lane, key)
}

func TestAnOrderedLaneKeepsTheOrderOfATransaction(t *testing.T) {
	w := newWorld(t)
	ordered, unordered := w.message(), w.message()
	ordered.Ordered = true
	w.puppet("twice", map[string][]byte{callback.OnSend: callback.EncodeMessages([]callback.Message{ordered, unordered, ordered, unordered})})
	e := w.must("send", "twice")
	key := func(place int) string { return fmt.Sprintf("out/%s/%d", e.ID, place) }
	lane := func(m callback.Message) string {
		terms := digest.Terms{Name: digest.Keccak([]byte(m.Lane)), Ordered: m.Ordered}
		return digest.Lane(w.ID, m.Destination, terms, []byte("twice"), m.Receiver).String()
	}
	w.refused("wrong-sequence", "number", lane(ordered), key(2))
	w.refused("wrong-sequence", "number", lane(ordered), key(2), key(0))
	w.must("number", lane(unordered), key(3), key(1))
	if sent := w.Sent(w.must("number", lane(ordered), key(0), key(2))); len(sent) != 2 || sent[1].Packet.Sequence != 2 {
		t.Errorf("%+v", sent)
	}
}

func TestSendRefusesWhatNoGatewayWouldTake(t *testing.T) {
	w := newWorld(t)
	good := w.message()
	for name, c := range map[string]struct {
		code   string
		change func(*callback.Message)
	}{
		"no destination":                   {"bad-destination", func(m *callback.Message) { m.Destination = digest.Hash{} }},
		"itself as the destination":        {"bad-destination", func(m *callback.Message) { m.Destination = w.ID }},
		"a receiver of 65 bytes":           {"receiver-too-long", func(m *callback.Message) { m.Receiver = make([]byte, 65) }},
		"a receiver of 64 bytes":           {"accepted", func(m *callback.Message) { m.Receiver = make([]byte, 64) }},
		"a timeout now":                    {"bad-timeout", func(m *callback.Message) { m.Timeout = w.Seconds() }},
		"a timeout in a second":            {"accepted", func(m *callback.Message) { m.Timeout = w.Seconds() + 1 }},
		"a timeout in 7 days":              {"accepted", func(m *callback.Message) { m.Timeout = w.Seconds() + 604_800 }},
		"a timeout in 7 days and a second": {"bad-timeout", func(m *callback.Message) { m.Timeout = w.Seconds() + 604_801 }},
		"a timeout in milliseconds":        {"bad-timeout", func(m *callback.Message) { m.Timeout *= 1000 }},
		"a budget of 5,000,001":            {"budget-too-large", func(m *callback.Message) { m.Budget = 5_000_001 }},
		"a budget of 5,000,000":            {"accepted", func(m *callback.Message) { m.Budget = 5_000_000 }},
		"a payload of 16 KiB":              {"accepted", func(m *callback.Message) { m.Payload = make([]byte, 16_384) }},
		"a payload of 16 KiB and one byte": {"payload-too-large", func(m *callback.Message) { m.Payload = make([]byte, 16_385) }},
	} {
		m := good
		c.change(&m)
		w.puppet("sender", map[string][]byte{callback.OnSend: callback.EncodeMessages([]callback.Message{good, m})})
		if _, err := w.Invoke("send", "sender"); codeOf(err) != c.code {
			t.Errorf("%s: %v, expected %s", name, err, c.code)
		}
	}
}

func TestSendRefusesAnswersThatAreNoMessages(t *testing.T) {
	w := newWorld(t)
	w.refused("bad-arguments", "send")
	for name, answer := range map[string][]byte{
		"nothing":         nil,
		"no messages":     callback.EncodeMessages(nil),
		"trailing bytes":  append(callback.EncodeMessages([]callback.Message{w.message()}), 0),
		"a list too many": callback.EncodeAnswer(nil, []callback.Message{w.message()}),
	} {
		w.puppet("sender", map[string][]byte{callback.OnSend: answer})
		if _, err := w.Invoke("send", "sender"); codeOf(err) != "bad-answer" {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := make([]callback.Message, 129)
	for i := range many {
		many[i] = w.message()
	}
	w.puppet("sender", map[string][]byte{callback.OnSend: callback.EncodeMessages(many)})
	w.refused("too-many-messages", "send", "sender")
	w.puppet("sender", map[string][]byte{callback.OnSend: callback.EncodeMessages(many[:128])})
	w.must("send", "sender")
}

func TestOnlyThePlainNameOfAnotherChaincodeIsAnApplication(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{
		"", "gateway", "board:1.0", "board/otherchannel", "_lifecycle", "board ", "board-", "board\u0000", strings.Repeat("a", 65),
	} {
		w.refused("bad-app", "send", name)
		w.refused("bad-app", "deliver", name, "")
		w.refused("bad-app", "settle", name, "")
	}
	w.refused("app-refused", "send", "nobody")
}
