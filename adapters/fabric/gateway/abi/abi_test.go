// SPDX-License-Identifier: Apache-2.0

package abi_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"testing/quick"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/abi"
)

// transfer is abi.encode(uint8(1), bytes("coal"), bytes of 20 times 0xcc, uint256(5)), by the ABI's specification.
var transfer = strings.Join([]string{
	"0000000000000000000000000000000000000000000000000000000000000001",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"00000000000000000000000000000000000000000000000000000000000000c0",
	"0000000000000000000000000000000000000000000000000000000000000005",
	"0000000000000000000000000000000000000000000000000000000000000004",
	"636f616c00000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000014",
	"cccccccccccccccccccccccccccccccccccccccc000000000000000000000000",
}, "")

func read(input []byte) (kind uint8, path, to []byte, amount *big.Int, err error) {
	r := abi.Open(input, 4)
	kind, path, to, amount = r.Uint8(), r.Bytes(), r.Bytes(), r.Uint()
	return kind, path, to, amount, r.Close()
}

func TestATupleIsLaidOutAsSolidityDoes(t *testing.T) {
	to := bytes.Repeat([]byte{0xcc}, 20)
	got := abi.Encode(abi.Uint8(1), abi.Bytes([]byte("coal")), abi.Bytes(to), abi.Uint(big.NewInt(5)))
	if hex.EncodeToString(got) != transfer {
		t.Errorf("%x", got)
	}
	kind, path, recipient, amount, err := read(got)
	if err != nil || kind != 1 || string(path) != "coal" || !bytes.Equal(recipient, to) || amount.Int64() != 5 {
		t.Errorf("%d %q %x %v %v", kind, path, recipient, amount, err)
	}
}

func TestReadsWhatItWrote(t *testing.T) {
	property := func(kind uint8, path, to []byte, amount [32]byte) bool {
		want := new(big.Int).SetBytes(amount[:])
		k, p, r, a, err := read(abi.Encode(abi.Uint8(kind), abi.Bytes(path), abi.Bytes(to), abi.Uint(want)))
		return err == nil && k == kind && bytes.Equal(p, path) && bytes.Equal(r, to) && a.Cmp(want) == 0
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}

func TestRefusesWhatNoCompilerWrites(t *testing.T) {
	good, err := hex.DecodeString(transfer)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func([]byte) []byte{
		"a byte too few":              func(b []byte) []byte { return b[:len(b)-1] },
		"a byte too many":             func(b []byte) []byte { return append(b, 0) },
		"a word too many":             func(b []byte) []byte { return append(b, make([]byte, 32)...) },
		"less than its head":          func(b []byte) []byte { return b[:127] },
		"its head alone":              func(b []byte) []byte { return b[:128] },
		"a kind of 256":               func(b []byte) []byte { b[30] = 1; return b },
		"contents that overlap":       func(b []byte) []byte { b[95] = 0x80; return b },
		"contents in another order":   func(b []byte) []byte { b[63], b[95] = b[95], b[63]; return b },
		"an offset of 2^255":          func(b []byte) []byte { b[32] = 0x80; return b },
		"a length behind the end":     func(b []byte) []byte { b[159] = 0xff; return b },
		"a length of 2^64 and 4":      func(b []byte) []byte { b[128+23] = 1; return b },
		"a length of 2^63":            func(b []byte) []byte { b[128+24] = 0x80; return b },
		"padding that is not zero":    func(b []byte) []byte { b[191] = 1; return b },
		"a content without a padding": func(b []byte) []byte { return b[:len(b)-12] },
	} {
		if _, _, _, _, err := read(change(slices.Clone(good))); !errors.Is(err, abi.ErrNotCanonical) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := abi.Open(good[:32], 1)
	r.Word()
	r.Word()
	if !errors.Is(r.Close(), abi.ErrNotCanonical) {
		t.Error("a field was read that is not there")
	}
}

func FuzzOneFormOnly(f *testing.F) {
	good, err := hex.DecodeString(transfer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, input []byte) {
		kind, path, to, amount, err := read(input)
		if err != nil {
			return
		}
		if again := abi.Encode(abi.Uint8(kind), abi.Bytes(path), abi.Bytes(to), abi.Uint(amount)); !bytes.Equal(again, input) {
			t.Errorf("%x was read, and is written %x", input, again)
		}
	})
}
