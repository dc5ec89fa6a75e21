// SPDX-License-Identifier: Apache-2.0

package digest

import (
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
)

// Recover is the address whose key made this signature over the digest: r ‖ s ‖ v, s in the lower half of the group's
// order (the other half is the same signature, malleated), v 27 or 28.
func Recover(digest Hash, signature []byte) (Address, error) {
	if len(signature) != 65 {
		return Address{}, refusal.New("bad-signature", "%d bytes, expected 65", len(signature))
	}
	v := signature[64]
	if v != 27 && v != 28 {
		return Address{}, refusal.New("bad-signature", "v is %d, expected 27 or 28", v)
	}
	var s secp256k1.ModNScalar
	if overflow := s.SetByteSlice(signature[32:64]); overflow || s.IsOverHalfOrder() {
		return Address{}, refusal.New("bad-signature", "s is in the upper half")
	}
	compact := append([]byte{v}, signature[:64]...)
	key, _, err := ecdsa.RecoverCompact(compact, digest[:])
	if err != nil {
		return Address{}, refusal.New("bad-signature", "%v", err)
	}
	return AddressOf(key), nil
}

// AddressOf a public key: the last 20 bytes of the hash of its coordinates.
func AddressOf(key *secp256k1.PublicKey) Address {
	hash := Keccak(key.SerializeUncompressed()[1:])
	return Address(hash[12:])
}
