// SPDX-License-Identifier: Apache-2.0

package rlp

import (
	"errors"
	"fmt"
)

// What a reader finds wrong. Each is wrapped with more words.
var (
	ErrTruncated    = errors.New("rlp: the input ends inside an item")
	ErrTrailing     = errors.New("rlp: bytes behind the last item")
	ErrNotCanonical = errors.New("rlp: not the shortest form")
	ErrKind         = errors.New("rlp: another kind of item")
	ErrSize         = errors.New("rlp: another size")
	ErrVersion      = errors.New("rlp: unknown version")
)

// Reader takes the items of one list in order. Its first fault stays: later reads give zero values, and Close (of this
// reader, or of the one it came from) tells the fault. So a form is read whole and checked once.
type Reader struct {
	rest  []byte
	fault *error
}

// Open reads 0x01 ‖ RLP[ … ] that fills the input exactly.
func Open(input []byte) *Reader {
	fault := new(error)
	r := &Reader{fault: fault}
	if len(input) == 0 || input[0] != Version {
		r.fail(fmt.Errorf("%w: expected %d first", ErrVersion, Version))
		return r
	}
	return openList(input[1:], fault)
}

// OpenList reads RLP[ … ], without a version, that fills the input exactly.
func OpenList(input []byte) *Reader { return openList(input, new(error)) }

func openList(input []byte, fault *error) *Reader {
	outer := &Reader{rest: input, fault: fault}
	list := outer.List()
	if len(outer.rest) != 0 {
		outer.fail(ErrTrailing)
	}
	return list
}

// More tells whether items are left. It is false after a fault, so that loops end.
func (r *Reader) More() bool { return *r.fault == nil && len(r.rest) > 0 }

// Bytes takes a byte string.
func (r *Reader) Bytes() []byte {
	content, list := r.next()
	if list {
		r.fail(fmt.Errorf("%w: a list, expected a string", ErrKind))
		return nil
	}
	return content
}

// Limited takes a byte string of at most limit bytes.
func (r *Reader) Limited(limit int) []byte {
	content := r.Bytes()
	if len(content) > limit {
		r.fail(fmt.Errorf("%w: %d bytes, expected at most %d", ErrSize, len(content), limit))
		return nil
	}
	return content
}

// Fixed takes a byte string of exactly size bytes. After a fault it gives as many zeros.
func (r *Reader) Fixed(size int) []byte {
	content := r.Bytes()
	if len(content) != size {
		r.fail(fmt.Errorf("%w: %d bytes, expected %d", ErrSize, len(content), size))
		return make([]byte, size)
	}
	return content
}

// Word takes 32 bytes.
func (r *Reader) Word() [32]byte { return [32]byte(r.Fixed(32)) }

// Uint takes an integer of at most 64 bits.
func (r *Reader) Uint() uint64 {
	content := r.Bytes()
	if len(content) > 8 {
		r.fail(fmt.Errorf("%w: an integer of %d bytes", ErrSize, len(content)))
		return 0
	}
	if len(content) > 0 && content[0] == 0 {
		r.fail(fmt.Errorf("%w: an integer with a leading zero", ErrNotCanonical))
		return 0
	}
	var value uint64
	for _, digit := range content {
		value = value<<8 | uint64(digit)
	}
	return value
}

// Bool takes the integer 0 or 1.
func (r *Reader) Bool() bool {
	value := r.Uint()
	if value > 1 {
		r.fail(fmt.Errorf("%w: %d, expected 0 or 1", ErrKind, value))
	}
	return value == 1
}

// List takes a list. It shares this reader's fault; Close it, or read it until More is false.
func (r *Reader) List() *Reader {
	content, list := r.next()
	if !list {
		r.fail(fmt.Errorf("%w: a string, expected a list", ErrKind))
	}
	return &Reader{rest: content, fault: r.fault}
}

// Close tells the first fault, or that items are left.
func (r *Reader) Close() error {
	if *r.fault == nil && len(r.rest) != 0 {
		r.fail(ErrTrailing)
	}
	return *r.fault
}

func (r *Reader) fail(fault error) {
	if *r.fault == nil {
		*r.fault = fault
	}
}

// next takes the content of one item.
func (r *Reader) next() (content []byte, list bool) {
	if *r.fault != nil {
		return nil, false
	}
	if len(r.rest) == 0 {
		r.fail(ErrTruncated)
		return nil, false
	}
	first := r.rest[0]
	list = first >= 0xc0
	base := byte(0x80)
	if list {
		base = 0xc0
	}
	switch {
	case first < 0x80:
		return r.take(0, 1), false
	case first < base+56:
		content = r.take(1, uint64(first-base))
		if !list && len(content) == 1 && content[0] < 0x80 {
			r.fail(ErrNotCanonical)
		}
		return content, list
	default:
		return r.take(r.long(int(first-base) - 55)), list
	}
}

// long reads a size that stands in its own bytes.
func (r *Reader) long(width int) (head int, size uint64) {
	if len(r.rest) < 1+width {
		r.fail(ErrTruncated)
		return 0, 0
	}
	digits := r.rest[1 : 1+width]
	for _, digit := range digits {
		size = size<<8 | uint64(digit)
	}
	if digits[0] == 0 || size < 56 {
		r.fail(ErrNotCanonical)
		return 0, 0
	}
	return 1 + width, size
}

func (r *Reader) take(head int, size uint64) []byte {
	if *r.fault != nil {
		return nil
	}
	if size > uint64(len(r.rest)-head) {
		r.fail(ErrTruncated)
		return nil
	}
	content := r.rest[head : head+int(size)]
	r.rest = r.rest[head+int(size):]
	return content
}
