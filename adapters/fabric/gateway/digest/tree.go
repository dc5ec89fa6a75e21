// SPDX-License-Identifier: Apache-2.0

package digest

import "github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"

// MaxCount is the largest batch attestors sign.
const MaxCount = 1024

// Leaf is the hash of an attestation's place in the tree.
func Leaf(attestation Hash) Hash { return Keccak([]byte{0}, attestation[:]) }

func node(left, right Hash) Hash { return Keccak([]byte{1}, left[:], right[:]) }

// Climb is the root that a leaf's path leads to (RFC 9162, 2.1.3.2). It refuses counts outside 1 to 1024, an index
// outside the count, and a path that is not exactly as long as index and count imply.
func Climb(hash Hash, index, count uint64, path []Hash) (Hash, error) {
	if count == 0 || count > MaxCount {
		return Hash{}, refusal.New("bad-count", "a batch of %d, expected 1 to %d", count, MaxCount)
	}
	if index >= count {
		return Hash{}, refusal.New("bad-index", "leaf %d of a batch of %d", index, count)
	}
	last := count - 1
	for _, sibling := range path {
		if last == 0 {
			return Hash{}, refusal.New("bad-path", "%d siblings are too many", len(path))
		}
		if index&1 == 1 || index == last {
			hash = node(sibling, hash)
			// A right edge that is no full pair has no sibling on these levels.
			for index&1 == 0 && index != 0 {
				index, last = index>>1, last>>1
			}
		} else {
			hash = node(hash, sibling)
		}
		index, last = index>>1, last>>1
	}
	if last != 0 {
		return Hash{}, refusal.New("bad-path", "%d siblings are too few", len(path))
	}
	return hash, nil
}
