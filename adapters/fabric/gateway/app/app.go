// SPDX-License-Identifier: Apache-2.0

// Package app is the application's side of a gateway: it serves an Application as a chaincode and lets nobody but the
// gateway call its callbacks.
//
// A chaincode is not told who called it. But the client's signed proposal names the outermost chaincode and its arguments,
// and a gateway calls exactly one application a transaction: the one that its first argument names. So if the proposal says
// that the gateway was called for this application, nobody but the gateway can have called it. Any weaker check would
// let another application, called by the gateway, call this one with packets of its own making.
package app

import (
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/callback"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/invocation"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/state"
)

// Application is what a gateway sends and receives packets for. An error of any of these refuses the whole transaction.
type Application interface {
	// OnSend makes packets of what a client asks. What it takes from the client it has to keep under the message's
	// reference: (the transaction's id, place in the answer).
	OnSend(c *Context, args []string) ([]callback.Message, error)
	// OnPackets takes all packets of a transaction, each of them once, and answers with a result for each (at most 1024
	// bytes) and packets to send.
	OnPackets(c *Context, arrivals []callback.Arrival) (results [][]byte, messages []callback.Message, err error)
	// OnOutcomes learns what became of its packets, of each once.
	OnOutcomes(c *Context, outcomes []callback.Outcome) ([]callback.Message, error)
	// Call is everything that clients ask of the application itself, without a gateway.
	Call(c *Context, function string, args []string) ([]byte, error)
}

// Context is one transaction of an application.
type Context struct {
	Stub shim.ChaincodeStubInterface
	// View sees what this transaction has written; the stub does not.
	View  *state.View
	clock func() time.Time
}

// Now is the transaction's time in Unix seconds, refused unless it is near the peer's clock.
func (c *Context) Now() (uint64, error) { return invocation.Time(c.Stub, c.clock) }

// Reference of the message at this place in the answer that is being made.
func (c *Context) Reference(place int) (callback.Reference, error) {
	return callback.ReferenceOf(c.Stub.GetTxID(), uint64(place))
}

// Chaincode serves an application.
type Chaincode struct {
	// Name is the one that the application is committed to its channel under.
	Name string
	// Gateway is the name of the gateway's chaincode on the same channel.
	Gateway     string
	Application Application
	// Clock is the peer's own.
	Clock func() time.Time
}

// Init does nothing.
func (s *Chaincode) Init(shim.ChaincodeStubInterface) *peer.Response { return shim.Success(nil) }

// Invoke runs a callback or a client's call.
func (s *Chaincode) Invoke(stub shim.ChaincodeStubInterface) *peer.Response {
	answer, err := s.run(stub)
	if err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(answer)
}

// The function of the gateway that each callback belongs to.
var callbacks = map[string]string{
	callback.OnSend:     "send",
	callback.OnPackets:  "deliver",
	callback.OnOutcomes: "settle",
}

func (s *Chaincode) run(stub shim.ChaincodeStubInterface) ([]byte, error) {
	function, args := stub.GetFunctionAndParameters()
	c := &Context{Stub: stub, View: state.New(stub), clock: s.Clock}
	within, ok := callbacks[function]
	if !ok {
		// A chaincode that the client called for something else must not act in the client's name here.
		if err := invocation.Outermost(stub, s.Name); err != nil {
			return nil, err
		}
		return s.Application.Call(c, function, args)
	}
	if err := s.checkGateway(stub, within); err != nil {
		return nil, err
	}
	switch function {
	case callback.OnSend:
		messages, err := s.Application.OnSend(c, args)
		return callback.EncodeMessages(messages), err
	case callback.OnPackets:
		arrivals, err := callback.DecodeArrivals(only(stub))
		if err != nil {
			return nil, err
		}
		results, messages, err := s.Application.OnPackets(c, arrivals)
		return callback.EncodeAnswer(results, messages), err
	default:
		outcomes, err := callback.DecodeOutcomes(only(stub))
		if err != nil {
			return nil, err
		}
		messages, err := s.Application.OnOutcomes(c, outcomes)
		return callback.EncodeMessages(messages), err
	}
}

// checkGateway refuses unless the client called the gateway's function, for this application.
func (s *Chaincode) checkGateway(stub shim.ChaincodeStubInterface, function string) error {
	proposal, err := invocation.Read(stub)
	if err != nil {
		return err
	}
	args := proposal.Args
	if proposal.Chaincode != s.Gateway || len(args) < 2 || string(args[0]) != function || string(args[1]) != s.Name {
		return refusal.New("not-gateway", "only %q may call back, for %q and within %q", s.Gateway, s.Name, function)
	}
	return nil
}

// only is the one argument of a callback, nothing if there is another number of them.
func only(stub shim.ChaincodeStubInterface) []byte {
	if args := stub.GetArgs(); len(args) == 2 {
		return args[1]
	}
	return nil
}
