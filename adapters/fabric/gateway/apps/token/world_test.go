// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/abi"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/app"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/apps/token"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/internal/fabrictest"
)

// island has a token application and three users.
type island struct {
	*fabrictest.Island
	t        *testing.T
	creators [][]byte
	accounts []string
}

const users = 3

func newIsland(t *testing.T, seed string) *island {
	t.Helper()
	i := &island{Island: fabrictest.NewIsland(seed), t: t}
	i.Deploy("token", &app.Chaincode{Name: "token", Gateway: fabrictest.GatewayName, Application: token.Token{}, Clock: i.Clock})
	for n := range users {
		i.creators = append(i.creators, fabrictest.Client("Org1MSP", "ca "+seed, "user "+strconv.Itoa(n), 1))
		i.accounts = append(i.accounts, i.must(n, "account"))
	}
	return i
}

// call of the token itself by a user.
func (i *island) call(user int, args ...string) (string, error) {
	e, err := i.Submit(fabrictest.Proposal{Chaincode: "token", Args: fabrictest.Args(args...), Creator: i.creators[user]})
	return string(e.Response.GetPayload()), err
}

func (i *island) must(user int, args ...string) string {
	i.t.Helper()
	answer, err := i.call(user, args...)
	if err != nil {
		i.t.Fatalf("%q: %v", args, err)
	}
	return answer
}

func (i *island) refused(code string, user int, args ...string) {
	i.t.Helper()
	if _, err := i.call(user, args...); codeOf(err) != code {
		i.t.Errorf("%q: %v, expected %s", args, err, code)
	}
}

func codeOf(err error) string {
	if err == nil {
		return "accepted"
	}
	code, _, _ := strings.Cut(err.Error(), ": ")
	return code
}

func hexOf(text string) string { return digest.Hash(fabrictest.Hex(text)).Hex() }

// send tokens of a user to an application behind another gateway.
func (i *island) send(user int, destination digest.Hash, remote, asset, amount, to string) (*fabrictest.Endorsed, error) {
	p := fabrictest.Propose("send", "token", destination.String(), remote, asset, amount, to,
		strconv.FormatUint(i.Seconds()+3600, 10), "0")
	p.Creator = i.creators[user]
	return i.Submit(p)
}

// tokenApp is the token's name as other islands write it.
const tokenApp = "0x746f6b656e"

// sendTo sends to a user of the token on another island, and numbers.
func (i *island) sendTo(other *island, user int, asset, amount string, to int) fabrictest.Delivery {
	i.t.Helper()
	if _, err := i.send(user, other.ID, tokenApp, asset, amount, other.accounts[to]); err != nil {
		i.t.Fatal(err)
	}
	return i.Number()[0]
}

func (i *island) deliver(items ...fabrictest.Delivery) error {
	_, err := i.Invoke("deliver", "token", i.Deliveries(digest.Deliver, items...))
	return err
}

func (i *island) settle(outcomes ...fabrictest.Settlement) error {
	_, err := i.Invoke("settle", "token", i.Settlements(outcomes...))
	return err
}

func delivered(d fabrictest.Delivery) fabrictest.Settlement {
	return fabrictest.Settlement{ID: d.Packet.ID(), Kind: digest.Result, Success: true}
}

func expired(d fabrictest.Delivery) fabrictest.Settlement {
	return fabrictest.Settlement{ID: d.Packet.ID(), Kind: digest.Expired}
}

// forged is a packet that a remote island's own consortium makes up: its attestors see it as any other.
func (i *island) forged(source digest.Hash, sender string, sequence uint64, kind uint8, path []byte, to string, amount int64) fabrictest.Delivery {
	d := fabrictest.Delivery{
		Terms: digest.Terms{Name: digest.Keccak([]byte(token.Lane))},
		Packet: digest.Packet{
			Source: source, Destination: i.ID, Sequence: sequence, Sender: fabrictest.Hex(sender), Receiver: []byte("token"),
			Timeout: i.Seconds() + 3600,
			Payload: abi.Encode(abi.Uint8(kind), abi.Bytes(path), abi.Bytes(fabrictest.Hex(to)), abi.Uint(big.NewInt(amount))),
		},
	}
	p := &d.Packet
	p.Lane = digest.Lane(p.Source, p.Destination, d.Terms, p.Sender, p.Receiver)
	return d
}

// voucher is what an asset from an application behind a gateway is called.
func voucher(gateway digest.Hash, app string, path string) string {
	name := fabrictest.Hex(app)
	return digest.Keccak(gateway[:], []byte{byte(len(name))}, name, []byte(path)).Hex()
}

func (i *island) balance(asset string, user int) string {
	i.t.Helper()
	return i.must(0, "balance", asset, i.accounts[user])
}

// held is all of an asset that the island's state shows under a prefix.
func (i *island) held(prefix, asset string) *big.Int {
	sum := new(big.Int)
	for _, key := range i.Keys("token") {
		parts := strings.Split(key, "/")
		named := len(parts) == 3 && (parts[0] == "balance" && parts[1] == asset || parts[0] == "escrow" && parts[2] == asset)
		if parts[0] == prefix && named {
			amount, ok := new(big.Int).SetString(string(i.Get("token", key)), 10)
			if !ok || amount.Sign() <= 0 {
				i.t.Fatalf("%s holds %q", key, i.Get("token", key))
			}
			sum.Add(sum, amount)
		}
	}
	return sum
}
