// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/internal/fabrictest"
)

// life is a random one: blocks of transactions by people who know nothing of each other and pick what they do from what
// was ever sent, valid or not. The channel itself panics if an event's key is written twice or deleted.
type life struct {
	*world
	random   *rand.Rand
	incoming []fabrictest.Delivery
	outgoing []digest.Hash
	waiting  map[string][]any
	attempts map[string]int
	valid    map[string]int
}

func (l *life) propose() fabrictest.Proposal {
	some := func(n int) int { return min(n, 1+l.random.IntN(3)) }
	switch l.random.IntN(6) {
	case 0:
		return l.post("hello", l.random.IntN(2) == 0)
	case 1:
		if len(l.waiting) == 0 {
			return fabrictest.Propose("beat")
		}
		lanes := slices.Sorted(maps.Keys(l.waiting))
		lane := lanes[l.random.IntN(len(lanes))]
		keys := l.waiting[lane]
		n := l.random.IntN(len(keys))
		return fabrictest.Propose(append([]any{"number", lane}, keys[n:min(len(keys), n+some(3))]...)...)
	case 2, 3:
		n := l.random.IntN(len(l.incoming) - 3)
		return fabrictest.Propose("deliver", "board", l.Deliveries(digest.Deliver, l.incoming[n:n+some(3)]...))
	case 4:
		n := l.random.IntN(len(l.incoming) - 3)
		return fabrictest.Propose("expire", l.Deliveries(digest.Refuse, l.incoming[n:n+some(3)]...))
	default:
		if len(l.outgoing) == 0 {
			return fabrictest.Propose("beat")
		}
		n := l.random.IntN(len(l.outgoing))
		outcome := fabrictest.Settlement{ID: l.outgoing[n], Kind: digest.Expired}
		if l.random.IntN(2) == 0 {
			outcome = fabrictest.Settlement{ID: l.outgoing[n], Kind: digest.Result, Success: true}
		}
		return fabrictest.Propose("settle", "board", l.Settlements(outcome))
	}
}

// block endorses up to eight proposals on one state and commits what was endorsed.
func (l *life) block() {
	var names []string
	var block []*fabrictest.Endorsed
	for range 1 + l.random.IntN(8) {
		p := l.propose()
		l.attempts[string(p.Args[0])]++
		if e := l.Endorse(p); e.Err() == nil {
			block, names = append(block, e), append(names, string(p.Args[0]))
		}
	}
	for i, valid := range l.Commit(block...) {
		if !valid {
			continue
		}
		l.valid[names[i]]++
		for _, d := range l.Sent(block[i]) {
			l.outgoing = append(l.outgoing, d.Packet.ID())
		}
		l.wait(block[i])
	}
}

// wait remembers what was sent and has no sequence.
func (l *life) wait(e *fabrictest.Endorsed) {
	for _, key := range e.Writes("gateway") {
		if value := e.Value("gateway", key); strings.HasPrefix(key, "out/") && value != nil {
			// 0x01, the list's header, the lane's header, the lane.
			start := slices.Index(value, 0xa0) + 1
			lane := digest.Hash(value[start : start+32]).String()
			l.waiting[lane] = append(l.waiting[lane], key)
		}
	}
}

func TestNothingIsSentDeliveredOrSettledTwiceWhateverHappensAtTheSameTime(t *testing.T) {
	for seed := range uint64(10) {
		l := &life{
			world: newWorld(t), random: rand.New(rand.NewPCG(seed, 1)),
			waiting: make(map[string][]any), attempts: make(map[string]int), valid: make(map[string]int),
		}
		for n := range uint64(12) {
			l.incoming = append(l.incoming, l.world.incoming("board", n+1, false, "hello"))
		}
		for n := range uint64(12) {
			l.incoming = append(l.incoming, l.world.incoming("board", n+1, true, "hello"))
		}
		for range 60 {
			l.block()
		}
		for _, name := range []string{"send", "number", "deliver", "expire", "settle"} {
			if l.valid[name] == 0 || l.valid[name] == l.attempts[name] && name != "send" {
				t.Errorf("seed %d: %d of %d calls of %s were valid", seed, l.valid[name], l.attempts[name], name)
			}
		}
		l.checkSequences()
	}
}

// checkSequences of every lane: from 1, without gaps.
func (l *life) checkSequences() {
	last := make(map[string]int)
	count := make(map[string]int)
	for _, key := range l.Keys("gateway") {
		if parts := strings.Split(key, "/"); parts[0] == "seq" {
			sequence := 0
			for _, digit := range parts[2] {
				sequence = 10*sequence + int(digit-'0')
			}
			count[parts[1]]++
			last[parts[1]] = max(last[parts[1]], sequence)
		}
	}
	for lane, n := range count {
		if last[lane] != n {
			l.t.Errorf("lane %s: %d packets, the last is number %d", lane, n, last[lane])
		}
	}
}

func FuzzNoArgumentMakesTheGatewayPanic(f *testing.F) {
	t := &testing.T{}
	w := newWorld(t)
	f.Add("deliver", w.Deliveries(digest.Deliver, w.incoming("board", 1, true, "hello")))
	f.Add("settle", w.Settlements(fabrictest.Settlement{ID: w.remote, Kind: digest.Result, Result: []byte("x")}))
	f.Add("rotate", w.rotation(w.next(2, w.Attestors...), w.Owner, w.Attestors)[1].([]byte))
	f.Add("number", []byte("out/0/0"))
	f.Add("act", []byte{0xc0})
	f.Fuzz(func(t *testing.T, function string, argument []byte) {
		for _, args := range [][]any{
			{function}, {function, argument}, {function, "board", argument}, {function, "Blocked", argument, argument},
			{function, w.remote.String(), argument}, {function, "board", argument, argument},
		} {
			w.Endorse(fabrictest.Propose(args...))
		}
	})
}
