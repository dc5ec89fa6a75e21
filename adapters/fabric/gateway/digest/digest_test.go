// SPDX-License-Identifier: Apache-2.0

package digest_test

import (
	"encoding/hex"
	"slices"
	"testing"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/internal/fabrictest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/rlp"
)

func leaves(count int) []digest.Hash {
	list := make([]digest.Hash, count)
	for i := range list {
		list[i] = digest.Keccak([]byte{byte(i), byte(i >> 8)})
	}
	return list
}

func TestEveryPathLeadsToTheRootOfTheNaiveTree(t *testing.T) {
	counts := []int{31, 32, 33, 100, 1023, 1024}
	for count := 1; count < 20; count++ {
		counts = append(counts, count)
	}
	for _, count := range counts {
		list := leaves(count)
		root, paths := fabrictest.Root(list)
		for index, path := range paths {
			got, err := digest.Climb(digest.Leaf(list[index]), uint64(index), uint64(count), path)
			if err != nil || got != root {
				t.Fatalf("leaf %d of %d: %v, %v", index, count, got, err)
			}
		}
	}
}

func TestAPathFitsItsPlaceOnly(t *testing.T) {
	const count = 13
	list := leaves(count)
	root, paths := fabrictest.Root(list)
	for index, path := range paths {
		for _, c := range []struct {
			name         string
			index, count uint64
			path         []digest.Hash
		}{
			{"a sibling too few", uint64(index), count, path[:len(path)-1]},
			{"a sibling too many", uint64(index), count, append(slices.Clone(path), root)},
			{"the next place", uint64(index+1) % count, count, path},
		} {
			got, err := digest.Climb(digest.Leaf(list[index]), c.index, c.count, c.path)
			if err == nil && got == root {
				t.Errorf("leaf %d: %s leads to the root", index, c.name)
			}
		}
	}
}

func TestCountsAndPlacesHaveLimits(t *testing.T) {
	for _, c := range []struct {
		index, count uint64
		path         []digest.Hash
		want         string
	}{
		{0, 0, nil, "bad-count"},
		{0, 1025, make([]digest.Hash, 11), "bad-count"},
		{0, 1 << 63, nil, "bad-count"},
		{1, 1, nil, "bad-index"},
		{1 << 63, 2, nil, "bad-index"},
		{0, 1, make([]digest.Hash, 1), "bad-path"},
		{0, 2, nil, "bad-path"},
	} {
		if _, err := digest.Climb(digest.Hash{}, c.index, c.count, c.path); refusal.Code(err) != c.want {
			t.Errorf("leaf %d of %d: %v, expected %s", c.index, c.count, err, c.want)
		}
	}
}

func TestASignatureHasOneForm(t *testing.T) {
	key := fabrictest.KeyOf("signer")
	hash := digest.Keccak([]byte("message"))
	good := key.Sign(hash)
	if signer, err := digest.Recover(hash, good); err != nil || signer != key.Address {
		t.Fatalf("%v, %v, expected %v", signer, err, key.Address)
	}
	order, _ := hex.DecodeString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	for name, change := range map[string]func([]byte) []byte{
		"64 bytes":            func(s []byte) []byte { return s[:64] },
		"66 bytes":            func(s []byte) []byte { return append(s, 0) },
		"v of 0":              func(s []byte) []byte { s[64] = 0; return s },
		"v of 29":             func(s []byte) []byte { s[64] = 29; return s },
		"v of 31":             func(s []byte) []byte { s[64] += 4; return s },
		"s in the upper half": func(s []byte) []byte { negate(s[32:64], order); s[64] = 55 - s[64]; return s },
		"s of the order":      func(s []byte) []byte { copy(s[32:64], order); return s },
		"s of zero":           func(s []byte) []byte { clear(s[32:64]); return s },
		"r of zero":           func(s []byte) []byte { clear(s[:32]); return s },
		"r of the order":      func(s []byte) []byte { copy(s[:32], order); return s },
	} {
		if signer, err := digest.Recover(hash, change(slices.Clone(good))); refusal.Code(err) != "bad-signature" {
			t.Errorf("%s: %v, %v", name, signer, err)
		}
	}
}

// negate makes s the order less s.
func negate(s, order []byte) {
	borrow := 0
	for i := 31; i >= 0; i-- {
		difference := int(order[i]) - int(s[i]) - borrow
		borrow = 0
		if difference < 0 {
			difference, borrow = difference+256, 1
		}
		s[i] = byte(difference)
	}
}

// The values were computed by another program, with another keccak.
func TestAnActIsTypedDataOfItsGateway(t *testing.T) {
	gateway := digest.Hash(fabrictest.Hex("0x7070a2cef75d68cf8486b9ffc899a1029f41594032c8031351e841058a88f47b"))
	source := slices.Repeat([]byte{0xab}, 32)
	for _, c := range []struct {
		number    uint64
		name      string
		arguments []byte
		want      string
	}{
		{1, "Paused", rlp.List(), "0x969993eb88c4a859d5ddd8ce50284c4d3e3979126b285d11675377d5b8ed2bf3"},
		{2, "Blocked", rlp.List(rlp.Bytes(source)), "0x253719abd0da03e99c8f0c45036bda7cc11e2b5bd4ac1a3114ef1f8983338994"},
	} {
		if got := digest.Act(gateway, c.number, c.name, c.arguments); got.String() != c.want {
			t.Errorf("act %d, %s: %v, expected %s", c.number, c.name, got, c.want)
		}
	}
}
