// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/event"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/gateway"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/internal/fabrictest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/rlp"
)

// act is a call of the gateway with an act that its owner signed.
func (w *world) act(number uint64, name string, fields ...[]byte) []any {
	arguments := rlp.List(fields...)
	return []any{"act", name, arguments, w.Owner.Sign(digest.Act(w.ID, number, name, arguments))}
}

func (w *world) state() (state gateway.State) {
	if err := json.Unmarshal(w.Endorse(fabrictest.Propose("state")).Response.GetPayload(), &state); err != nil {
		w.t.Fatal(err)
	}
	return state
}

func TestAPausedGatewayNeitherSendsNorDeliversButExpiresSettlesAndNumbers(t *testing.T) {
	w := newWorld(t)
	sent := w.sendOne("hello")
	if _, err := w.Submit(w.post("waiting", false)); err != nil {
		t.Fatal(err)
	}
	d := w.incoming("board", 1, false, "hello")
	w.refused("not-paused", w.act(1, event.Unpaused)...)
	w.must(w.act(1, event.Paused)...)
	if got := w.Get("gateway", "act/1"); !slices.Equal(got, event.Value(w.ID, event.Paused)) {
		t.Errorf("act/1 is %x", got)
	}
	w.refused("paused", w.act(2, event.Paused)...)
	w.refusedProposal("paused", w.post("hello", false))
	w.refused("paused", "deliver", "board", w.Deliveries(digest.Deliver, d))
	w.must("expire", w.Deliveries(digest.Refuse, d))
	w.must("settle", "board", w.Settlements(fabrictest.Settlement{ID: sent.Packet.ID(), Kind: digest.Expired}))
	if len(w.Number()) != 1 {
		t.Error("a packet that was sent before the pause cannot be numbered")
	}
	w.must("beat")
	w.must(w.act(2, event.Unpaused)...)
	if _, err := w.Submit(w.post("hello", false)); err != nil {
		t.Error(err)
	}
}

func TestAClosedGatewayStaysClosed(t *testing.T) {
	w := newWorld(t)
	sent := w.sendOne("hello")
	d := w.incoming("board", 1, false, "hello")
	w.must(w.act(1, event.Closed)...)
	w.refused("closed", w.act(2, event.Closed)...)
	w.refusedProposal("closed", w.post("hello", false))
	w.refused("closed", "deliver", "board", w.Deliveries(digest.Deliver, d))
	w.must("expire", w.Deliveries(digest.Refuse, d))
	w.must("settle", "board", w.Settlements(fabrictest.Settlement{ID: sent.Packet.ID(), Kind: digest.Expired}))
	w.must(w.act(2, event.Paused)...)
	w.must(w.act(3, event.Unpaused)...)
	if state := w.state(); !state.Closed || state.Paused || state.Acts != 3 {
		t.Errorf("%+v", state)
	}
}

func TestABlockedSourceDeliversNothingWhateverWasSigned(t *testing.T) {
	w := newWorld(t)
	d := w.incoming("board", 1, false, "hello")
	source := rlp.Bytes(w.remote[:])
	w.refused("not-blocked", w.act(1, event.Unblocked, source)...)
	w.must(w.act(1, event.Blocked, source)...)
	w.refused("source-blocked", w.act(2, event.Blocked, source)...)
	w.refused("source-blocked", "deliver", "board", w.Deliveries(digest.Deliver, d))
	other := d
	other.Packet.Source = digest.Keccak([]byte("another gateway"))
	w.must("deliver", "board", w.Deliveries(digest.Deliver, w.inLane(other)))
	w.must(w.act(2, event.Unblocked, source)...)
	w.must("deliver", "board", w.Deliveries(digest.Deliver, d))
	if got := w.Get("gateway", "act/2"); !slices.Equal(got, event.Value(w.ID, event.Unblocked, source)) {
		t.Errorf("act/2 is %x", got)
	}
}

func TestAnActIsTheOwnersAndRunsOnceInItsTurn(t *testing.T) {
	w := newWorld(t)
	w.refused("bad-arguments", "act", "Paused", "")
	paused := w.act(1, event.Paused)
	w.refused("not-owner", "act", "Paused", rlp.List(), w.Attestors[0].Sign(digest.Act(w.ID, 1, "Paused", rlp.List())))
	w.refused("not-owner", "act", "Paused", rlp.List(), w.Owner.Sign(digest.Act(w.remote, 1, "Paused", rlp.List())))
	w.refused("not-owner", "act", "Closed", paused[2], paused[3])
	w.refused("not-owner", w.act(2, event.Paused)...)
	w.refused("bad-signature", "act", "Paused", rlp.List(), "")
	w.refused("unknown-act", w.act(1, "Emptied")...)
	w.refused("unknown-act", w.act(1, event.Opened)...)
	w.refused("malformed", w.act(1, event.Paused, rlp.Uint(1))...)
	w.refused("malformed", w.act(1, event.Blocked)...)
	w.refused("malformed", w.act(1, event.Blocked, rlp.Uint(1))...)
	w.refused("malformed", w.act(1, event.RotationNoticed, rlp.Uint(2))...)
	w.must(paused...)
	w.must(w.act(2, event.Unpaused)...)
	w.refused("not-owner", paused...)
}

// next is a set for epoch 2.
func (w *world) next(threshold uint64, keys ...*fabrictest.Key) event.Attestors {
	return event.Attestors{Epoch: 2, Threshold: threshold, Members: fabrictest.Addresses(keys)}
}

// rotation is a call of the gateway with a rotation that owner and attestors signed.
func (w *world) rotation(set event.Attestors, owner *fabrictest.Key, attestors []*fabrictest.Key) []any {
	fields := rlp.List(event.AttestorsFields(set)...)
	act := owner.Sign(digest.Act(w.ID, set.Epoch, event.AttestorsRotated, fields))
	signatures := fabrictest.SignAll(attestors, digest.Rotation(w.ID, set.Epoch, set.Threshold, set.Members))
	return []any{"rotate", rlp.Versioned(fields, rlp.Bytes(act), rlp.Map(signatures, rlp.Bytes))}
}

func TestAttestorsHandOverWithTheOwner(t *testing.T) {
	w := newWorld(t)
	d := w.incoming("board", 1, false, "hello")
	old := w.Deliveries(digest.Deliver, d)
	fresh := ascending([]*fabrictest.Key{fabrictest.KeyOf("fresh 1"), fabrictest.KeyOf("fresh 2")})
	set := w.next(2, fresh...)
	w.refused("not-owner", w.rotation(set, fresh[0], w.Attestors)...)
	w.refused("too-few-signatures", w.rotation(set, w.Owner, w.Attestors[:1])...)
	w.refused("not-attestor", w.rotation(set, w.Owner, fresh)...)
	w.refused("bad-threshold", w.rotation(w.next(1, fresh...), w.Owner, w.Attestors)...)
	skipping := set
	skipping.Epoch = 3
	w.refused("wrong-epoch", w.rotation(skipping, w.Owner, w.Attestors)...)
	w.refused("malformed", "rotate", "")
	w.refused("malformed", "rotate", rlp.Versioned(rlp.List(), rlp.Bytes(make([]byte, 65)), rlp.List()))
	w.refused("bad-arguments", "rotate")
	good := w.rotation(set, w.Owner, w.Attestors[1:])
	w.must(good...)
	if got := w.Get("gateway", "epoch/2"); !slices.Equal(got, event.Value(w.ID, event.AttestorsRotated, event.AttestorsFields(set)...)) {
		t.Errorf("epoch/2 is %x", got)
	}
	w.refused("wrong-epoch", good...)
	w.refused("wrong-epoch", "deliver", "board", old)
	w.Attestors, w.Epoch = fresh, 2
	w.must("deliver", "board", w.Deliveries(digest.Deliver, d))
}

func TestTheOwnerAloneRotatesAfterSevenDaysOfNotice(t *testing.T) {
	w := newWorld(t)
	key := fabrictest.KeyOf("fresh 1")
	set, effective := w.next(1, key), w.Seconds()+7*24*3600
	rotate := append([]any{}, w.act(2, event.AttestorsRotated, event.AttestorsFields(set)...)...)
	w.refused("notice-mismatch", rotate...)
	w.refused("notice-not-over", w.act(1, event.RotationNoticed, event.NoticeFields(set, effective-1)...)...)
	w.refused("bad-threshold", w.act(1, event.RotationNoticed, event.NoticeFields(w.next(2, key), effective)...)...)
	skewed := fabrictest.Propose(w.act(1, event.RotationNoticed, event.NoticeFields(set, effective)...)...)
	skewed.Skew = -24 * time.Hour
	w.refusedProposal("clock", skewed)
	w.must(w.act(1, event.RotationNoticed, event.NoticeFields(set, effective)...)...)
	if got := w.Get("gateway", "act/1"); !slices.Equal(got, event.Value(w.ID, event.RotationNoticed, event.NoticeFields(set, effective)...)) {
		t.Errorf("act/1 is %x", got)
	}
	if notice := w.state().Notice; notice == nil || notice.Effective != effective || notice.Attestors[0] != key.Address.String() {
		t.Errorf("%+v", notice)
	}
	w.Now = time.Unix(int64(effective)-1, 0)
	w.refused("notice-not-over", rotate...)
	w.Now = time.Unix(int64(effective), 0)
	other := w.next(1, fabrictest.KeyOf("fresh 2"))
	w.refused("notice-mismatch", w.act(2, event.AttestorsRotated, event.AttestorsFields(other)...)...)
	w.refused("not-owner", w.act(1, event.AttestorsRotated, event.AttestorsFields(set)...)...)
	w.refused("malformed", w.act(2, event.AttestorsRotated, rlp.Uint(2))...)
	w.must(rotate...)
	w.refused("notice-mismatch", rotate...)
	if state := w.state(); state.Epoch != 2 || state.Notice != nil || state.Acts != 1 {
		t.Errorf("%+v", state)
	}
}

func TestARotationOfTheAttestorsVoidsANotice(t *testing.T) {
	w := newWorld(t)
	set, effective := w.next(1, fabrictest.KeyOf("fresh 1")), w.Seconds()+8*24*3600
	w.must(w.act(1, event.RotationNoticed, event.NoticeFields(set, effective)...)...)
	w.must(w.rotation(w.next(2, w.Attestors...), w.Owner, w.Attestors)...)
	w.Now = time.Unix(int64(effective)+1, 0)
	w.refused("notice-mismatch", w.act(2, event.AttestorsRotated, event.AttestorsFields(set)...)...)
	if state := w.state(); state.Epoch != 2 || state.Notice != nil {
		t.Errorf("%+v", state)
	}
}
