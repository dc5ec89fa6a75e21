// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"fmt"
	"testing"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/internal/fabrictest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/state"
)

func TestATransactionSeesItsOwnWritesThroughAViewAndNotThroughTheStub(t *testing.T) {
	c := fabrictest.New()
	c.Deploy("cc", fabrictest.Puppet(func(stub shim.ChaincodeStubInterface) *peer.Response {
		view := state.New(stub)
		for _, write := range []error{view.Put("new", []byte("1")), view.Put("new", []byte("2")), view.Delete("old")} {
			if write != nil {
				return shim.Error(write.Error())
			}
		}
		raw, _ := stub.GetState("new")
		written, _ := view.Get("new")
		old, _ := view.Has("old")
		never, _ := view.Has("never")
		return shim.Success(fmt.Appendf(nil, "%q %q %v %v", raw, written, old, never))
	}))
	e, err := c.Submit(fabrictest.Proposal{Chaincode: "cc"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(e.Response.GetPayload()), `"" "2" false false`; got != want {
		t.Errorf("%s, expected %s", got, want)
	}
	if string(c.Get("cc", "new")) != "2" {
		t.Error("the last write did not win")
	}
}

func TestAnEmptyValueIsRefusedSinceFabricTakesItForNone(t *testing.T) {
	c := fabrictest.New()
	c.Deploy("cc", fabrictest.Puppet(func(stub shim.ChaincodeStubInterface) *peer.Response {
		if err := state.New(stub).Put("key", nil); err != nil {
			return shim.Error(err.Error())
		}
		return shim.Success(nil)
	}))
	if _, err := c.Submit(fabrictest.Proposal{Chaincode: "cc"}); err == nil {
		t.Error("it was written")
	}
}
