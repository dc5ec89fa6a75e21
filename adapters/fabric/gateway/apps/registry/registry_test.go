// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/abi"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/app"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/apps/registry"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/internal/fabrictest"
)

var (
	registrar = fabrictest.Client("Org1MSP", "ca.org1", "notary", 1)
	stranger  = fabrictest.Client("Org2MSP", "ca.org2", "stranger", 1)
	contract  = digest.Keccak([]byte("the contract")).String()
	forgery   = digest.Keccak([]byte("another contract")).String()
)

const receiver = "0x7265676973747279"

func newRegistry(seed string) *fabrictest.Island {
	i := fabrictest.NewIsland(seed)
	i.Deploy("registry", &app.Chaincode{
		Name: "registry", Gateway: fabrictest.GatewayName, Application: registry.Registry{}, Clock: i.Clock,
	})
	return i
}

func call(i *fabrictest.Island, creator []byte, args ...string) (string, error) {
	e, err := i.Submit(fabrictest.Proposal{Chaincode: "registry", Args: fabrictest.Args(args...), Creator: creator})
	return string(e.Response.GetPayload()), err
}

func announce(i *fabrictest.Island, to digest.Hash, name string) (*fabrictest.Endorsed, error) {
	return i.Invoke("send", "registry", to.String(), receiver, strconv.FormatUint(i.Seconds()+3600, 10), "0", name)
}

func expect(t *testing.T, err error, code string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), code) {
		t.Errorf("%v, expected %s", err, code)
	}
}

func TestADocumentIsRegisteredOnceAndAnnouncedElsewhere(t *testing.T) {
	here, there := newRegistry("here"), newRegistry("there")
	if _, err := call(here, registrar, "register", "contract-7.pdf", contract); err != nil {
		t.Fatal(err)
	}
	if _, err := call(here, registrar, "register", "contract-7.pdf", contract); err != nil {
		t.Errorf("the same again: %v", err)
	}
	_, err := call(here, registrar, "register", "contract-7.pdf", forgery)
	expect(t, err, "already-registered")
	_, err = call(here, stranger, "register", "contract-7.pdf", contract)
	expect(t, err, "already-registered")

	sent, err := announce(here, there.ID, "contract-7.pdf")
	if err != nil {
		t.Fatal(err)
	}
	d := here.Number()[0]
	if _, err := there.Invoke("deliver", "registry", there.Deliveries(digest.Deliver, d)); err != nil {
		t.Fatal(err)
	}
	local, err := call(here, registrar, "document", "contract-7.pdf")
	if err != nil {
		t.Fatal(err)
	}
	if remote, err := call(there, registrar, "remote", here.ID.String(), receiver, "contract-7.pdf"); err != nil || remote != local {
		t.Errorf("%s (%v), expected %s", remote, err, local)
	}
	result, _ := there.Result(d.Packet.ID())
	if digest.Hash(result).String() != contract {
		t.Errorf("the result is %x, expected the digest", result)
	}
	outcome := fabrictest.Settlement{ID: d.Packet.ID(), Kind: digest.Result, Success: true, Result: result}
	if _, err := here.Invoke("settle", "registry", here.Settlements(outcome)); err != nil {
		t.Fatal(err)
	}
	var told registry.Announcement
	text, _ := call(here, registrar, "announced", sent.ID+"/0")
	if err := json.Unmarshal([]byte(text), &told); err != nil || !told.Delivered || told.Packet != d.Packet.ID().String() {
		t.Errorf("%s, %v", text, err)
	}
}

func TestNobodySpeaksForDocumentsFromElsewhere(t *testing.T) {
	here, there := newRegistry("here"), newRegistry("there")
	if _, err := call(there, registrar, "register", "contract-7.pdf", contract); err != nil {
		t.Fatal(err)
	}
	liar := announcement(there, digest.Keccak([]byte("lying island")), 1, []byte("contract-7.pdf"), fabrictest.Hex(forgery))
	if _, err := there.Invoke("deliver", "registry", there.Deliveries(digest.Deliver, liar)); err != nil {
		t.Fatal(err)
	}
	if local, _ := call(there, registrar, "document", "contract-7.pdf"); !strings.Contains(local, contract) {
		t.Errorf("the local document is %s", local)
	}
	if remote, _ := call(there, registrar, "remote", here.ID.String(), receiver, "contract-7.pdf"); remote != "" {
		t.Errorf("another island's document is %s", remote)
	}
}

// announcement as any island can make one.
func announcement(to *fabrictest.Island, source digest.Hash, sequence uint64, name, hash []byte) fabrictest.Delivery {
	d := fabrictest.Delivery{
		Terms: digest.Terms{Name: digest.Keccak([]byte(registry.Lane))},
		Packet: digest.Packet{
			Source: source, Destination: to.ID, Sequence: sequence, Sender: fabrictest.Hex(receiver), Receiver: []byte("registry"),
			Timeout: to.Seconds() + 60, Payload: abi.Encode(abi.Bytes(name), abi.Word(digest.Hash(hash)), abi.Bytes([]byte("someone"))),
		},
	}
	p := &d.Packet
	p.Lane = digest.Lane(p.Source, p.Destination, d.Terms, p.Sender, p.Receiver)
	return d
}

func TestTwoAnnouncementsOfOneNameInOneTransactionMustAgree(t *testing.T) {
	there := newRegistry("there")
	source, name := digest.Keccak([]byte("elsewhere")), []byte("contract-7.pdf")
	deliver := func(items ...fabrictest.Delivery) error {
		_, err := there.Invoke("deliver", "registry", there.Deliveries(digest.Deliver, items...))
		return err
	}
	first := announcement(there, source, 1, name, fabrictest.Hex(contract))
	expect(t, deliver(first, announcement(there, source, 2, name, fabrictest.Hex(forgery))), "already-registered")
	if err := deliver(first, announcement(there, source, 3, name, fabrictest.Hex(contract))); err != nil {
		t.Error(err)
	}
	expect(t, deliver(announcement(there, source, 4, []byte("a/b"), fabrictest.Hex(contract))), "bad-payload")
	cut := announcement(there, source, 5, name, fabrictest.Hex(contract))
	cut.Packet.Payload = cut.Packet.Payload[1:]
	expect(t, deliver(cut), "bad-payload")
}

func TestOnlyWhatIsRegisteredIsAnnounced(t *testing.T) {
	here, there := newRegistry("here"), newRegistry("there")
	_, err := announce(here, there.ID, "contract-7.pdf")
	expect(t, err, "unknown-document")
	_, err = here.Invoke("send", "registry", there.ID.String())
	expect(t, err, "bad-arguments")
	for _, name := range []string{"", "a/b", strings.Repeat("a", 129)} {
		_, err := call(here, registrar, "register", name, contract)
		expect(t, err, "bad-name")
	}
	_, err = call(here, registrar, "register", "contract-7.pdf", "0x")
	expect(t, err, "bad-arguments")
	_, err = call(here, registrar, "document")
	expect(t, err, "bad-arguments")
	_, err = call(here, registrar, "burn")
	expect(t, err, "unknown-function")
}
