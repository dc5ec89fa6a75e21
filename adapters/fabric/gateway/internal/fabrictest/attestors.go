// SPDX-License-Identifier: Apache-2.0

package fabrictest

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
)

// Key is a throw-away secp256k1 key.
type Key struct {
	Address digest.Address
	secret  *secp256k1.PrivateKey
}

// KeyOf is the key whose secret is the hash of a text.
func KeyOf(seed string) *Key {
	hash := digest.Keccak([]byte(seed))
	secret := secp256k1.PrivKeyFromBytes(hash[:])
	return &Key{digest.AddressOf(secret.PubKey()), secret}
}

// Sign a digest: r ‖ s ‖ v.
func (k *Key) Sign(hash digest.Hash) []byte {
	compact := ecdsa.SignCompact(k.secret, hash[:], false)
	return append(compact[1:], compact[0])
}

// Keys are n attestors, in order of their addresses.
func Keys(n int) []*Key {
	keys := make([]*Key, n)
	for i := range keys {
		keys[i] = KeyOf(fmt.Sprintf("causeway test attestor %d", i))
	}
	slices.SortFunc(keys, func(a, b *Key) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	return keys
}

// Addresses of keys.
func Addresses(keys []*Key) []digest.Address {
	addresses := make([]digest.Address, len(keys))
	for i, key := range keys {
		addresses[i] = key.Address
	}
	return addresses
}

// SignAll signs a digest with each key.
func SignAll(keys []*Key, hash digest.Hash) [][]byte {
	signatures := make([][]byte, len(keys))
	for i, key := range keys {
		signatures[i] = key.Sign(hash)
	}
	return signatures
}

// Root of a tree over attestations, and each one's path: by RFC 6962's own recursion.
func Root(attestations []digest.Hash) (root digest.Hash, paths [][]digest.Hash) {
	if len(attestations) == 1 {
		return digest.Keccak([]byte{0}, attestations[0][:]), [][]digest.Hash{nil}
	}
	split := 1
	for split*2 < len(attestations) {
		split *= 2
	}
	left, leftPaths := Root(attestations[:split])
	right, rightPaths := Root(attestations[split:])
	for _, path := range leftPaths {
		paths = append(paths, append(path, right))
	}
	for _, path := range rightPaths {
		paths = append(paths, append(path, left))
	}
	return digest.Keccak([]byte{1}, left[:], right[:]), paths
}
