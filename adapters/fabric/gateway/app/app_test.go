// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/app"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/callback"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/internal/fabrictest"
)

// echo answers everything and tells what was called.
type echo struct{ called []string }

func (e *echo) OnSend(_ *app.Context, args []string) ([]callback.Message, error) {
	e.called = append(e.called, "onSend "+strings.Join(args, " "))
	return nil, nil
}

func (e *echo) OnPackets(_ *app.Context, arrivals []callback.Arrival) ([][]byte, []callback.Message, error) {
	e.called = append(e.called, "onPackets")
	return make([][]byte, len(arrivals)), nil, nil
}

func (e *echo) OnOutcomes(_ *app.Context, outcomes []callback.Outcome) ([]callback.Message, error) {
	e.called = append(e.called, "onOutcomes")
	return nil, nil
}

func (e *echo) Call(c *app.Context, function string, _ []string) ([]byte, error) {
	e.called = append(e.called, function)
	switch function {
	case "account":
		account, err := c.Client()
		return []byte(account.String()), err
	case "now":
		_, err := c.Now()
		return nil, err
	}
	return nil, nil
}

// channel has the echo, a gateway that calls it as a test says, and a proxy that passes on what it is asked.
func channel(callee func(args [][]byte) [][]byte) (*fabrictest.Channel, *echo) {
	c, e := fabrictest.New(), &echo{}
	c.Deploy("echo", &app.Chaincode{Name: "echo", Gateway: "gateway", Application: e, Clock: c.Clock})
	c.Deploy("gateway", fabrictest.Puppet(func(stub shim.ChaincodeStubInterface) *peer.Response {
		return stub.InvokeChaincode("echo", callee(stub.GetArgs()), "")
	}))
	c.Deploy("proxy", fabrictest.Puppet(func(stub shim.ChaincodeStubInterface) *peer.Response {
		return stub.InvokeChaincode("echo", stub.GetArgs(), "")
	}))
	return c, e
}

func code(err error) string {
	if err == nil {
		return "accepted"
	}
	text, _, _ := strings.Cut(err.Error(), ": ")
	return text
}

func TestACallbackIsTakenFromTheGatewayWithinItsOwnFunctionForThisApplicationAlone(t *testing.T) {
	arguments := map[string][]byte{
		callback.OnSend: []byte("post"), callback.OnPackets: callback.EncodeArrivals(nil), callback.OnOutcomes: callback.EncodeOutcomes(nil),
	}
	for _, c := range []struct{ function, app, callback, want string }{
		{"send", "echo", callback.OnSend, "accepted"},
		{"deliver", "echo", callback.OnPackets, "accepted"},
		{"settle", "echo", callback.OnOutcomes, "accepted"},
		{"send", "echo", callback.OnPackets, "not-gateway"},
		{"send", "echo", callback.OnOutcomes, "not-gateway"},
		{"deliver", "echo", callback.OnSend, "not-gateway"},
		{"deliver", "echo", callback.OnOutcomes, "not-gateway"},
		{"settle", "echo", callback.OnPackets, "not-gateway"},
		{"expire", "echo", callback.OnPackets, "not-gateway"},
		{"deliver", "other", callback.OnPackets, "not-gateway"},
		{"deliver", "", callback.OnPackets, "not-gateway"},
	} {
		channel, echo := channel(func([][]byte) [][]byte { return [][]byte{[]byte(c.callback), arguments[c.callback]} })
		_, err := channel.Submit(fabrictest.Proposal{Chaincode: "gateway", Args: fabrictest.Args(c.function, c.app)})
		if code(err) != c.want || (len(echo.called) == 1) != (c.want == "accepted") {
			t.Errorf("%s within %s for %q: %v, called %q", c.callback, c.function, c.app, err, echo.called)
		}
	}
	channel, _ := channel(func([][]byte) [][]byte { return [][]byte{[]byte(callback.OnPackets), arguments[callback.OnPackets]} })
	if _, err := channel.Submit(fabrictest.Proposal{Chaincode: "gateway", Args: fabrictest.Args("deliver")}); code(err) != "not-gateway" {
		t.Errorf("for no application: %v", err)
	}
}

func TestAnotherChaincodeThatCallsBackInTheGatewaysWordsIsRefused(t *testing.T) {
	channel, echo := channel(nil)
	channel.Deploy("impostor", fabrictest.Puppet(func(stub shim.ChaincodeStubInterface) *peer.Response {
		return stub.InvokeChaincode("echo", [][]byte{[]byte(callback.OnPackets), callback.EncodeArrivals(nil)}, "")
	}))
	_, err := channel.Submit(fabrictest.Proposal{Chaincode: "impostor", Args: fabrictest.Args("deliver", "echo")})
	if code(err) != "not-gateway" || len(echo.called) != 0 {
		t.Errorf("%v, called %q", err, echo.called)
	}
}

func TestACallbackTakesOneArgumentInItsForm(t *testing.T) {
	for name, args := range map[string][][]byte{
		"none":           {},
		"two":            {callback.EncodeArrivals(nil), nil},
		"no list":        {[]byte("packets")},
		"a short packet": {callback.EncodeOutcomes([]callback.Outcome{{Kind: digest.Result}})},
	} {
		channel, echo := channel(func([][]byte) [][]byte { return append([][]byte{[]byte(callback.OnPackets)}, args...) })
		_, err := channel.Submit(fabrictest.Proposal{Chaincode: "gateway", Args: fabrictest.Args("deliver", "echo")})
		if err == nil || len(echo.called) != 0 {
			t.Errorf("%s: called %q", name, echo.called)
		}
	}
	channel, echo := channel(func([][]byte) [][]byte {
		return [][]byte{[]byte(callback.OnOutcomes), callback.EncodeOutcomes([]callback.Outcome{{Kind: digest.Deliver}})}
	})
	_, err := channel.Submit(fabrictest.Proposal{Chaincode: "gateway", Args: fabrictest.Args("settle", "echo")})
	if code(err) != "bad-kind" || len(echo.called) != 0 {
		t.Errorf("an outcome of kind DELIVER: %v", err)
	}
}

func TestAClientsCallIsTakenFromTheClientAlone(t *testing.T) {
	channel, echo := channel(func([][]byte) [][]byte { return fabrictest.Args("transfer") })
	for _, outermost := range []string{"proxy", "gateway"} {
		if _, err := channel.Submit(fabrictest.Proposal{Chaincode: outermost, Args: fabrictest.Args("transfer")}); code(err) != "not-outermost" {
			t.Errorf("inside %s: %v", outermost, err)
		}
	}
	if _, err := channel.Submit(fabrictest.Proposal{Chaincode: "echo", Args: fabrictest.Args("transfer")}); err != nil || len(echo.called) != 1 {
		t.Errorf("%v, called %q", err, echo.called)
	}
}

func TestAnAccountIsAnOrganisationsNameAndNotACertificate(t *testing.T) {
	channel, _ := channel(nil)
	account := func(creator []byte) string {
		e := channel.Endorse(fabrictest.Proposal{Chaincode: "echo", Args: fabrictest.Args("account"), Creator: creator})
		if err := e.Err(); err != nil {
			return code(err)
		}
		return string(e.Response.GetPayload())
	}
	alice := account(fabrictest.Client("Org1MSP", "ca.org1", "alice", 7))
	if len(alice) != 66 {
		t.Fatalf("alice is %q", alice)
	}
	if renewed := account(fabrictest.Client("Org1MSP", "ca.org1", "alice", 8)); renewed != alice {
		t.Error("a renewed certificate is another account")
	}
	for name, other := range map[string][]byte{
		"another name":         fabrictest.Client("Org1MSP", "ca.org1", "bob", 7),
		"another authority":    fabrictest.Client("Org1MSP", "ca.org2", "alice", 7),
		"another organisation": fabrictest.Client("Org2MSP", "ca.org1", "alice", 7),
	} {
		if account(other) == alice {
			t.Errorf("%s is the same account", name)
		}
	}
	for name, creator := range map[string][]byte{"nothing": nil, "no certificate": []byte("\x0a\x03Org\x12\x03key"), "no identity": []byte("x")} {
		if got := account(creator); got != "bad-identity" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestTheTransactionsTimeIsCheckedForApplicationsToo(t *testing.T) {
	channel, _ := channel(nil)
	for skew, want := range map[time.Duration]string{0: "accepted", -24 * time.Hour: "clock", 24 * time.Hour: "clock"} {
		e := channel.Endorse(fabrictest.Proposal{Chaincode: "echo", Args: fabrictest.Args("now"), Skew: skew})
		if code(e.Err()) != want {
			t.Errorf("%v off: %v", skew, e.Err())
		}
	}
}

func TestArgumentsHaveOneForm(t *testing.T) {
	word := "0x" + strings.Repeat("ab", 32)
	read := func(args ...string) error {
		a := app.Read("HASH BYTES NUMBER TRUTH", args)
		a.Hash()
		a.Bytes()
		a.Uint()
		a.Bool()
		return a.Fault
	}
	if err := read(word, "0x", "18446744073709551615", "false"); err != nil {
		t.Error(err)
	}
	for _, args := range [][]string{
		{word, "0x", "1"}, {word, "0x", "1", "true", ""}, {"0x", "0x", "1", "true"}, {word[:64], "0x", "1", "true"}, {word[2:], "0x", "1", "true"},
		{word, "", "1", "true"}, {word, "0xA0", "1", "true"}, {word, "0x0", "1", "true"}, {word, "0x", "", "true"}, {word, "0x", "01", "true"},
		{word, "0x", "+1", "true"}, {word, "0x", "18446744073709551616", "true"}, {word, "0x", "1", "True"}, {word, "0x", "1", "1"},
	} {
		if code(read(args...)) != "bad-arguments" {
			t.Errorf("%q: %v", args, read(args...))
		}
	}
}
