// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/app"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/gateway"
)

func environment(changes map[string]string) func(string) string {
	values := map[string]string{"CHAINCODE_ID": "gateway:00ff", "CHAINCODE_SERVER_ADDRESS": "127.0.0.1:0"}
	for key, value := range changes {
		values[key] = value
	}
	return func(key string) string { return values[key] }
}

func TestEachRoleIsServed(t *testing.T) {
	server, err := configure([]string{"gateway"}, environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := server.CC.(*gateway.Chaincode); !ok || server.CCID != "gateway:00ff" || !server.TLSProps.Disabled {
		t.Errorf("%+v", server)
	}
	for _, role := range []string{"board", "registry", "token"} {
		server, err := configure([]string{role}, environment(map[string]string{"CHAINCODE_NAME": "app", "CAUSEWAY_GATEWAY": "bridge"}))
		if err != nil {
			t.Fatal(err)
		}
		if served, ok := server.CC.(*app.Chaincode); !ok || served.Name != "app" || served.Gateway != "bridge" {
			t.Errorf("%s: %+v", role, server.CC)
		}
	}
}

func TestAWrongConfigurationIsRefusedBeforeItServes(t *testing.T) {
	for name, c := range map[string]struct {
		args    []string
		changes map[string]string
	}{
		"no role":                 {nil, nil},
		"an unknown role":         {[]string{"mint"}, nil},
		"two roles":               {[]string{"gateway", "token"}, nil},
		"no id":                   {[]string{"gateway"}, map[string]string{"CHAINCODE_ID": ""}},
		"no address":              {[]string{"gateway"}, map[string]string{"CHAINCODE_SERVER_ADDRESS": ""}},
		"a label that is no name": {[]string{"gateway"}, map[string]string{"CHAINCODE_ID": "gateway_1.0:00ff"}},
		"a name with a version":   {[]string{"gateway"}, map[string]string{"CHAINCODE_NAME": "gateway:1"}},
		"a key that is missing":   {[]string{"gateway"}, map[string]string{"CHAINCODE_TLS_KEY": "/nowhere"}},
	} {
		if server, err := configure(c.args, environment(c.changes)); err == nil {
			t.Errorf("%s: %+v", name, server)
		}
	}
}

func TestTLSTakesItsFiles(t *testing.T) {
	folder := t.TempDir()
	changes := make(map[string]string)
	for _, key := range []string{"CHAINCODE_TLS_KEY", "CHAINCODE_TLS_CERT", "CHAINCODE_TLS_CLIENT_CA"} {
		changes[key] = filepath.Join(folder, key)
		if err := os.WriteFile(changes[key], []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server, err := configure([]string{"gateway"}, environment(changes))
	if err != nil {
		t.Fatal(err)
	}
	tls := server.TLSProps
	if tls.Disabled || string(tls.Key) != "CHAINCODE_TLS_KEY" || string(tls.Cert) != "CHAINCODE_TLS_CERT" || string(tls.ClientCACerts) != "CHAINCODE_TLS_CLIENT_CA" {
		t.Errorf("%+v", tls)
	}
	changes["CHAINCODE_TLS_CLIENT_CA"] = ""
	if server, err := configure([]string{"gateway"}, environment(changes)); err != nil || server.TLSProps.ClientCACerts != nil {
		t.Errorf("without a client CA: %v", err)
	}
	changes["CHAINCODE_TLS_CERT"] = ""
	if _, err := configure([]string{"gateway"}, environment(changes)); err == nil {
		t.Error("a key without a certificate")
	}
}
