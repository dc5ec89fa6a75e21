// SPDX-License-Identifier: Apache-2.0

// Package rlp writes and reads Ethereum's RLP in its one canonical form, with the version byte that every encoding of
// Causeway begins with: 0x01 ‖ RLP[ … ].
//
//	value := rlp.Versioned(rlp.Bytes(id[:]), rlp.Uint(7))
//	r := rlp.Open(value)
//	id, seven := r.Fixed(32), r.Uint()
//	err := r.Close()
package rlp

import "encoding/binary"

// Version is the first byte of every encoding.
const Version = 0x01

// Bytes is a byte string.
func Bytes(content []byte) []byte {
	if len(content) == 1 && content[0] < 0x80 {
		return []byte{content[0]}
	}
	return append(header(0x80, len(content)), content...)
}

// Text is a byte string of UTF-8.
func Text(content string) []byte { return Bytes([]byte(content)) }

// Uint is an integer: big-endian without leading zeros, zero being the empty string.
func Uint(value uint64) []byte { return Bytes(minimal(value)) }

// Bool is the integer 1 or 0.
func Bool(value bool) []byte {
	if value {
		return Uint(1)
	}
	return Uint(0)
}

// List is a list of items that are encoded already.
func List(items ...[]byte) []byte {
	size := 0
	for _, item := range items {
		size += len(item)
	}
	list := header(0xc0, size)
	for _, item := range items {
		list = append(list, item...)
	}
	return list
}

// Versioned is the version byte and a list of items.
func Versioned(items ...[]byte) []byte {
	return append([]byte{Version}, List(items...)...)
}

// Map encodes each value and lists the results.
func Map[T any](values []T, encode func(T) []byte) []byte {
	items := make([][]byte, len(values))
	for i, value := range values {
		items[i] = encode(value)
	}
	return List(items...)
}

func header(base byte, size int) []byte {
	if size < 56 {
		return []byte{base + byte(size)}
	}
	length := minimal(uint64(size))
	return append([]byte{base + 55 + byte(len(length))}, length...)
}

func minimal(value uint64) []byte {
	word := binary.BigEndian.AppendUint64(nil, value)
	for len(word) > 0 && word[0] == 0 {
		word = word[1:]
	}
	return word
}
