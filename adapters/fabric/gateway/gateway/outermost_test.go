// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"strings"
	"testing"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/callback"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/internal/fabrictest"
)

func TestTheGatewayRunsOnlyAsTheOutermostChaincode(t *testing.T) {
	w := newWorld(t)
	w.Deploy("proxy", fabrictest.Puppet(func(stub shim.ChaincodeStubInterface) *peer.Response {
		return stub.InvokeChaincode("gateway", stub.GetArgs(), "")
	}))
	for _, args := range [][]any{
		{"beat"}, {"facts", "opened"}, {"state"},
		{"deliver", "board", w.Deliveries(digest.Deliver, w.incoming("board", 1, false, "hello"))},
	} {
		inside := fabrictest.Propose(args...)
		inside.Chaincode = "proxy"
		w.refusedProposal("not-outermost", inside)
	}
}

func TestAProposalThatRunsOneChaincodeAndNamesAnotherIsRefused(t *testing.T) {
	w := newWorld(t)
	p := fabrictest.Propose("beat")
	p.Names = "board"
	w.refusedProposal("malformed-proposal", p)
	p.Names = "gateway:1.0"
	w.refusedProposal("malformed-proposal", p)
}

// arrivals are made up: nobody signed them.
func arrivals() []byte {
	return callback.EncodeArrivals([]callback.Arrival{{Payload: []byte("forged")}})
}

func TestAClientThatCallsBackItselfIsRefused(t *testing.T) {
	w := newWorld(t)
	for function, argument := range map[string][]byte{
		callback.OnSend: nil, callback.OnPackets: arrivals(), callback.OnOutcomes: callback.EncodeOutcomes(nil),
	} {
		p := fabrictest.Propose(function, argument)
		p.Chaincode = "board"
		w.refusedProposal("not-gateway", p)
	}
}

func TestAChaincodeThatCallsBackIsRefusedEvenInsideTheGateway(t *testing.T) {
	w := newWorld(t)
	w.Deploy("forger", fabrictest.Puppet(func(stub shim.ChaincodeStubInterface) *peer.Response {
		answer := stub.InvokeChaincode("board", [][]byte{[]byte(callback.OnPackets), arrivals()}, "")
		if answer.GetStatus() != shim.OK {
			return answer
		}
		return shim.Success(callback.EncodeAnswer([][]byte{nil}, nil))
	}))
	alone := fabrictest.Propose("anything")
	alone.Chaincode = "forger"
	w.refusedProposal("not-gateway", alone)

	// The gateway calls the forger, for a packet that is really the forger's; the board must not believe the forger.
	_, err := w.Invoke("deliver", "forger", w.Deliveries(digest.Deliver, w.incoming("forger", 1, false, "hello")))
	if codeOf(err) != "app-refused" || w.Get("board", "last") != nil {
		t.Errorf("%v, the board says %s", err, w.Get("board", "last"))
	}
}

func TestAnApplicationCannotCallTheGatewayBack(t *testing.T) {
	w := newWorld(t)
	var answer *peer.Response
	w.Deploy("reentrant", fabrictest.Puppet(func(stub shim.ChaincodeStubInterface) *peer.Response {
		answer = stub.InvokeChaincode("gateway", [][]byte{[]byte("beat")}, "")
		return answer
	}))
	statements := w.Deliveries(digest.Deliver, w.incoming("reentrant", 1, false, "hello"))
	w.refused("app-refused", "deliver", "reentrant", statements)
	// Even where a peer let it in.
	w.Reentrant = true
	w.refused("app-refused", "deliver", "reentrant", statements)
	if !strings.HasPrefix(answer.GetMessage(), "not-outermost") {
		t.Errorf("%s", answer.GetMessage())
	}
}
