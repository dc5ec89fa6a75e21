// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"math/big"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/abi"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/internal/fabrictest"
)

// travelling is a transfer of coal that has not ended.
type travelling struct {
	d         fabrictest.Delivery
	from, to  *island
	amount    *big.Int
	delivered bool
	expired   bool
}

// walk is a random life of one token on two islands.
type walk struct {
	t      *testing.T
	random *rand.Rand
	a, b   *island
	asset  string
	issued *big.Int
	open   []*travelling
}

func (w *walk) amount() string { return strconv.Itoa(1 + w.random.IntN(40)) }

func (w *walk) step() {
	switch w.random.IntN(7) {
	case 0:
		amount := w.amount()
		w.a.must(0, "issue", "coal", w.a.accounts[w.random.IntN(users)], amount)
		value, _ := new(big.Int).SetString(amount, 10)
		w.issued.Add(w.issued, value)
	case 1:
		// May lack the balance: then nothing may have happened.
		_, _ = w.a.call(w.random.IntN(users), "transfer", "coal", w.a.accounts[w.random.IntN(users)], w.amount())
	case 2:
		w.send(w.a, w.b, "coal")
	case 3:
		w.send(w.b, w.a, w.asset)
	case 4:
		w.end(func(to *island, items []fabrictest.Delivery) error { return to.deliver(items...) }, true)
	case 5:
		w.end(func(to *island, items []fabrictest.Delivery) error {
			_, err := to.Invoke("expire", to.Deliveries(digest.Refuse, items...))
			return err
		}, false)
	default:
		w.settle()
	}
}

// send one to three transfers at the same time; those that collide did not happen.
func (w *walk) send(from, to *island, asset string) {
	var block []*fabrictest.Endorsed
	for range 1 + w.random.IntN(3) {
		p := fabrictest.Propose("send", "token", to.ID.String(), tokenApp, asset, w.amount(), to.accounts[w.random.IntN(users)],
			strconv.FormatUint(from.Seconds()+3600, 10), "0")
		p.Creator = from.creators[w.random.IntN(users)]
		if e := from.Endorse(p); e.Err() == nil {
			block = append(block, e)
		}
	}
	from.Commit(block...)
	for _, d := range from.Number() {
		r := abi.Open(d.Packet.Payload, 4)
		r.Uint8()
		r.Bytes()
		r.Bytes()
		w.open = append(w.open, &travelling{d: d, from: from, to: to, amount: r.Uint()})
	}
}

// end up to three packets that wait at one island, in one transaction.
func (w *walk) end(how func(*island, []fabrictest.Delivery) error, delivers bool) {
	to := []*island{w.a, w.b}[w.random.IntN(2)]
	var chosen []*travelling
	var items []fabrictest.Delivery
	for _, p := range w.open {
		if p.to == to && !p.delivered && !p.expired && len(chosen) < 3 && w.random.IntN(2) == 0 {
			chosen, items = append(chosen, p), append(items, p.d)
		}
	}
	if len(chosen) == 0 {
		return
	}
	if err := how(to, items); err != nil {
		w.t.Fatal(err)
	}
	for _, p := range chosen {
		p.delivered, p.expired = delivers, !delivers
	}
}

// settle up to three packets that ended, in one transaction.
func (w *walk) settle() {
	from := []*island{w.a, w.b}[w.random.IntN(2)]
	var outcomes []fabrictest.Settlement
	left := w.open[:0:0]
	for _, p := range w.open {
		switch {
		case p.from != from || len(outcomes) == 3 || !p.delivered && !p.expired:
			left = append(left, p)
		case p.delivered:
			outcomes = append(outcomes, delivered(p.d))
		default:
			outcomes = append(outcomes, expired(p.d))
		}
	}
	if len(outcomes) == 0 {
		return
	}
	if err := from.settle(outcomes...); err != nil {
		w.t.Fatal(err)
	}
	w.open = left
}

// check that no coal was made or lost: on its own island, and as vouchers.
func (w *walk) check() {
	w.t.Helper()
	kept := w.a.held("escrow", "coal")
	if sum := new(big.Int).Add(w.a.held("balance", "coal"), kept); sum.Cmp(w.issued) != 0 {
		w.t.Fatalf("%v coal, issued were %v", sum, w.issued)
	}
	standing := w.b.held("balance", w.asset)
	for _, p := range w.open {
		if !p.delivered {
			standing.Add(standing, p.amount)
		}
	}
	if standing.Cmp(kept) != 0 {
		w.t.Fatalf("%v coal are kept, %v stand for it as vouchers or on the way", kept, standing)
	}
}

func TestSupplyIsConservedWhateverHappens(t *testing.T) {
	for seed := range uint64(20) {
		a, b := newIsland(t, "a"), newIsland(t, "b")
		w := &walk{
			t: t, random: rand.New(rand.NewPCG(seed, 0)), a: a, b: b, asset: voucher(a.ID, tokenApp, "coal"), issued: new(big.Int),
		}
		ended := 0
		for range 120 {
			before := len(w.open)
			w.step()
			w.check()
			ended += max(0, before-len(w.open))
		}
		if ended == 0 {
			t.Errorf("seed %d: no transfer ended", seed)
		}
	}
}
