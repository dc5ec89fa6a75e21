// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bytes"
	"strings"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/event"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
)

// maxFacts is how many keys one call of facts may read.
const maxFacts = 1024

// facts reads the gateway's record (as every call does) and keys, and answers with the gateway's id. It is called to be
// endorsed: the read-set that peers sign says in which transaction each key was written, or that it was not.
//
//	facts KEY…        1 to 1024, ascending, distinct
func (c *call) facts(args [][]byte) (any, error) {
	if len(args) == 0 || len(args) > maxFacts {
		return nil, refusal.New("bad-arguments", "facts KEY…, 1 to %d", maxFacts)
	}
	var last []byte
	for _, key := range args {
		if bytes.Compare(key, last) <= 0 {
			return nil, refusal.New("bad-arguments", "key %q behind %q, expected ascending keys", key, last)
		}
		last = key
		if _, err := c.view.Get(string(key)); err != nil {
			return nil, err
		}
	}
	return c.head.id[:], nil
}

// State is what `state` answers. Numbers of 64 bits are text, as everywhere in Causeway's JSON.
type State struct {
	Name      string   `json:"name"`
	Gateway   string   `json:"gateway"`
	Island    string   `json:"island"`
	Hub       string   `json:"hub"`
	Owner     string   `json:"owner"`
	Epoch     uint64   `json:"epoch,string"`
	Threshold uint64   `json:"threshold,string"`
	Attestors []string `json:"attestors"`
	Paused    bool     `json:"paused"`
	Closed    bool     `json:"closed"`
	Acts      uint64   `json:"acts,string"`
	Notice    *Notice  `json:"notice"`
}

// Notice is a rotation that the owner announced.
type Notice struct {
	Threshold uint64   `json:"threshold,string"`
	Attestors []string `json:"attestors"`
	Effective uint64   `json:"effective,string"`
}

func (c *call) state([][]byte) (any, error) {
	h := &c.head
	answer := State{
		Name: c.self, Gateway: h.id.String(), Island: h.island.String(), Hub: h.hub.String(), Owner: h.owner.String(),
		Epoch: h.attestors.Epoch, Threshold: h.attestors.Threshold, Attestors: texts(h.attestors.Members),
		Paused: h.paused, Closed: h.closed, Acts: h.acts,
	}
	if h.notice != nil {
		answer.Notice = &Notice{h.notice.attestors.Threshold, texts(h.notice.attestors.Members), h.notice.effective}
	}
	return answer, nil
}

func texts(addresses []digest.Address) []string {
	list := make([]string, len(addresses))
	for i, address := range addresses {
		list[i] = address.String()
	}
	return list
}

// Standing is what `packet` answers: what this gateway knows of a packet, sent from here or come here.
type Standing struct {
	// Sender and Reference of a packet that was sent from here; else empty.
	Sender    string `json:"sender"`
	Reference string `json:"reference"`
	// Received tells that it was delivered or expired here; Settled that its outcome came home here.
	Received bool `json:"received"`
	Settled  bool `json:"settled"`
}

// packet tells what is known of a packet.
//
//	packet ID
func (c *call) packet(args [][]byte) (any, error) {
	id, err := onlyHash("packet ID", args)
	if err != nil {
		return nil, err
	}
	var answer Standing
	d, err := c.departed(id)
	if err != nil {
		return nil, err
	}
	if d != nil {
		answer.Sender, answer.Reference = d.sender, d.reference.String()
	}
	if answer.Received, err = c.view.Has(event.ReceivedKey(id)); err != nil {
		return nil, err
	}
	answer.Settled, err = c.view.Has(event.SettledKey(id))
	return answer, err
}

// LaneStanding is what `lane` answers: the last sequence sent in a lane that starts here, the last one ended in an ordered
// lane that ends here.
type LaneStanding struct {
	Sent  uint64 `json:"sent,string"`
	Ended uint64 `json:"ended,string"`
}

// lane tells how far a lane is.
//
//	lane ID
func (c *call) lane(args [][]byte) (any, error) {
	id, err := onlyHash("lane ID", args)
	if err != nil {
		return nil, err
	}
	var answer LaneStanding
	if answer.Sent, err = c.counter(sentKey(id)); err != nil {
		return nil, err
	}
	answer.Ended, err = c.counter(nextKey(id))
	return answer, err
}

type pendingAnswer struct {
	Pending []Sent `json:"pending"`
}

// pending lists packets that wait for their sequence. Only to be evaluated, never submitted: it reads a range.
//
//	pending [LIMIT]
func (c *call) pending(args [][]byte) (any, error) {
	limit := uint64(maxNumbered)
	if len(args) > 1 {
		return nil, refusal.New("bad-arguments", "pending [LIMIT]")
	}
	a := arguments{}
	for _, text := range args {
		limit = min(limit, a.number(text))
	}
	if a.fault != nil {
		return nil, a.fault
	}
	const first = "out/"
	keys, err := c.stub.GetStateByRange(first, strings.TrimSuffix(first, "/")+"0")
	if err != nil {
		return nil, err
	}
	defer keys.Close()
	answer := pendingAnswer{Pending: []Sent{}}
	for keys.HasNext() && uint64(len(answer.Pending)) < limit {
		entry, err := keys.Next()
		if err != nil {
			return nil, err
		}
		w, err := decodeWaiting(c.head.id, entry.GetValue())
		if err != nil {
			return nil, err
		}
		answer.Pending = append(answer.Pending, Sent{Key: entry.GetKey(), Lane: w.packet.Lane.String()})
	}
	return answer, nil
}

func onlyHash(usage string, args [][]byte) (digest.Hash, error) {
	if len(args) != 1 {
		return digest.Hash{}, refusal.New("bad-arguments", "%s", usage)
	}
	a := arguments{}
	id := a.hash(args[0])
	return id, a.fault
}
