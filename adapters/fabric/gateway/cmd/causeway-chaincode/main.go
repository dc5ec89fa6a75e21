// SPDX-License-Identifier: Apache-2.0

// Command causeway-chaincode serves the gateway, or one of the applications, as a chaincode that peers connect to.
//
//	causeway-chaincode gateway | board | registry | token
//
//	CHAINCODE_ID               package id, as the peer's lifecycle calculates it (label:hash)
//	CHAINCODE_SERVER_ADDRESS   where to listen, host:port
//	CHAINCODE_NAME             name it is committed under; the package's label if not set
//	CAUSEWAY_GATEWAY           applications: name of the gateway's chaincode; "gateway" if not set
//	CHAINCODE_TLS_KEY, CHAINCODE_TLS_CERT, CHAINCODE_TLS_CLIENT_CA
//	                           PEM files; TLS is off without them, for loopback and private networks only
package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/app"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/apps/board"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/apps/registry"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/apps/token"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/gateway"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/invocation"
)

func main() {
	if err := run(os.Args[1:], os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "causeway-chaincode:", err)
		os.Exit(1)
	}
}

func run(args []string, getenv func(string) string) error {
	server, err := configure(args, getenv)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "causeway-chaincode: serving the %s as %s on %s\n", args[0], server.CCID, server.Address)
	return server.Start()
}

// configure makes the server that arguments and environment describe.
func configure(args []string, getenv func(string) string) (*shim.ChaincodeServer, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("%d arguments, expected one of gateway, board, registry, token", len(args))
	}
	id, address := getenv("CHAINCODE_ID"), getenv("CHAINCODE_SERVER_ADDRESS")
	if id == "" || address == "" {
		return nil, fmt.Errorf("CHAINCODE_ID is %q and CHAINCODE_SERVER_ADDRESS %q: both are needed", id, address)
	}
	label, _, _ := strings.Cut(id, ":")
	name := either(getenv("CHAINCODE_NAME"), label)
	if !invocation.IsName(name) {
		return nil, fmt.Errorf("%q is no chaincode's name: set CHAINCODE_NAME to the one it is committed under", name)
	}
	chaincode, err := serve(args[0], name, either(getenv("CAUSEWAY_GATEWAY"), "gateway"))
	if err != nil {
		return nil, err
	}
	tls, err := tlsProperties(getenv)
	if err != nil {
		return nil, err
	}
	return &shim.ChaincodeServer{CCID: id, Address: address, CC: chaincode, TLSProps: tls}, nil
}

func serve(role, name, gatewayName string) (shim.Chaincode, error) {
	var application app.Application
	switch role {
	case "gateway":
		return gateway.New(name, time.Now), nil
	case "board":
		application = board.Board{}
	case "registry":
		application = registry.Registry{}
	case "token":
		application = token.Token{}
	default:
		return nil, fmt.Errorf("%q, expected gateway, board, registry or token", role)
	}
	return &app.Chaincode{Name: name, Gateway: gatewayName, Application: application, Clock: time.Now}, nil
}

// tlsProperties reads the PEM files, all or none; the client CA makes peers show a certificate.
func tlsProperties(getenv func(string) string) (shim.TLSProperties, error) {
	key, cert, clientCA := getenv("CHAINCODE_TLS_KEY"), getenv("CHAINCODE_TLS_CERT"), getenv("CHAINCODE_TLS_CLIENT_CA")
	if key == "" && cert == "" && clientCA == "" {
		return shim.TLSProperties{Disabled: true}, nil
	}
	var tls shim.TLSProperties
	for _, file := range []struct {
		path string
		into *[]byte
	}{{key, &tls.Key}, {cert, &tls.Cert}, {clientCA, &tls.ClientCACerts}} {
		if file.path == "" && file.into == &tls.ClientCACerts {
			continue
		}
		content, err := os.ReadFile(file.path)
		if err != nil {
			return tls, fmt.Errorf("CHAINCODE_TLS_KEY and CHAINCODE_TLS_CERT go together: %w", err)
		}
		*file.into = content
	}
	return tls, nil
}

func either(value, otherwise string) string {
	if value != "" {
		return value
	}
	return otherwise
}
