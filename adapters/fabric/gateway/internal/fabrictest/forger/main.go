// SPDX-License-Identifier: Apache-2.0

// Command forger serves a chaincode for tests on real networks: whatever it is called for, it calls the chaincode that its
// second argument names, with the arguments behind it. So it can do everything that a malicious application could.
package main

import (
	"log"
	"os"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

type forger struct{}

func (forger) Init(shim.ChaincodeStubInterface) *peer.Response { return shim.Success(nil) }

func (forger) Invoke(stub shim.ChaincodeStubInterface) *peer.Response {
	args := stub.GetArgs()
	if len(args) < 3 {
		return shim.Error("expected FUNCTION CHAINCODE ARG…")
	}
	return stub.InvokeChaincode(string(args[1]), args[2:], "")
}

func main() {
	server := shim.ChaincodeServer{
		CCID: os.Getenv("CHAINCODE_ID"), Address: os.Getenv("CHAINCODE_SERVER_ADDRESS"), CC: forger{},
		TLSProps: shim.TLSProperties{Disabled: true},
	}
	log.Fatal(server.Start())
}
