// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/app"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/apps/board"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/callback"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/internal/fabrictest"
)

// world is an island with a board, and a remote gateway whose board is an EVM address.
type world struct {
	*fabrictest.Island
	t      *testing.T
	remote digest.Hash
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Island: fabrictest.NewIsland("here"), t: t, remote: digest.Keccak([]byte("remote gateway"))}
	w.Deploy("board", &app.Chaincode{Name: "board", Gateway: fabrictest.GatewayName, Application: board.Board{}, Clock: w.Clock})
	return w
}

var remoteBoard = strings.Repeat("cc", 20)

// post is a call of the gateway that posts a text to the remote board.
func (w *world) post(text string, ordered bool) fabrictest.Proposal {
	return fabrictest.Propose("send", "board", w.remote.String(), "default", strconv.FormatBool(ordered), "0x"+remoteBoard,
		strconv.FormatUint(w.Seconds()+3600, 10), "200000", text)
}

// incoming is a packet from the remote board to an application here.
func (w *world) incoming(app string, sequence uint64, ordered bool, payload string) fabrictest.Delivery {
	sender, _ := hex.DecodeString(remoteBoard)
	d := fabrictest.Delivery{
		Terms: digest.Terms{Name: digest.Keccak([]byte("default")), Ordered: ordered},
		Packet: digest.Packet{
			Source: w.remote, Destination: w.ID, Sequence: sequence, Sender: sender, Receiver: []byte(app),
			Timeout: w.Seconds() + 3600, Payload: []byte(payload),
		},
	}
	return w.inLane(d)
}

// inLane sets the lane that follows from the other fields.
func (w *world) inLane(d fabrictest.Delivery) fabrictest.Delivery {
	p := &d.Packet
	p.Lane = digest.Lane(p.Source, p.Destination, d.Terms, p.Sender, p.Receiver)
	return d
}

// must invokes the gateway.
func (w *world) must(args ...any) *fabrictest.Endorsed {
	w.t.Helper()
	e, err := w.Invoke(args...)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// refused invokes the gateway and expects a refusal of this code.
func (w *world) refused(code string, args ...any) {
	w.t.Helper()
	w.refusedProposal(code, fabrictest.Propose(args...))
}

func (w *world) refusedProposal(code string, p fabrictest.Proposal) {
	w.t.Helper()
	if _, err := w.Submit(p); codeOf(err) != code {
		w.t.Errorf("%s: %v, expected %s", p.Args[0], err, code)
	}
}

func codeOf(err error) string {
	if err == nil {
		return "accepted"
	}
	code, _, _ := strings.Cut(err.Error(), ": ")
	return code
}

// sendOne posts a text and numbers it.
func (w *world) sendOne(text string) fabrictest.Delivery {
	w.t.Helper()
	if _, err := w.Submit(w.post(text, false)); err != nil {
		w.t.Fatal(err)
	}
	sent := w.Number()
	if len(sent) != 1 {
		w.t.Fatalf("%d packets were numbered, expected 1", len(sent))
	}
	return sent[0]
}

// puppet deploys an application that answers each callback with fixed bytes.
func (w *world) puppet(name string, answers map[string][]byte) {
	w.Deploy(name, fabrictest.Puppet(func(stub shim.ChaincodeStubInterface) *peer.Response {
		function, _ := stub.GetFunctionAndParameters()
		answer, ok := answers[function]
		if !ok {
			return shim.Error("the puppet does not answer " + function)
		}
		return shim.Success(answer)
	}))
}

// message is one that a gateway accepts.
func (w *world) message() callback.Message {
	receiver, _ := hex.DecodeString(remoteBoard)
	return callback.Message{
		Destination: w.remote, Lane: "default", Receiver: receiver, Timeout: w.Seconds() + 3600, Budget: 200_000, Payload: []byte("hi"),
	}
}
