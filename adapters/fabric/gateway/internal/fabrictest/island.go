// SPDX-License-Identifier: Apache-2.0

package fabrictest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/gateway"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/rlp"
)

// GatewayName is what an island's gateway is committed under.
const GatewayName = "gateway"

// Island is a channel with an open gateway, and the keys that sign for it.
type Island struct {
	*Channel
	// ID of the gateway.
	ID    digest.Hash
	Owner *Key
	// Attestors of this epoch, all of them; the threshold is 2 of 3.
	Attestors []*Key
	Epoch     uint64
}

// NewIsland opens a gateway on a new channel; seed makes its ids differ from other islands'.
func NewIsland(seed string) *Island {
	i := &Island{Channel: New(), Owner: KeyOf("owner of " + seed), Attestors: Keys(3), Epoch: 1}
	i.Deploy(GatewayName, gateway.New(GatewayName, i.Clock))
	i.WriteOnce = func(chaincode, key string) bool { return chaincode == GatewayName && isEvent(key) }
	args := []any{"open", digest.Keccak([]byte(seed)).String(), digest.Keccak([]byte("hub")).String(), i.Owner.Address.String(), "2"}
	for _, key := range i.Attestors {
		args = append(args, key.Address.String())
	}
	e, err := i.Invoke(args...)
	if err != nil {
		panic(err)
	}
	var state gateway.State
	if err := json.Unmarshal(e.Response.GetPayload(), &state); err != nil {
		panic(err)
	}
	i.ID = digest.Hash(Hex(state.Gateway))
	return i
}

// isEvent tells whether a key of the gateway's is an event's.
func isEvent(key string) bool {
	kind, _, _ := strings.Cut(key, "/")
	return slices.Contains([]string{"opened", "seq", "in", "end", "epoch", "act", "beat"}, kind)
}

// Propose a call of the gateway: each argument is a string or bytes.
func Propose(args ...any) Proposal {
	p := Proposal{Chaincode: GatewayName}
	for _, arg := range args {
		switch arg := arg.(type) {
		case string:
			p.Args = append(p.Args, []byte(arg))
		case []byte:
			p.Args = append(p.Args, arg)
		default:
			panic(fmt.Sprintf("an argument of type %T", arg))
		}
	}
	return p
}

// Invoke the gateway, and commit.
func (i *Island) Invoke(args ...any) (*Endorsed, error) { return i.Submit(Propose(args...)) }

// Delivery is a packet with its lane's terms.
type Delivery struct {
	Packet digest.Packet
	Terms  digest.Terms
}

// Encode an item of deliver or expire, up to its proof.
func (d *Delivery) Encode() [][]byte {
	p := &d.Packet
	return [][]byte{
		rlp.List(
			rlp.Bytes(p.Source[:]), rlp.Bytes(p.Destination[:]), rlp.Bytes(p.Lane[:]), rlp.Uint(p.Sequence), rlp.Bytes(p.Sender),
			rlp.Bytes(p.Receiver), rlp.Uint(p.Timeout), rlp.Uint(p.Budget), rlp.Bytes(p.Payload),
		),
		rlp.List(rlp.Bytes(d.Terms.Name[:]), rlp.Bool(d.Terms.Ordered)),
	}
}

// Settlement is an outcome to bring home.
type Settlement struct {
	ID      digest.Hash
	Kind    digest.Kind
	Success bool
	Result  []byte
}

// Attestation of the outcome.
func (s *Settlement) Attestation() digest.Hash {
	var result digest.Hash
	if s.Kind == digest.Result {
		result = digest.Keccak(s.Result)
	}
	return digest.Attestation(s.Kind, s.ID, s.Success, result)
}

// Encode an item of settle, up to its proof.
func (s *Settlement) Encode() [][]byte {
	return [][]byte{rlp.Bytes(s.ID[:]), rlp.Uint(uint64(s.Kind)), rlp.Bool(s.Success), rlp.Bytes(s.Result)}
}

// Deliveries are statements about packets, in one batch that all attestors sign.
func (i *Island) Deliveries(kind digest.Kind, items ...Delivery) []byte {
	return rlp.Versioned(i.DeliveryBatch(kind, items...))
}

// DeliveryBatch is one such batch.
func (i *Island) DeliveryBatch(kind digest.Kind, items ...Delivery) []byte {
	attestations, encoded := make([]digest.Hash, len(items)), make([][][]byte, len(items))
	for n := range items {
		attestations[n] = digest.Attestation(kind, items[n].Packet.ID(), false, digest.Hash{})
		encoded[n] = items[n].Encode()
	}
	return i.batch(attestations, encoded)
}

// Settlements are statements about outcomes, in one batch that all attestors sign.
func (i *Island) Settlements(items ...Settlement) []byte {
	attestations, encoded := make([]digest.Hash, len(items)), make([][][]byte, len(items))
	for n := range items {
		attestations[n], encoded[n] = items[n].Attestation(), items[n].Encode()
	}
	return rlp.Versioned(i.batch(attestations, encoded))
}

func (i *Island) batch(attestations []digest.Hash, encoded [][][]byte) []byte {
	root, paths := Root(attestations)
	items := make([][]byte, len(encoded))
	for n, fields := range encoded {
		items[n] = Item(fields, uint64(n), paths[n])
	}
	count := uint64(len(items))
	return Batch(i.Epoch, count, SignAll(i.Attestors, digest.Batch(i.ID, i.Epoch, count, root)), items...)
}

// Item is a statement with its place in a batch.
func Item(fields [][]byte, index uint64, path []digest.Hash) []byte {
	siblings := rlp.Map(path, func(sibling digest.Hash) []byte { return rlp.Bytes(sibling[:]) })
	return rlp.List(append(slices.Clone(fields), rlp.Uint(index), siblings)...)
}

// Batch of items that are encoded already.
func Batch(epoch, count uint64, signatures [][]byte, items ...[]byte) []byte {
	return rlp.List(rlp.Uint(epoch), rlp.Uint(count), rlp.Map(signatures, rlp.Bytes), rlp.List(items...))
}

// Number gives all waiting packets their sequences, lane by lane, and answers with them.
func (i *Island) Number() []Delivery {
	e := i.Endorse(Propose("pending"))
	var answer struct{ Pending []gateway.Sent }
	if err := json.Unmarshal(e.Response.GetPayload(), &answer); err != nil {
		panic(err)
	}
	var lanes []string
	keys := make(map[string][]any)
	for _, sent := range answer.Pending {
		if keys[sent.Lane] == nil {
			lanes = append(lanes, sent.Lane)
		}
		keys[sent.Lane] = append(keys[sent.Lane], sent.Key)
	}
	var sent []Delivery
	for _, lane := range lanes {
		numbered, err := i.Invoke(append([]any{"number", lane}, keys[lane]...)...)
		if err != nil {
			panic(err)
		}
		sent = append(sent, i.Sent(numbered)...)
	}
	return sent
}

// Sent are the packets whose PacketSent a transaction writes, in order of their sequences.
func (i *Island) Sent(e *Endorsed) (sent []Delivery) {
	for _, key := range e.Writes(GatewayName) {
		if strings.HasPrefix(key, "seq/") {
			sent = append(sent, i.sent(e.Value(GatewayName, key)))
		}
	}
	slices.SortFunc(sent, func(a, b Delivery) int { return int(a.Packet.Sequence) - int(b.Packet.Sequence) })
	return sent
}

func (i *Island) sent(value []byte) Delivery {
	r := rlp.Open(value)
	source, name, id := r.Word(), string(r.Bytes()), r.Word()
	d := Delivery{Packet: digest.Packet{Source: source}}
	p := &d.Packet
	p.Destination, p.Lane, p.Sequence, p.Sender, p.Receiver = r.Word(), r.Word(), r.Uint(), r.Bytes(), r.Bytes()
	p.Timeout, p.Budget, p.Payload = r.Uint(), r.Uint(), r.Bytes()
	d.Terms.Name, d.Terms.Ordered = r.Word(), r.Bool()
	if err := r.Close(); err != nil || name != "PacketSent" || p.ID() != id || source != i.ID {
		panic(fmt.Sprintf("%s of packet %x: %v", name, id, err))
	}
	return d
}

// Result of a packet that was delivered here.
func (i *Island) Result(packet digest.Hash) (result []byte, delivered bool) {
	value := i.Get(GatewayName, "in/"+packet.Hex())
	if len(value) == 0 {
		return nil, false
	}
	r := rlp.Open(value)
	r.Word()
	if string(r.Bytes()) != "PacketDelivered" {
		return nil, false
	}
	r.Word()
	delivered, result = r.Bool(), r.Bytes()
	return result, delivered
}

// Puppet is a chaincode that does what a test says.
type Puppet func(stub shim.ChaincodeStubInterface) *peer.Response

// Init does nothing.
func (p Puppet) Init(shim.ChaincodeStubInterface) *peer.Response { return shim.Success(nil) }

// Invoke does what the test says.
func (p Puppet) Invoke(stub shim.ChaincodeStubInterface) *peer.Response { return p(stub) }

// Hex reads 0x and hex.
func Hex(text string) []byte {
	digits := strings.TrimPrefix(text, "0x")
	content := make([]byte, len(digits)/2)
	for n := range content {
		value, err := strconv.ParseUint(digits[2*n:2*n+2], 16, 8)
		if err != nil {
			panic(err)
		}
		content[n] = byte(value)
	}
	return content
}
