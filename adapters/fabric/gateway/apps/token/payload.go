// SPDX-License-Identifier: Apache-2.0

package token

import (
	"bytes"
	"math/big"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/abi"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
)

const (
	// forward carries the path as it is called at the sending bridge, back as it is called at the receiving one.
	forward uint8 = 0
	back    uint8 = 1
	// maxApp is the longest name of an application, maxPath the longest path: about a dozen islands.
	maxApp  = 64
	maxPath = 1024
)

// payload of a packet: abi.encode(uint8 kind, bytes path, bytes to, uint256 amount).
type payload struct {
	kind     uint8
	path, to []byte
	amount   *big.Int
}

func (p *payload) encode() []byte {
	return abi.Encode(abi.Uint8(p.kind), abi.Bytes(p.path), abi.Bytes(p.to), abi.Uint(p.amount))
}

func decodePayload(input []byte) (*payload, error) {
	r := abi.Open(input, 4)
	p := &payload{kind: r.Uint8(), path: r.Bytes(), to: r.Bytes(), amount: r.Uint()}
	return p, r.Close()
}

// prefix of the paths of everything that comes from an application behind a gateway.
func prefix(gateway digest.Hash, remote []byte) []byte {
	return append(append(gateway[:], byte(len(remote))), remote...)
}

// homeward tells whether a voucher of this path goes back the way it came, and what it is called there.
func homeward(path []byte, gateway digest.Hash, remote []byte) (inner []byte, home bool) {
	inner, home = bytes.CutPrefix(path, prefix(gateway, remote))
	return inner, home && len(inner) > 0
}
