// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/callback"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/event"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/internal/fabrictest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/rlp"
)

func TestAPacketIsDeliveredOnceAndExpiresNeverAfter(t *testing.T) {
	w := newWorld(t)
	d := w.incoming("board", 1, false, "hello")
	w.must("deliver", "board", w.Deliveries(digest.Deliver, d))
	w.refused("already-final", "deliver", "board", w.Deliveries(digest.Deliver, d))
	w.refused("already-final", "expire", w.Deliveries(digest.Refuse, d))
}

func TestAPacketThatExpiredIsNeverDelivered(t *testing.T) {
	w := newWorld(t)
	d := w.incoming("board", 1, false, "hello")
	e := w.must("expire", w.Deliveries(digest.Refuse, d))
	key := event.ReceivedKey(d.Packet.ID())
	if got := e.Writes("gateway"); !slices.Equal(got, []string{key}) {
		t.Errorf("expire wrote %q", got)
	}
	if want := event.Value(w.ID, event.PacketExpired, event.Word(d.Packet.ID())); !bytes.Equal(w.Get("gateway", key), want) {
		t.Errorf("%x, expected %x", w.Get("gateway", key), want)
	}
	w.refused("already-final", "deliver", "board", w.Deliveries(digest.Deliver, d))
	w.refused("already-final", "expire", w.Deliveries(digest.Refuse, d))
}

func TestAPacketTwiceInOneTransactionIsRefused(t *testing.T) {
	w := newWorld(t)
	d, other := w.incoming("board", 1, false, "hello"), w.incoming("board", 2, false, "hello")
	w.refused("already-final", "deliver", "board", w.Deliveries(digest.Deliver, d, d))
	w.refused("already-final", "deliver", "board", w.Deliveries(digest.Deliver, d, other, d))
	w.refused("already-final", "expire", w.Deliveries(digest.Refuse, d, d))
	two := rlp.Versioned(w.DeliveryBatch(digest.Deliver, d), w.DeliveryBatch(digest.Deliver, other, d))
	w.refused("already-final", "deliver", "board", two)
}

func TestTwoDeliveriesOfOnePacketCollide(t *testing.T) {
	w := newWorld(t)
	d := w.incoming("board", 1, false, "hello")
	deliver := fabrictest.Propose("deliver", "board", w.Deliveries(digest.Deliver, d))
	expire := fabrictest.Propose("expire", w.Deliveries(digest.Refuse, d))
	first, second, third := w.Endorse(deliver), w.Endorse(deliver), w.Endorse(expire)
	if valid := w.Commit(first, second, third); !slices.Equal(valid, []bool{true, false, false}) {
		t.Errorf("valid: %v, expected the first alone", valid)
	}
}

func TestFiftyPacketsAreDeliveredInOneBlockWithoutACollision(t *testing.T) {
	w := newWorld(t)
	block := make([]*fabrictest.Endorsed, 50)
	for i := range block {
		d := w.incoming("board", uint64(i+1), false, "hello")
		block[i] = w.Endorse(fabrictest.Propose("deliver", "board", w.Deliveries(digest.Deliver, d)))
	}
	if valid := w.Commit(block...); slices.Contains(valid, false) {
		t.Errorf("valid: %v", valid)
	}
}

func TestSeveralBatchesTravelInOneTransaction(t *testing.T) {
	w := newWorld(t)
	var all []fabrictest.Delivery
	for i := range 7 {
		all = append(all, w.incoming("board", uint64(i+1), false, "hello"))
	}
	w.must("deliver", "board", rlp.Versioned(w.DeliveryBatch(digest.Deliver, all[:3]...), w.DeliveryBatch(digest.Deliver, all[3:]...)))
	for _, d := range all {
		if _, delivered := w.Result(d.Packet.ID()); !delivered {
			t.Errorf("packet %d was not delivered", d.Packet.Sequence)
		}
	}
}

func TestDeliverTakesTheTimeoutsSecondAndNoLater(t *testing.T) {
	w := newWorld(t)
	d := w.incoming("board", 1, false, "hello")
	statements := w.Deliveries(digest.Deliver, d)
	w.Now = time.Unix(int64(d.Packet.Timeout)+1, 0)
	w.refused("past-timeout", "deliver", "board", statements)
	w.refused("too-few-signatures", "expire", rlp.Versioned(fabrictest.Batch(1, 1, nil, fabrictest.Item(d.Encode(), 0, nil))))
	w.Now = time.Unix(int64(d.Packet.Timeout), 999_999_999)
	w.must("deliver", "board", statements)
}

func TestExpireTakesRefuseSignaturesAloneAndAtAnyTime(t *testing.T) {
	w := newWorld(t)
	d := w.incoming("board", 1, false, "hello")
	w.Now = time.Unix(int64(d.Packet.Timeout)+1_000_000, 0)
	w.refused("not-attestor", "expire", w.Deliveries(digest.Deliver, d))
	w.refused("not-attestor", "deliver", "board", w.Deliveries(digest.Refuse, w.incoming("board", 2, false, "hello")))
	w.must("expire", w.Deliveries(digest.Refuse, d))
}

func TestAnOrderedLaneEndsInOrderWhicheverWay(t *testing.T) {
	w := newWorld(t)
	d := func(sequence uint64) fabrictest.Delivery { return w.incoming("board", sequence, true, "hello") }
	w.refused("wrong-sequence", "deliver", "board", w.Deliveries(digest.Deliver, d(2)))
	w.refused("wrong-sequence", "expire", w.Deliveries(digest.Refuse, d(2)))
	w.refused("wrong-sequence", "deliver", "board", w.Deliveries(digest.Deliver, d(2), d(1)))
	w.refused("wrong-sequence", "deliver", "board", w.Deliveries(digest.Deliver, d(1), d(3)))
	w.must("deliver", "board", w.Deliveries(digest.Deliver, d(1), d(2)))
	w.must("expire", w.Deliveries(digest.Refuse, d(3), d(4)))
	w.must("deliver", "board", w.Deliveries(digest.Deliver, d(5)))
	w.refused("wrong-sequence", "deliver", "board", w.Deliveries(digest.Deliver, d(7)))
	w.refused("already-final", "deliver", "board", w.Deliveries(digest.Deliver, d(5)))
	first, second := w.Endorse(fabrictest.Propose("deliver", "board", w.Deliveries(digest.Deliver, d(6)))),
		w.Endorse(fabrictest.Propose("expire", w.Deliveries(digest.Refuse, d(6))))
	if valid := w.Commit(first, second); !valid[0] || valid[1] {
		t.Errorf("valid: %v, expected the first alone", valid)
	}
}

func TestDeliverRefusesPacketsThatAreNotItsOwn(t *testing.T) {
	for name, c := range map[string]struct {
		code   string
		change func(*world, *fabrictest.Delivery)
	}{
		"another destination": {"wrong-destination", func(w *world, d *fabrictest.Delivery) { d.Packet.Destination = w.remote; *d = w.inLane(*d) }},
		"this source":         {"wrong-source", func(w *world, d *fabrictest.Delivery) { d.Packet.Source = w.ID; *d = w.inLane(*d) }},
		"another lane":        {"wrong-lane", func(w *world, d *fabrictest.Delivery) { d.Packet.Lane = w.remote }},
		"other terms":         {"wrong-lane", func(_ *world, d *fabrictest.Delivery) { d.Terms.Ordered = true }},
		"another lane's name": {"wrong-lane", func(w *world, d *fabrictest.Delivery) { d.Terms.Name = w.remote }},
		"another receiver":    {"wrong-app", func(w *world, d *fabrictest.Delivery) { d.Packet.Receiver = []byte("token"); *d = w.inLane(*d) }},
		"no receiver":         {"wrong-app", func(w *world, d *fabrictest.Delivery) { d.Packet.Receiver = nil; *d = w.inLane(*d) }},
		"a large budget":      {"budget-too-large", func(_ *world, d *fabrictest.Delivery) { d.Packet.Budget = 5_000_001 }},
		"a long sender":       {"malformed", func(w *world, d *fabrictest.Delivery) { d.Packet.Sender = make([]byte, 65); *d = w.inLane(*d) }},
	} {
		w := newWorld(t)
		good, bad := w.incoming("board", 1, false, "hello"), w.incoming("board", 2, false, "hello")
		c.change(w, &bad)
		if _, err := w.Invoke("deliver", "board", w.Deliveries(digest.Deliver, good, bad)); codeOf(err) != c.code {
			t.Errorf("%s: %v, expected %s", name, err, c.code)
		}
	}
}

func TestAReceiverThatWritesAndThenErrsDeliversNothing(t *testing.T) {
	w := newWorld(t)
	w.Deploy("broken", fabrictest.Puppet(func(stub shim.ChaincodeStubInterface) *peer.Response {
		if err := stub.PutState("credit", []byte("100")); err != nil {
			return shim.Error(err.Error())
		}
		return shim.Error("changed my mind")
	}))
	d := w.incoming("broken", 1, false, "hello")
	w.refused("app-refused", "deliver", "broken", w.Deliveries(digest.Deliver, d))
	if w.Get("broken", "credit") != nil || w.Get("gateway", event.ReceivedKey(d.Packet.ID())) != nil {
		t.Error("something was written")
	}
	w.must("expire", w.Deliveries(digest.Refuse, d))
}

func TestABoardThatRefusesOneMessageDeliversNoneOfItsTransaction(t *testing.T) {
	w := newWorld(t)
	good, bad := w.incoming("board", 1, false, "hello"), w.incoming("board", 2, false, "fail")
	w.refused("app-refused", "deliver", "board", w.Deliveries(digest.Deliver, good, bad))
	w.must("deliver", "board", w.Deliveries(digest.Deliver, good))
	w.refused("app-refused", "deliver", "board", w.Deliveries(digest.Deliver, bad))
	w.must("expire", w.Deliveries(digest.Refuse, bad))
}

func TestDeliverRefusesAnswersThatDoNotFit(t *testing.T) {
	w := newWorld(t)
	statements := w.Deliveries(digest.Deliver, w.incoming("odd", 1, false, "a"), w.incoming("odd", 2, false, "b"))
	for name, answer := range map[string][]byte{
		"nothing":                nil,
		"a result too few":       callback.EncodeAnswer([][]byte{nil}, nil),
		"a result too many":      callback.EncodeAnswer([][]byte{nil, nil, nil}, nil),
		"a result of 1025 bytes": callback.EncodeAnswer([][]byte{nil, make([]byte, 1025)}, nil),
		"messages alone":         callback.EncodeMessages(nil),
		"trailing bytes":         append(callback.EncodeAnswer([][]byte{nil, nil}, nil), 0),
	} {
		w.puppet("odd", map[string][]byte{callback.OnPackets: answer})
		if _, err := w.Invoke("deliver", "odd", statements); codeOf(err) != "bad-answer" {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.puppet("odd", map[string][]byte{callback.OnPackets: callback.EncodeAnswer([][]byte{nil, make([]byte, 1024)}, nil)})
	w.must("deliver", "odd", statements)
}

func TestAReceiverMaySendPacketsOfItsOwn(t *testing.T) {
	w := newWorld(t)
	answer := callback.EncodeAnswer([][]byte{nil}, []callback.Message{w.message(), w.message()})
	w.puppet("relay", map[string][]byte{callback.OnPackets: answer, callback.OnOutcomes: callback.EncodeMessages([]callback.Message{w.message()})})
	w.must("deliver", "relay", w.Deliveries(digest.Deliver, w.incoming("relay", 1, false, "go on")))
	sent := w.Number()
	if len(sent) != 2 || string(sent[1].Packet.Sender) != "relay" {
		t.Fatalf("%+v", sent)
	}
	w.must("settle", "relay", w.Settlements(fabrictest.Settlement{ID: sent[0].Packet.ID(), Kind: digest.Expired}))
	if again := w.Number(); len(again) != 1 || again[0].Packet.Sequence != 3 {
		t.Errorf("%+v", again)
	}
	bad := w.message()
	bad.Timeout = 1
	w.puppet("relay", map[string][]byte{callback.OnPackets: callback.EncodeAnswer([][]byte{nil}, []callback.Message{bad})})
	w.refused("bad-timeout", "deliver", "relay", w.Deliveries(digest.Deliver, w.incoming("relay", 2, false, "go on")))
}

func TestDeliverAndExpireTakeTheirArgumentsAndNoOthers(t *testing.T) {
	w := newWorld(t)
	w.refused("bad-arguments", "deliver", "board")
	w.refused("bad-arguments", "deliver", "board", "", "")
	w.refused("bad-arguments", "expire")
	w.refused("bad-arguments", "settle", "board")
	w.refused("bad-arguments", "settle", "board", "", "", "")
}
