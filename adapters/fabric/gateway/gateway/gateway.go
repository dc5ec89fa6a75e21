// SPDX-License-Identifier: Apache-2.0

// Package gateway is the gateway chaincode: it sends packets for applications, delivers those that attestors signed, and
// settles them when their outcome comes home.
//
// Three facts about Fabric shape it. A caller and its callee share one simulation and a failed callee's writes stay, so
// the gateway is always the outermost chaincode, calls one application a transaction, once, and any error of it refuses
// the whole transaction. GetState never sees the transaction's own writes, so everything goes through state.View. And
// two transactions that read a key which one of them writes collide, so sending and delivering touch no counter.
package gateway

import (
	"encoding/json"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/invocation"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/state"
)

// Chaincode is the gateway.
type Chaincode struct {
	name  string
	clock func() time.Time
}

// New is the gateway that is committed to its channel under this name; clock is the peer's own.
func New(name string, clock func() time.Time) *Chaincode { return &Chaincode{name: name, clock: clock} }

// Init does nothing: a gateway's life begins with open.
func (g *Chaincode) Init(shim.ChaincodeStubInterface) *peer.Response { return shim.Success(nil) }

// Invoke runs one function. Its answer is JSON, but for facts; a refusal reads "code: detail".
func (g *Chaincode) Invoke(stub shim.ChaincodeStubInterface) *peer.Response {
	answer, err := g.run(stub)
	if err != nil {
		return shim.Error(err.Error())
	}
	if raw, ok := answer.([]byte); ok {
		return shim.Success(raw)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(text)
}

// A function of the gateway. What needs no open gateway says so.
type function struct {
	run      func(*call, [][]byte) (any, error)
	unopened bool
}

var functions = map[string]function{
	"open":    {run: (*call).open, unopened: true},
	"send":    {run: (*call).send},
	"number":  {run: (*call).number},
	"deliver": {run: (*call).deliver},
	"expire":  {run: (*call).expire},
	"settle":  {run: (*call).settle},
	"rotate":  {run: (*call).rotate},
	"act":     {run: (*call).act},
	"beat":    {run: (*call).beat},
	"facts":   {run: (*call).facts, unopened: true},
	"state":   {run: (*call).state, unopened: true},
	"packet":  {run: (*call).packet},
	"lane":    {run: (*call).lane},
	"pending": {run: (*call).pending},
}

func (g *Chaincode) run(stub shim.ChaincodeStubInterface) (any, error) {
	if err := invocation.Outermost(stub, g.name); err != nil {
		return nil, err
	}
	args := stub.GetArgs()
	if len(args) == 0 {
		return nil, refusal.New("unknown-function", "no function is named")
	}
	called, ok := functions[string(args[0])]
	if !ok {
		return nil, refusal.New("unknown-function", "%q", args[0])
	}
	c := &call{stub: stub, view: state.New(stub), self: g.name, clock: g.clock}
	if err := c.load(); err != nil {
		return nil, err
	}
	if c.head.id.IsZero() && !called.unopened {
		return nil, refusal.New("not-opened", "this gateway is not open yet")
	}
	return called.run(c, args[1:])
}

// call is one transaction of the gateway.
type call struct {
	stub  shim.ChaincodeStubInterface
	view  *state.View
	self  string
	clock func() time.Time
	// head is the gateway's record, zero before open.
	head head
}

// now is the transaction's time, refused unless it is near the peer's clock.
func (c *call) now() (uint64, error) { return invocation.Time(c.stub, c.clock) }

// running refuses unless packets may be sent and delivered.
func (c *call) running() error {
	if c.head.paused {
		return refusal.New("paused", "the owner paused this gateway")
	}
	if c.head.closed {
		return refusal.New("closed", "the owner closed this gateway")
	}
	return nil
}

// application takes the name of the application that a transaction is for.
func (c *call) application(name []byte) (string, error) {
	if !invocation.IsName(string(name)) || string(name) == c.self {
		return "", refusal.New("bad-app", "%q is no application's chaincode name", name)
	}
	return string(name), nil
}

// ask calls the application: the only place where another chaincode runs.
func (c *call) ask(app, function string, args ...[]byte) ([]byte, error) {
	answer := c.stub.InvokeChaincode(app, append([][]byte{[]byte(function)}, args...), "")
	if answer.GetStatus() != shim.OK {
		return nil, refusal.New("app-refused", "%s: %s", app, answer.GetMessage())
	}
	return answer.GetPayload(), nil
}
