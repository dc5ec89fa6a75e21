// SPDX-License-Identifier: Apache-2.0

// Package abi writes and reads the payloads of applications that Solidity contracts understand: one tuple of words and byte
// strings, as abi.encode lays it out. Reading takes exactly what a Solidity compiler writes and nothing else.
package abi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
)

// ErrNotCanonical is what a payload that no compiler writes is refused with.
var ErrNotCanonical = errors.New("abi: not canonical")

const word = 32

// Field of a tuple: a word, or a byte string.
type Field struct {
	word    [word]byte
	content []byte
	dynamic bool
}

// Word is a bytes32.
func Word(value [32]byte) Field { return Field{word: value} }

// Uint is an unsigned integer of up to 256 bits.
func Uint(value *big.Int) (f Field) {
	value.FillBytes(f.word[:])
	return f
}

// Uint8 is an integer of 8 bits.
func Uint8(value uint8) (f Field) {
	f.word[word-1] = value
	return f
}

// Bytes is a byte string.
func Bytes(content []byte) Field { return Field{content: content, dynamic: true} }

// Encode a tuple: a word for each field, then the contents that the words point to.
func Encode(fields ...Field) []byte {
	head, tail := make([]byte, 0, word*len(fields)), []byte(nil)
	for _, f := range fields {
		if f.dynamic {
			f.word = number(uint64(word*len(fields) + len(tail)))
			length := number(uint64(len(f.content)))
			tail = append(append(tail, length[:]...), f.content...)
			tail = append(tail, make([]byte, padding(len(f.content)))...)
		}
		head = append(head, f.word[:]...)
	}
	return append(head, tail...)
}

func number(value uint64) (w [word]byte) {
	binary.BigEndian.PutUint64(w[word-8:], value)
	return w
}

// padding to full words.
func padding(size int) int { return (word - size%word) % word }

// Reader takes the fields of a tuple in order. Its first fault stays, and Close tells it.
type Reader struct {
	head, tail []byte
	// offset of the tail's next content from the tuple's begin.
	offset uint64
	fault  error
}

// Open a tuple of this many fields.
func Open(input []byte, fields int) *Reader {
	size := word * fields
	if len(input) < size {
		return &Reader{fault: fmt.Errorf("%w: %d bytes, expected at least %d", ErrNotCanonical, len(input), size)}
	}
	return &Reader{head: input[:size], tail: input[size:], offset: uint64(size)}
}

func (r *Reader) fail(format string, arguments ...any) {
	if r.fault == nil {
		r.fault = fmt.Errorf("%w: %s", ErrNotCanonical, fmt.Sprintf(format, arguments...))
	}
}

// Word takes a bytes32.
func (r *Reader) Word() (w [32]byte) {
	if r.fault == nil && len(r.head) == 0 {
		r.fail("no field left")
	}
	if r.fault != nil {
		return w
	}
	copy(w[:], r.head)
	r.head = r.head[word:]
	return w
}

// Uint takes an unsigned integer of up to 256 bits.
func (r *Reader) Uint() *big.Int {
	w := r.Word()
	return new(big.Int).SetBytes(w[:])
}

// Uint8 takes an integer of 8 bits.
func (r *Reader) Uint8() uint8 {
	value := r.Uint()
	if value.BitLen() > 8 {
		r.fail("%v is more than a uint8", value)
		return 0
	}
	return uint8(value.Uint64())
}

// Bytes takes a byte string. Its content has to be the next one, padded with zeros.
func (r *Reader) Bytes() []byte {
	if at := r.Word(); at != number(r.offset) {
		r.fail("a content at %x, expected %d", at, r.offset)
	}
	if r.fault != nil {
		return nil
	}
	if len(r.tail) < word {
		r.fail("no length left")
		return nil
	}
	length, rest := new(big.Int).SetBytes(r.tail[:word]), r.tail[word:]
	if !length.IsUint64() || length.Uint64() > uint64(len(rest)) {
		r.fail("a content of %v bytes, %d are left", length, len(rest))
		return nil
	}
	size := int(length.Uint64())
	padded := size + padding(size)
	if padded > len(rest) {
		r.fail("a content that is not padded")
		return nil
	}
	for _, pad := range rest[size:padded] {
		if pad != 0 {
			r.fail("padding that is not zero")
			return nil
		}
	}
	r.tail, r.offset = rest[padded:], r.offset+uint64(word+padded)
	return rest[:size]
}

// Close tells the first fault, or that something is left.
func (r *Reader) Close() error {
	if len(r.head)+len(r.tail) != 0 {
		r.fail("%d bytes left over", len(r.head)+len(r.tail))
	}
	return r.fault
}
