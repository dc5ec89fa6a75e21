// SPDX-License-Identifier: Apache-2.0

// Package digest computes identities and digests, byte by byte as every gateway, attestor and the hub compute them:
// EIP-712 struct hashes over keccak-256, and a tree of RFC 6962's shape over attestations.
package digest

import (
	"encoding/binary"
	"encoding/hex"

	"golang.org/x/crypto/sha3"
)

// Hash is a keccak-256 digest, and every id.
type Hash [32]byte

// Address of a secp256k1 key, as on EVM chains.
type Address [20]byte

// String is 0x and lower-case hex.
func (h Hash) String() string { return "0x" + hex.EncodeToString(h[:]) }

// Hex is lower-case hex without 0x, as it stands in state keys.
func (h Hash) Hex() string { return hex.EncodeToString(h[:]) }

// IsZero tells whether nothing was set.
func (h Hash) IsZero() bool { return h == Hash{} }

// String is 0x and lower-case hex.
func (a Address) String() string { return "0x" + hex.EncodeToString(a[:]) }

// IsZero tells whether nothing was set.
func (a Address) IsZero() bool { return a == Address{} }

// Keccak is keccak-256 over the parts, joined.
func Keccak(parts ...[]byte) Hash {
	hasher := sha3.NewLegacyKeccak256()
	for _, part := range parts {
		hasher.Write(part)
	}
	return Hash(hasher.Sum(nil))
}

// words hashes 32-byte words one after the other.
func words(list ...Hash) Hash {
	hasher := sha3.NewLegacyKeccak256()
	for _, word := range list {
		hasher.Write(word[:])
	}
	return Hash(hasher.Sum(nil))
}

func number(value uint64) (word Hash) {
	binary.BigEndian.PutUint64(word[24:], value)
	return word
}

func boolean(value bool) (word Hash) {
	if value {
		word[31] = 1
	}
	return word
}

func tag(text string) Hash { return Keccak([]byte(text)) }
