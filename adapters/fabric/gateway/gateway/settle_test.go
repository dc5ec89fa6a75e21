// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
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

func TestAPacketIsSettledOnce(t *testing.T) {
	w := newWorld(t)
	id := w.sendOne("hello").Packet.ID()
	expired := fabrictest.Settlement{ID: id, Kind: digest.Expired}
	w.refused("already-settled", "settle", "board", w.Settlements(expired, expired))
	w.must("settle", "board", w.Settlements(expired))
	w.refused("already-settled", "settle", "board", w.Settlements(expired))
	w.refused("already-settled", "settle", "board", w.Settlements(fabrictest.Settlement{ID: id, Kind: digest.Result, Success: true}))
	want := event.Value(w.ID, event.PacketSettled, event.SettledFields(id, digest.Expired, false)...)
	if got := w.Get("gateway", event.SettledKey(id)); !slices.Equal(got, want) {
		t.Errorf("%x, expected %x", got, want)
	}
}

func TestTwoSettlementsOfOnePacketCollide(t *testing.T) {
	w := newWorld(t)
	id := w.sendOne("hello").Packet.ID()
	settle := fabrictest.Propose("settle", "board", w.Settlements(fabrictest.Settlement{ID: id, Kind: digest.Expired}))
	first, second := w.Endorse(settle), w.Endorse(settle)
	if valid := w.Commit(first, second); !valid[0] || valid[1] {
		t.Errorf("valid: %v, expected the first alone", valid)
	}
}

func TestOnlyWhatWasSentFromHereIsSettledAndForItsSenderAlone(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Submit(w.post("waiting", false)); err != nil {
		t.Fatal(err)
	}
	w.refused("unknown-packet", "settle", "board", w.Settlements(fabrictest.Settlement{ID: w.remote, Kind: digest.Expired}))
	received := w.incoming("board", 1, false, "hello")
	w.must("deliver", "board", w.Deliveries(digest.Deliver, received))
	w.refused("unknown-packet", "settle", "board", w.Settlements(fabrictest.Settlement{ID: received.Packet.ID(), Kind: digest.Expired}))
	sent := w.Number()[0].Packet.ID()
	w.puppet("other", map[string][]byte{callback.OnOutcomes: callback.EncodeMessages(nil)})
	w.refused("wrong-app", "settle", "other", w.Settlements(fabrictest.Settlement{ID: sent, Kind: digest.Expired}))
}

func TestASenderThatErrsIsSettledLater(t *testing.T) {
	w := newWorld(t)
	fails := true
	w.Deploy("moody", fabrictest.Puppet(func(stub shim.ChaincodeStubInterface) *peer.Response {
		switch function, _ := stub.GetFunctionAndParameters(); {
		case function == callback.OnSend:
			return shim.Success(callback.EncodeMessages([]callback.Message{w.message()}))
		case fails:
			return shim.Error("not now")
		default:
			return shim.Success(callback.EncodeMessages(nil))
		}
	}))
	w.must("send", "moody")
	statements := w.Settlements(fabrictest.Settlement{ID: w.Number()[0].Packet.ID(), Kind: digest.Expired})
	w.refused("app-refused", "settle", "moody", statements)
	fails = false
	w.must("settle", "moody", statements)
}

func TestAnOutcomeHasOneForm(t *testing.T) {
	w := newWorld(t)
	id := w.sendOne("hello").Packet.ID()
	for name, c := range map[string]struct {
		code string
		s    fabrictest.Settlement
	}{
		"DELIVER":               {"bad-kind", fabrictest.Settlement{ID: id, Kind: digest.Deliver}},
		"REFUSE":                {"bad-kind", fabrictest.Settlement{ID: id, Kind: digest.Refuse}},
		"kind 6":                {"bad-kind", fabrictest.Settlement{ID: id, Kind: 6}},
		"EXPIRED with success":  {"outcome-not-empty", fabrictest.Settlement{ID: id, Kind: digest.Expired, Success: true}},
		"EXPIRED with a result": {"outcome-not-empty", fabrictest.Settlement{ID: id, Kind: digest.Expired, Result: []byte("x")}},
	} {
		if _, err := w.Invoke("settle", "board", w.Settlements(c.s)); codeOf(err) != c.code {
			t.Errorf("%s: %v, expected %s", name, err, c.code)
		}
	}
	w.puppet("odd", map[string][]byte{
		callback.OnSend: callback.EncodeMessages([]callback.Message{w.message()}), callback.OnOutcomes: []byte("thanks"),
	})
	w.must("send", "odd")
	w.refused("bad-answer", "settle", "odd", w.Settlements(fabrictest.Settlement{ID: w.Number()[0].Packet.ID(), Kind: digest.Expired}))
}

func TestOnlyTheOwnerVoidsAndOnlyThirtyDaysAfterTheTimeout(t *testing.T) {
	w := newWorld(t)
	packet := w.sendOne("to a dead island").Packet
	id := packet.ID()
	statements := w.Settlements(fabrictest.Settlement{ID: id, Kind: digest.Void})
	arguments := rlp.List(rlp.Bytes(id[:]))
	signature := w.Owner.Sign(digest.Act(w.ID, 0, "Void", arguments))
	w.Now = time.Unix(int64(packet.Timeout)+30*24*3600, 0)
	w.refused("not-voidable", "settle", "board", statements, signature)
	w.Now = w.Now.Add(time.Second)
	w.refused("not-voidable", "settle", "board", statements)
	w.refused("not-owner", "settle", "board", statements, w.Attestors[0].Sign(digest.Act(w.ID, 0, "Void", arguments)))
	w.refused("not-owner", "settle", "board", statements, w.Owner.Sign(digest.Act(w.ID, 1, "Void", arguments)))
	expired := w.Settlements(fabrictest.Settlement{ID: id, Kind: digest.Expired})
	w.refused("not-voidable", "settle", "board", expired, signature)
	late := fabrictest.Propose("settle", "board", statements, signature)
	late.Skew = 24 * time.Hour
	w.refusedProposal("clock", late)
	w.must("settle", "board", statements, signature)
	want := event.Value(w.ID, event.PacketSettled, event.SettledFields(id, digest.Void, false)...)
	if got := w.Get("gateway", event.SettledKey(id)); !slices.Equal(got, want) {
		t.Errorf("%x, expected %x", got, want)
	}
}
