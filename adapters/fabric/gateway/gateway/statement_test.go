// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/internal/fabrictest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/rlp"
)

// signed is what the attestors sign for these packets, and their paths.
func (w *world) signed(items ...fabrictest.Delivery) (batch digest.Hash, paths [][]digest.Hash) {
	attestations := make([]digest.Hash, len(items))
	for i := range items {
		attestations[i] = digest.Attestation(digest.Deliver, items[i].Packet.ID(), false, digest.Hash{})
	}
	root, paths := fabrictest.Root(attestations)
	return digest.Batch(w.ID, w.Epoch, uint64(len(items)), root), paths
}

func TestEverySignatureGivenHasToBeGoodAndThereAreEnough(t *testing.T) {
	w := newWorld(t)
	d := w.incoming("board", 1, false, "hello")
	batch, _ := w.signed(d)
	all := fabrictest.SignAll(w.Attestors, batch)
	stranger := fabrictest.KeyOf("stranger")
	withStranger := fabrictest.SignAll(ascending(append(slices.Clone(w.Attestors), stranger)), batch)
	otherGateway := fabrictest.SignAll(w.Attestors, digest.Batch(w.remote, 1, 1, digest.Hash{}))
	for name, c := range map[string]struct {
		code       string
		signatures [][]byte
	}{
		"none":                        {"too-few-signatures", nil},
		"one of two":                  {"too-few-signatures", all[:1]},
		"one signer twice":            {"signers-not-ascending", [][]byte{all[0], all[0]}},
		"descending signers":          {"signers-not-ascending", [][]byte{all[1], all[0]}},
		"a stranger beside three":     {"not-attestor", withStranger},
		"of another batch":            {"not-attestor", otherGateway},
		"64 bytes":                    {"malformed", [][]byte{all[0], all[1][:64]}},
		"a second one that is broken": {"bad-signature", [][]byte{all[0], broken(all[1])}},
		"the first two":               {"accepted", all[:2]},
	} {
		statements := rlp.Versioned(fabrictest.Batch(1, 1, c.signatures, fabrictest.Item(d.Encode(), 0, nil)))
		if e := w.Endorse(fabrictest.Propose("deliver", "board", statements)); codeOf(e.Err()) != c.code {
			t.Errorf("%s: %v, expected %s", name, e.Err(), c.code)
		}
	}
}

func broken(signature []byte) []byte {
	signature = slices.Clone(signature)
	signature[64] = 26
	return signature
}

func ascending(keys []*fabrictest.Key) []*fabrictest.Key {
	slices.SortFunc(keys, func(a, b *fabrictest.Key) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	return keys
}

func TestAProofFitsItsBatchOnly(t *testing.T) {
	w := newWorld(t)
	items := []fabrictest.Delivery{
		w.incoming("board", 1, false, "a"), w.incoming("board", 2, false, "b"), w.incoming("board", 3, false, "c"),
	}
	batch, paths := w.signed(items...)
	signatures := fabrictest.SignAll(w.Attestors, batch)
	item := func(n int) []byte { return fabrictest.Item(items[n].Encode(), uint64(n), paths[n]) }
	foreign := w.incoming("board", 4, false, "d")
	for name, c := range map[string]struct {
		code  string
		batch []byte
	}{
		"another epoch":             {"wrong-epoch", fabrictest.Batch(2, 3, signatures, item(0))},
		"no items":                  {"bad-batch", fabrictest.Batch(1, 3, signatures)},
		"a count of none":           {"bad-count", fabrictest.Batch(1, 0, signatures, item(0))},
		"a count of 1025":           {"bad-count", fabrictest.Batch(1, 1025, signatures, item(0))},
		"another count":             {"not-attestor", fabrictest.Batch(1, 4, signatures, item(0))},
		"a place outside":           {"bad-index", fabrictest.Batch(1, 3, signatures, fabrictest.Item(items[0].Encode(), 3, paths[0]))},
		"a path too short":          {"bad-path", fabrictest.Batch(1, 3, signatures, fabrictest.Item(items[0].Encode(), 0, paths[0][:1]))},
		"another packet":            {"not-attestor", fabrictest.Batch(1, 3, signatures, fabrictest.Item(foreign.Encode(), 0, paths[0]))},
		"a packet of another batch": {"bad-path", fabrictest.Batch(1, 3, signatures, item(0), fabrictest.Item(foreign.Encode(), 1, paths[1]))},
		"one of the three":          {"accepted", fabrictest.Batch(1, 3, signatures, item(2))},
		"two of the three":          {"accepted", fabrictest.Batch(1, 3, signatures, item(2), item(0))},
	} {
		e := w.Endorse(fabrictest.Propose("deliver", "board", rlp.Versioned(c.batch)))
		if codeOf(e.Err()) != c.code {
			t.Errorf("%s: %v, expected %s", name, e.Err(), c.code)
		}
	}
}

func TestStatementsHaveOneForm(t *testing.T) {
	w := newWorld(t)
	good := w.Deliveries(digest.Deliver, w.incoming("board", 1, false, "hello"))
	settlement := w.Settlements(fabrictest.Settlement{ID: w.sendOne("hello").Packet.ID(), Kind: digest.Expired})
	for n := range good {
		e := w.Endorse(fabrictest.Propose("deliver", "board", good[:n]))
		if e.Err() == nil {
			t.Errorf("statements cut at byte %d of %d are accepted", n, len(good))
		}
	}
	for name, statements := range map[string][]byte{
		"nothing":         nil,
		"a trailing byte": append(slices.Clone(good), 0),
		"another version": append([]byte{2}, good[1:]...),
		"a settlement":    settlement,
	} {
		w.refused("malformed", "deliver", "board", statements)
		if name != "a settlement" {
			w.refused("malformed", "settle", "board", statements)
		}
	}
	w.refused("bad-batch", "deliver", "board", rlp.Versioned())
	w.refused("bad-kind", "settle", "board", rlp.Versioned(fabrictest.Batch(1, 1, nil,
		fabrictest.Item((&fabrictest.Settlement{Kind: digest.Refuse}).Encode(), 0, nil))))
	w.refused("malformed", "settle", "board", good)
}

func TestABatchHoldsAThousandAndTwentyFourStatementsAndNoMore(t *testing.T) {
	w := newWorld(t)
	items := make([]fabrictest.Delivery, 1024)
	for i := range items {
		items[i] = w.incoming("board", uint64(i+1), false, "hello")
	}
	full := w.DeliveryBatch(digest.Deliver, items...)
	more := w.DeliveryBatch(digest.Deliver, w.incoming("board", 1025, false, "hello"))
	w.refused("bad-batch", "deliver", "board", rlp.Versioned(full, more))
	w.must("deliver", "board", rlp.Versioned(full))
}

func TestEachByteOfAStatementIsBound(t *testing.T) {
	w := newWorld(t)
	good := w.Deliveries(digest.Deliver, w.incoming("board", 1, false, "hello"), w.incoming("board", 2, false, "again"))
	for n := range good {
		bad := slices.Clone(good)
		bad[n] ^= 1
		if e := w.Endorse(fabrictest.Propose("deliver", "board", bad)); e.Err() == nil {
			t.Errorf("byte %d of %d can be changed", n, len(good))
		}
	}
}
