// SPDX-License-Identifier: Apache-2.0

// Package fabrictest is a Fabric channel in memory, as far as a chaincode can tell, for tests. It keeps the semantics that
// bite: GetState never sees the transaction's own writes, a callee shares its caller's simulation and its writes stay
// when it fails, a chaincode cannot be entered twice in one transaction, and a block's transactions collide by the
// versions of what they read.
package fabrictest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// Channel holds chaincodes and their committed state.
type Channel struct {
	// Now is the peers' clock.
	Now time.Time
	// Reentrant lets a chaincode be entered twice in one transaction, as no peer does.
	Reentrant bool
	// WriteOnce tells of a key that it must never be written again or deleted, if not nil. Commit panics if one is.
	WriteOnce  func(chaincode, key string) bool
	chaincodes map[string]shim.Chaincode
	state      map[string]map[string]entry
	block      uint64
	proposals  uint64
}

// version of a key: where it was written last. The zero version is that of a key that is not there.
type version struct{ block, transaction uint64 }

type entry struct {
	value   []byte
	version version
}

// New is an empty channel.
func New() *Channel {
	return &Channel{
		Now:        time.Unix(1_790_000_000, 0),
		chaincodes: make(map[string]shim.Chaincode),
		state:      make(map[string]map[string]entry),
	}
}

// Clock is the peers' clock, for chaincodes.
func (c *Channel) Clock() time.Time { return c.Now }

// Seconds of the peers' clock.
func (c *Channel) Seconds() uint64 { return uint64(c.Now.Unix()) }

// Deploy commits a chaincode under a name.
func (c *Channel) Deploy(name string, chaincode shim.Chaincode) {
	c.chaincodes[name] = chaincode
	c.state[name] = make(map[string]entry)
}

// Proposal is what a client signs.
type Proposal struct {
	Chaincode string
	Args      [][]byte
	// Creator is a serialized identity; tests that need none leave it out.
	Creator []byte
	// Skew of the client's clock from the peers'.
	Skew time.Duration
	// Names is the chaincode that the header names, if another one than runs.
	Names string
}

// Endorsed is a simulated transaction.
type Endorsed struct {
	ID       string
	Response *peer.Response
	reads    map[string]map[string]version
	writes   map[string]map[string][]byte
	ranged   bool
}

// Err is why the transaction was refused, if it was.
func (e *Endorsed) Err() error {
	if e.Response.GetStatus() >= shim.ERRORTHRESHOLD {
		return fmt.Errorf("%s", e.Response.GetMessage())
	}
	return nil
}

// Writes are the keys written in a chaincode's namespace, in order.
func (e *Endorsed) Writes(chaincode string) []string {
	return slices.Sorted(maps.Keys(e.writes[chaincode]))
}

// Reads are the keys read in a chaincode's namespace, in order.
func (e *Endorsed) Reads(chaincode string) []string {
	return slices.Sorted(maps.Keys(e.reads[chaincode]))
}

// Value that a transaction writes to a key.
func (e *Endorsed) Value(chaincode, key string) []byte { return e.writes[chaincode][key] }

// Endorse simulates a transaction on the committed state.
func (c *Channel) Endorse(p Proposal) *Endorsed {
	c.proposals++
	id := sha256.Sum256(fmt.Append(nil, "transaction ", c.proposals))
	e := &Endorsed{
		ID:     hex.EncodeToString(id[:]),
		reads:  make(map[string]map[string]version),
		writes: make(map[string]map[string][]byte),
	}
	simulation := &simulation{channel: c, endorsed: e, proposal: p, signed: sign(c, p)}
	e.Response = simulation.call(p.Chaincode, p.Args)
	return e
}

// Commit makes a block of transactions and tells of each whether it was valid. Refused ones must not be among them: no
// peer signs them.
func (c *Channel) Commit(transactions ...*Endorsed) []bool {
	c.block++
	valid := make([]bool, len(transactions))
	for i, e := range transactions {
		if err := e.Err(); err != nil {
			panic(fmt.Sprintf("a refused transaction in a block: %v", err))
		}
		if e.ranged && len(e.writes) != 0 {
			panic("a transaction that writes has read a range")
		}
		if valid[i] = c.current(e); valid[i] {
			c.apply(e, version{c.block, uint64(i)})
		}
	}
	return valid
}

func (c *Channel) current(e *Endorsed) bool {
	for chaincode, reads := range e.reads {
		for key, read := range reads {
			if c.state[chaincode][key].version != read {
				return false
			}
		}
	}
	return true
}

func (c *Channel) apply(e *Endorsed, at version) {
	for chaincode, writes := range e.writes {
		for key, value := range writes {
			if c.WriteOnce != nil && c.WriteOnce(chaincode, key) && (value == nil || c.state[chaincode][key].value != nil) {
				panic("a valid transaction writes " + key + " again, or deletes it")
			}
			if value == nil {
				delete(c.state[chaincode], key)
			} else {
				c.state[chaincode][key] = entry{value, at}
			}
		}
	}
}

// Submit endorses a transaction and commits it in a block of its own. A refused one changes nothing.
func (c *Channel) Submit(p Proposal) (*Endorsed, error) {
	e := c.Endorse(p)
	if err := e.Err(); err != nil {
		return e, err
	}
	if !c.Commit(e)[0] {
		panic("a transaction alone in its block was invalid")
	}
	return e, nil
}

// Get is the committed value of a key.
func (c *Channel) Get(chaincode, key string) []byte { return c.state[chaincode][key].value }

// Keys are a chaincode's committed keys, in order.
func (c *Channel) Keys(chaincode string) []string {
	return slices.Sorted(maps.Keys(c.state[chaincode]))
}

// Args makes arguments of texts.
func Args(texts ...string) [][]byte {
	args := make([][]byte, len(texts))
	for i, text := range texts {
		args[i] = []byte(text)
	}
	return args
}
