// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/apps/board"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/event"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/gateway"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/internal/fabrictest"
)

func TestAGatewayIsBornOnceFromItsOpeningTransaction(t *testing.T) {
	c := fabrictest.New()
	c.Deploy("gateway", gateway.New("gateway", c.Clock))
	island, hub := digest.Keccak([]byte("island")), digest.Keccak([]byte("hub"))
	owner, keys := fabrictest.KeyOf("owner").Address, fabrictest.Addresses(fabrictest.Keys(3))
	open := fabrictest.Propose("open", island.String(), hub.String(), owner.String(), "2", keys[0].String(), keys[1].String(), keys[2].String())
	e, err := c.Submit(open)
	if err != nil {
		t.Fatal(err)
	}
	id := digest.Gateway(island, []byte("gateway"), sha256.Sum256([]byte(e.ID)))
	set := event.Attestors{Epoch: 1, Threshold: 2, Members: keys}
	want := event.Value(id, event.Opened, event.OpenedFields(island, hub, owner, set)...)
	if got := c.Get("gateway", "opened"); !slices.Equal(got, want) {
		t.Errorf("opened is %x, expected %x", got, want)
	}
	if _, err := c.Submit(open); codeOf(err) != "already-opened" {
		t.Errorf("opened twice: %v", err)
	}
	facts := c.Endorse(fabrictest.Propose("facts", "opened"))
	if digest.Hash(facts.Response.GetPayload()) != id || len(facts.Writes("gateway")) != 0 {
		t.Errorf("facts answers %x", facts.Response.GetPayload())
	}
}

func TestOpenRefusesWhatNoGatewayCanBe(t *testing.T) {
	c := fabrictest.New()
	c.Deploy("gateway", gateway.New("gateway", c.Clock))
	island, owner := digest.Keccak([]byte("island")).String(), fabrictest.KeyOf("owner").Address.String()
	zero := digest.Hash{}.String()
	var keys []string
	for _, key := range fabrictest.Keys(33) {
		keys = append(keys, key.Address.String())
	}
	for name, c2 := range map[string]struct {
		code string
		args []string
	}{
		"too few arguments":        {"bad-arguments", []string{island, island, owner}},
		"no island":                {"zero-island", append([]string{zero, island, owner, "1"}, keys[:1]...)},
		"no owner":                 {"zero-owner", append([]string{island, island, digest.Address{}.String(), "1"}, keys[:1]...)},
		"no attestors":             {"bad-threshold", []string{island, island, owner, "0"}},
		"half of the attestors":    {"bad-threshold", append([]string{island, island, owner, "1"}, keys[:2]...)},
		"more than the attestors":  {"bad-threshold", append([]string{island, island, owner, "3"}, keys[:2]...)},
		"a huge threshold":         {"bad-threshold", append([]string{island, island, owner, "9223372036854775809"}, keys[:2]...)},
		"33 attestors":             {"too-many-attestors", append([]string{island, island, owner, "17"}, keys...)},
		"attestors out of order":   {"attestors-not-ascending", []string{island, island, owner, "2", keys[1], keys[0]}},
		"an attestor twice":        {"attestors-not-ascending", []string{island, island, owner, "2", keys[0], keys[0]}},
		"an attestor of zero":      {"attestors-not-ascending", []string{island, island, owner, "1", digest.Address{}.String()}},
		"upper-case hex":           {"bad-arguments", append([]string{"0x" + strings.ToUpper(island[2:]), island, owner, "1"}, keys[:1]...)},
		"hex without 0x":           {"bad-arguments", append([]string{island[2:], island, owner, "1"}, keys[:1]...)},
		"a threshold with a zero":  {"bad-arguments", append([]string{island, island, owner, "01"}, keys[:1]...)},
		"a threshold below nought": {"bad-arguments", append([]string{island, island, owner, "-1"}, keys[:1]...)},
	} {
		_, err := c.Submit(fabrictest.Proposal{Chaincode: "gateway", Args: fabrictest.Args(append([]string{"open"}, c2.args...)...)})
		if codeOf(err) != c2.code {
			t.Errorf("%s: %v, expected %s", name, err, c2.code)
		}
	}
}

func TestNothingButOpenStateAndFactsRunsBeforeOpen(t *testing.T) {
	c := fabrictest.New()
	c.Deploy("gateway", gateway.New("gateway", c.Clock))
	for _, function := range []string{"send", "number", "deliver", "expire", "settle", "rotate", "act", "beat", "packet", "lane", "pending"} {
		if _, err := c.Submit(fabrictest.Propose(function)); codeOf(err) != "not-opened" {
			t.Errorf("%s: %v", function, err)
		}
	}
	facts := c.Endorse(fabrictest.Propose("facts", "opened"))
	if err := facts.Err(); err != nil || digest.Hash(facts.Response.GetPayload()) != (digest.Hash{}) {
		t.Errorf("facts of a gateway that is not open: %x, %v", facts.Response.GetPayload(), err)
	}
}

func TestAPacketGoesOutAndItsResultComesHome(t *testing.T) {
	w := newWorld(t)
	e, err := w.Submit(w.post("hello", false))
	if err != nil {
		t.Fatal(err)
	}
	out := "out/" + e.ID + "/0"
	if got := e.Writes("gateway"); !slices.Equal(got, []string{out}) {
		t.Errorf("send wrote %q, expected its own key alone", got)
	}
	sent := w.Number()
	if len(sent) != 1 || sent[0].Packet.Sequence != 1 || string(sent[0].Packet.Sender) != "board" || string(sent[0].Packet.Payload) != "hello" {
		t.Fatalf("sent %+v", sent)
	}
	if w.Get("gateway", out) != nil {
		t.Error("the numbered packet still waits")
	}
	id := sent[0].Packet.ID()
	w.must("settle", "board", w.Settlements(fabrictest.Settlement{ID: id, Kind: digest.Result, Success: true, Result: []byte("seen")}))
	want := event.Value(w.ID, event.PacketSettled, event.SettledFields(id, digest.Result, true)...)
	if got := w.Get("gateway", event.SettledKey(id)); !slices.Equal(got, want) {
		t.Errorf("%x, expected %x", got, want)
	}
	var outcome board.Outcome
	if err := json.Unmarshal(w.Get("board", "outcome/"+e.ID+"/0"), &outcome); err != nil {
		t.Fatal(err)
	}
	if want := (board.Outcome{Packet: id.String(), Kind: 3, Success: true, Result: "0x7365656e"}); outcome != want {
		t.Errorf("%+v, expected %+v", outcome, want)
	}
	var standing gateway.Standing
	if err := json.Unmarshal(w.must("packet", id.String()).Response.GetPayload(), &standing); err != nil {
		t.Fatal(err)
	}
	if want := (gateway.Standing{Sender: "board", Reference: e.ID + "/0", Settled: true}); standing != want {
		t.Errorf("%+v, expected %+v", standing, want)
	}
}

func TestAPacketComesInAndIsAnswered(t *testing.T) {
	w := newWorld(t)
	d := w.incoming("board", 1, false, "hello")
	e := w.must("deliver", "board", w.Deliveries(digest.Deliver, d))
	id := d.Packet.ID()
	if got := e.Writes("gateway"); !slices.Equal(got, []string{event.ReceivedKey(id)}) {
		t.Errorf("deliver wrote %q, expected the packet's key alone", got)
	}
	want := event.Value(w.ID, event.PacketDelivered, event.DeliveredFields(id, []byte("hello"))...)
	if got := w.Get("gateway", event.ReceivedKey(id)); !slices.Equal(got, want) {
		t.Errorf("%x, expected %x", got, want)
	}
	last, err := w.Submit(fabrictest.Proposal{Chaincode: "board", Args: fabrictest.Args("last")})
	if err != nil || !strings.Contains(string(last.Response.GetPayload()), `"text":"hello"`) {
		t.Errorf("the board's last message: %s, %v", last.Response.GetPayload(), err)
	}
}

func TestABeatIsAnEventOfItsTransaction(t *testing.T) {
	w := newWorld(t)
	e := w.must("beat")
	if got := w.Get("gateway", "beat/"+e.ID); !slices.Equal(got, event.Value(w.ID, event.Beat)) {
		t.Errorf("%x", got)
	}
	w.refused("bad-arguments", "beat", "faster")
}

func TestFactsReadExactlyTheKeysAskedFor(t *testing.T) {
	w := newWorld(t)
	e := w.must("facts", "act/1", "opened")
	if got := e.Reads("gateway"); !slices.Equal(got, []string{"act/1", "gateway", "opened"}) {
		t.Errorf("facts read %q", got)
	}
	if len(e.Writes("gateway")) != 0 || digest.Hash(e.Response.GetPayload()) != w.ID {
		t.Error("facts writes, or answers with another id")
	}
	w.refused("bad-arguments", "facts")
	w.refused("bad-arguments", "facts", "")
	w.refused("bad-arguments", "facts", "opened", "act/1")
	w.refused("bad-arguments", "facts", "opened", "opened")
	many := []any{"facts"}
	for i := range 1025 {
		many = append(many, string([]byte{byte('a' + i/100), byte('0' + i/10%10), byte('0' + i%10)}))
	}
	w.refused("bad-arguments", many...)
	w.must(many[:1025]...)
}

func TestAReadOfPendingListsWhatWaits(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		if _, err := w.Submit(w.post("hello", false)); err != nil {
			t.Fatal(err)
		}
	}
	for limit, want := range map[string]int{"0": 0, "2": 2, "100": 3} {
		var answer struct{ Pending []gateway.Sent }
		if err := json.Unmarshal(w.Endorse(fabrictest.Propose("pending", limit)).Response.GetPayload(), &answer); err != nil {
			t.Fatal(err)
		}
		if len(answer.Pending) != want {
			t.Errorf("limit %s: %d, expected %d", limit, len(answer.Pending), want)
		}
	}
	w.refused("bad-arguments", "pending", "many")
	w.refused("bad-arguments", "pending", "1", "2")
}

func TestUnknownFunctionsAreRefused(t *testing.T) {
	w := newWorld(t)
	w.refused("unknown-function", "mint")
	w.refused("unknown-function", "onPackets")
	if _, err := w.Submit(fabrictest.Proposal{Chaincode: "gateway"}); codeOf(err) != "unknown-function" {
		t.Errorf("no function: %v", err)
	}
	w.refused("bad-arguments", "packet")
	w.refused("bad-arguments", "lane", "0x00")
}

func TestTheTransactionsTimeMayBeAMinuteOffThePeersClockAndNoMore(t *testing.T) {
	w := newWorld(t)
	for skew, code := range map[time.Duration]string{
		-24 * time.Hour: "clock", -61 * time.Second: "clock", -time.Minute: "accepted",
		time.Minute: "accepted", 61 * time.Second: "clock", 24 * time.Hour: "clock", 1 << 62: "clock",
	} {
		send := w.post("hello", false)
		send.Skew = skew
		if e := w.Endorse(send); codeOf(e.Err()) != code {
			t.Errorf("send, %v off: %v, expected %s", skew, e.Err(), code)
		}
		deliver := fabrictest.Propose("deliver", "board", w.Deliveries(digest.Deliver, w.incoming("board", 1, false, "hello")))
		deliver.Skew = skew
		if e := w.Endorse(deliver); codeOf(e.Err()) != code {
			t.Errorf("deliver, %v off: %v, expected %s", skew, e.Err(), code)
		}
	}
}
