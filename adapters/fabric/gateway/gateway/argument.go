// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
)

// arguments reads what people and programs type: each value in one form. The first fault stays.
type arguments struct{ fault error }

func (a *arguments) fail(expected string, came []byte) {
	if a.fault == nil {
		a.fault = refusal.New("bad-arguments", "%q, expected %s", came, expected)
	}
}

func (a *arguments) hex(text []byte, size int, expected string) []byte {
	digits, prefixed := strings.CutPrefix(string(text), "0x")
	content, err := hex.DecodeString(digits)
	if err != nil || !prefixed || len(content) != size || hex.EncodeToString(content) != digits {
		a.fail(expected, text)
		return make([]byte, size)
	}
	return content
}

// hash is 0x and 64 lower-case hex digits.
func (a *arguments) hash(text []byte) digest.Hash {
	return digest.Hash(a.hex(text, 32, "0x and 64 lower-case hex digits"))
}

// address is 0x and 40 lower-case hex digits.
func (a *arguments) address(text []byte) digest.Address {
	return digest.Address(a.hex(text, 20, "0x and 40 lower-case hex digits"))
}

// number is decimal, without leading zeros.
func (a *arguments) number(text []byte) uint64 {
	number, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil || strconv.FormatUint(number, 10) != string(text) {
		a.fail("a decimal number", text)
	}
	return number
}
