// SPDX-License-Identifier: Apache-2.0

// Package board is the smallest application: messages posted to boards on other islands, and the last one posted here from
// there. Its payload is the message's bytes, as that of the Solidity MessageBoard.
package board

import (
	"encoding/hex"
	"encoding/json"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/app"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/callback"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
)

// Refused is the message that a board does not take, to show what a receiver that fails looks like.
const Refused = "fail"

const lastKey = "last"

// Board keeps no counter and reads nothing in its callbacks: any number of packets can come and go in one block.
type Board struct{}

// Message is what `last` answers.
type Message struct {
	Packet string `json:"packet"`
	Source string `json:"source"`
	Sender string `json:"sender"`
	Text   string `json:"text"`
}

// Outcome is what `outcome` answers.
type Outcome struct {
	Packet  string `json:"packet"`
	Kind    uint8  `json:"kind"`
	Success bool   `json:"success"`
	Result  string `json:"result"`
}

func outcomeKey(reference string) string { return "outcome/" + reference }

// OnSend posts a text; the rest is as in the gateway's message.
func (Board) OnSend(_ *app.Context, args []string) ([]callback.Message, error) {
	a := app.Read("DESTINATION LANE ORDERED RECEIVER TIMEOUT BUDGET TEXT", args)
	message := callback.Message{
		Destination: a.Hash(), Lane: a.Text(), Ordered: a.Bool(), Receiver: a.Bytes(), Timeout: a.Uint(), Budget: a.Uint(),
		Payload: []byte(a.Text()),
	}
	return []callback.Message{message}, a.Fault
}

// OnPackets keeps the last message and answers each with an echo.
func (Board) OnPackets(c *app.Context, arrivals []callback.Arrival) ([][]byte, []callback.Message, error) {
	results := make([][]byte, len(arrivals))
	for i, a := range arrivals {
		if string(a.Payload) == Refused {
			return nil, nil, refusal.New("board-failing", "packet %v says %q", a.ID, Refused)
		}
		results[i] = a.Payload[:min(len(a.Payload), callback.MaxResult)]
		text, err := json.Marshal(Message{a.ID.String(), a.Source.String(), "0x" + hex.EncodeToString(a.Sender), string(a.Payload)})
		if err != nil {
			return nil, nil, err
		}
		if err := c.View.Put(lastKey, text); err != nil {
			return nil, nil, err
		}
	}
	return results, nil, nil
}

// OnOutcomes remembers what became of each message.
func (Board) OnOutcomes(c *app.Context, outcomes []callback.Outcome) ([]callback.Message, error) {
	for _, o := range outcomes {
		text, err := json.Marshal(Outcome{o.ID.String(), uint8(o.Kind), o.Success, "0x" + hex.EncodeToString(o.Result)})
		if err != nil {
			return nil, err
		}
		if err := c.View.Put(outcomeKey(o.Reference.String()), text); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// Call answers `last`, and `outcome TRANSACTION/PLACE` of a message posted from here.
func (Board) Call(c *app.Context, function string, args []string) ([]byte, error) {
	switch {
	case function == "last" && len(args) == 0:
		return c.View.Get(lastKey)
	case function == "outcome" && len(args) == 1:
		return c.View.Get(outcomeKey(args[0]))
	default:
		return nil, refusal.New("unknown-function", "%q, expected last or outcome TRANSACTION/PLACE", function)
	}
}
