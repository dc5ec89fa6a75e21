// SPDX-License-Identifier: Apache-2.0

package rlp_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"testing/quick"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/rlp"
)

func TestEncodesTheYellowPapersExamples(t *testing.T) {
	for _, c := range []struct {
		name, want string
		got        []byte
	}{
		{"dog", "83646f67", rlp.Text("dog")},
		{"cat and dog", "c88363617483646f67", rlp.List(rlp.Text("cat"), rlp.Text("dog"))},
		{"the empty string", "80", rlp.Bytes(nil)},
		{"the empty list", "c0", rlp.List()},
		{"the integer 0", "80", rlp.Uint(0)},
		{"the integer 15", "0f", rlp.Uint(15)},
		{"the integer 1024", "820400", rlp.Uint(1024)},
		{"the byte 0", "00", rlp.Bytes([]byte{0})},
		{"the byte 128", "8180", rlp.Bytes([]byte{0x80})},
		{"true", "01", rlp.Bool(true)},
		{"false", "80", rlp.Bool(false)},
		{"set theory", "c7c0c1c0c3c0c1c0", rlp.List(rlp.List(), rlp.List(rlp.List()), rlp.List(rlp.List(), rlp.List(rlp.List())))},
		{"56 bytes", "b838" + strings.Repeat("61", 56), rlp.Text(strings.Repeat("a", 56))},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s: %s, expected %s", c.name, got, c.want)
		}
	}
}

func TestReadsWhatItWrote(t *testing.T) {
	property := func(word [32]byte, content []byte, number uint64, truth bool, list [][]byte) bool {
		encoded := rlp.Versioned(rlp.Bytes(word[:]), rlp.Bytes(content), rlp.Uint(number), rlp.Bool(truth), rlp.Map(list, rlp.Bytes))
		r := rlp.Open(encoded)
		same := r.Word() == word && bytes.Equal(r.Bytes(), content) && r.Uint() == number && r.Bool() == truth
		inner := r.List()
		for _, item := range list {
			same = same && bytes.Equal(inner.Bytes(), item)
		}
		return same && !inner.More() && r.Close() == nil
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}

func TestRefusesEveryOtherForm(t *testing.T) {
	long := "01f83b" + "b839" + strings.Repeat("61", 57)
	for _, c := range []struct {
		name, input string
		read        func(*rlp.Reader)
		want        error
	}{
		{"nothing", "", func(*rlp.Reader) {}, rlp.ErrVersion},
		{"another version", "02c0", func(*rlp.Reader) {}, rlp.ErrVersion},
		{"no list", "01", func(*rlp.Reader) {}, rlp.ErrTruncated},
		{"a string for a list", "0180", func(*rlp.Reader) {}, rlp.ErrKind},
		{"bytes behind the list", "01c000", func(*rlp.Reader) {}, rlp.ErrTrailing},
		{"an item left over", "01c101", func(*rlp.Reader) {}, rlp.ErrTrailing},
		{"an item too few", "01c101", func(r *rlp.Reader) { r.Bytes(); r.Bytes() }, rlp.ErrTruncated},
		{"an item cut short", "01c28361", func(r *rlp.Reader) { r.Bytes() }, rlp.ErrTruncated},
		{"a list for a string", "01c1c0", func(r *rlp.Reader) { r.Bytes() }, rlp.ErrKind},
		{"a string for an inner list", "01c180", func(r *rlp.Reader) { r.List() }, rlp.ErrKind},
		{"a small byte with a header", "01c28101", func(r *rlp.Reader) { r.Bytes() }, rlp.ErrNotCanonical},
		{"a short string in long form", "01c3b80161", func(r *rlp.Reader) { r.Bytes() }, rlp.ErrNotCanonical},
		{"a length with a leading zero", "01c4b9000161", func(r *rlp.Reader) { r.Bytes() }, rlp.ErrNotCanonical},
		{"a length cut short", "01c1b9", func(r *rlp.Reader) { r.Bytes() }, rlp.ErrTruncated},
		{"a length of 2^64-1", "01c9bfffffffffffffffff", func(r *rlp.Reader) { r.Bytes() }, rlp.ErrTruncated},
		{"an integer with a leading zero", "01c3820001", func(r *rlp.Reader) { r.Uint() }, rlp.ErrNotCanonical},
		{"an integer that is a zero byte", "01c100", func(r *rlp.Reader) { r.Uint() }, rlp.ErrNotCanonical},
		{"an integer of 9 bytes", "01ca89010203040506070809", func(r *rlp.Reader) { r.Uint() }, rlp.ErrSize},
		{"a truth of 2", "01c102", func(r *rlp.Reader) { r.Bool() }, rlp.ErrKind},
		{"31 bytes for a word", "01e09f" + strings.Repeat("61", 31), func(r *rlp.Reader) { r.Word() }, rlp.ErrSize},
		{"more bytes than a limit", "01c3826161", func(r *rlp.Reader) { r.Limited(1) }, rlp.ErrSize},
	} {
		t.Run(c.name, func(t *testing.T) {
			input, err := hex.DecodeString(c.input)
			if err != nil {
				t.Fatal(err)
			}
			r := rlp.Open(input)
			c.read(r)
			if err := r.Close(); !errors.Is(err, c.want) {
				t.Errorf("%v, expected %v", err, c.want)
			}
		})
	}
	input, _ := hex.DecodeString(long)
	if r := rlp.Open(input); len(r.Bytes()) != 57 || r.Close() != nil {
		t.Error("a long string in its one form was refused")
	}
}

func TestAFaultStaysAndEndsLoops(t *testing.T) {
	r := rlp.Open(rlp.Versioned(rlp.List(rlp.Text("too long for a word")), rlp.Uint(7)))
	inner := r.List()
	inner.Word()
	if inner.More() || r.More() || r.Uint() != 0 {
		t.Error("reading went on behind a fault")
	}
	if err := r.Close(); !errors.Is(err, rlp.ErrSize) {
		t.Errorf("%v, expected the first fault", err)
	}
}

func FuzzOneFormOnly(f *testing.F) {
	f.Add(rlp.Versioned(rlp.Uint(7), rlp.Text("text"), rlp.List(rlp.Bytes(make([]byte, 60)))))
	f.Fuzz(func(t *testing.T, input []byte) {
		r := rlp.Open(input)
		number, text := r.Uint(), r.Bytes()
		var list [][]byte
		for inner := r.List(); inner.More(); {
			list = append(list, inner.Bytes())
		}
		if r.Close() != nil {
			return
		}
		if again := rlp.Versioned(rlp.Uint(number), rlp.Bytes(text), rlp.Map(list, rlp.Bytes)); !bytes.Equal(again, input) {
			t.Errorf("%x was read, and is written %x", input, again)
		}
	})
}
