// SPDX-License-Identifier: Apache-2.0

package app

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
)

// Arguments reads what clients type, each value in one form. The first fault stays in Fault.
type Arguments struct {
	list  []string
	usage string
	Fault error
}

// Read requires as many arguments as the usage has words.
func Read(usage string, args []string) *Arguments {
	a := &Arguments{list: args, usage: usage}
	if len(args) != len(strings.Fields(usage)) {
		a.Fault = refusal.New("bad-arguments", "%d, expected %s", len(args), usage)
	}
	return a
}

// Text takes the next argument as it is.
func (a *Arguments) Text() string {
	if a.Fault != nil || len(a.list) == 0 {
		return ""
	}
	text := a.list[0]
	a.list = a.list[1:]
	return text
}

func (a *Arguments) fail(text, expected string) {
	if a.Fault == nil {
		a.Fault = refusal.New("bad-arguments", "%q, expected %s (%s)", text, expected, a.usage)
	}
}

// Bytes takes 0x and lower-case hex.
func (a *Arguments) Bytes() []byte {
	text := a.Text()
	digits, prefixed := strings.CutPrefix(text, "0x")
	content, err := hex.DecodeString(digits)
	if err != nil || !prefixed || hex.EncodeToString(content) != digits {
		a.fail(text, "0x and lower-case hex")
		return nil
	}
	return content
}

// Hash takes 0x and 64 digits.
func (a *Arguments) Hash() digest.Hash {
	content := a.Bytes()
	if len(content) != 32 {
		a.fail("0x"+hex.EncodeToString(content), "32 bytes")
		return digest.Hash{}
	}
	return digest.Hash(content)
}

// Uint takes a decimal number.
func (a *Arguments) Uint() uint64 {
	text := a.Text()
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil || strconv.FormatUint(value, 10) != text {
		a.fail(text, "a decimal number")
	}
	return value
}

// Bool takes true or false.
func (a *Arguments) Bool() bool {
	text := a.Text()
	if text != "true" && text != "false" {
		a.fail(text, "true or false")
	}
	return text == "true"
}
