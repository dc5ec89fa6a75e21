// SPDX-License-Identifier: Apache-2.0

package fabrictest

import (
	"slices"
	"strings"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/queryresult"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// simulation is one transaction while it runs.
type simulation struct {
	channel  *Channel
	endorsed *Endorsed
	proposal Proposal
	signed   *peer.SignedProposal
	// running are the chaincodes entered and not left.
	running []string
}

// call enters a chaincode. As Fabric's peers do, it reads "name:version" as the name.
func (s *simulation) call(target string, args [][]byte) *peer.Response {
	name, _, _ := strings.Cut(target, ":")
	chaincode, ok := s.channel.chaincodes[name]
	if !ok {
		return shim.Error("chaincode " + name + " not found")
	}
	if !s.channel.Reentrant && slices.Contains(s.running, name) {
		return shim.Error("txid: " + s.endorsed.ID + " exists")
	}
	s.running = append(s.running, name)
	defer func() { s.running = s.running[:len(s.running)-1] }()
	return chaincode.Invoke(&stub{simulation: s, chaincode: name, args: args})
}

// stub is what one chaincode sees. Methods that are not here are not for our chaincodes: they panic.
type stub struct {
	shim.ChaincodeStubInterface
	simulation *simulation
	chaincode  string
	args       [][]byte
}

func (s *stub) GetArgs() [][]byte { return s.args }

func (s *stub) GetFunctionAndParameters() (string, []string) {
	if len(s.args) == 0 {
		return "", nil
	}
	parameters := make([]string, 0, len(s.args)-1)
	for _, arg := range s.args[1:] {
		parameters = append(parameters, string(arg))
	}
	return string(s.args[0]), parameters
}

func (s *stub) GetTxID() string { return s.simulation.endorsed.ID }

func (s *stub) GetCreator() ([]byte, error) { return s.simulation.proposal.Creator, nil }

func (s *stub) GetSignedProposal() (*peer.SignedProposal, error) { return s.simulation.signed, nil }

func (s *stub) GetTxTimestamp() (*timestamppb.Timestamp, error) {
	return timestamppb.New(s.simulation.channel.Now.Add(s.simulation.proposal.Skew)), nil
}

func (s *stub) InvokeChaincode(name string, args [][]byte, channel string) *peer.Response {
	if channel != "" {
		return shim.Error("no other channel in this test")
	}
	return s.simulation.call(name, args)
}

func (s *stub) GetState(key string) ([]byte, error) {
	reads := s.simulation.endorsed.reads
	if reads[s.chaincode] == nil {
		reads[s.chaincode] = make(map[string]version)
	}
	entry := s.simulation.channel.state[s.chaincode][key]
	reads[s.chaincode][key] = entry.version
	return entry.value, nil
}

func (s *stub) PutState(key string, value []byte) error {
	s.write(key, append([]byte{}, value...))
	return nil
}

func (s *stub) DelState(key string) error {
	s.write(key, nil)
	return nil
}

func (s *stub) write(key string, value []byte) {
	writes := s.simulation.endorsed.writes
	if writes[s.chaincode] == nil {
		writes[s.chaincode] = make(map[string][]byte)
	}
	writes[s.chaincode][key] = value
}

func (s *stub) GetStateByRange(start, end string) (shim.StateQueryIteratorInterface, error) {
	s.simulation.endorsed.ranged = true
	found := &iterator{}
	for _, key := range s.simulation.channel.Keys(s.chaincode) {
		if key >= start && key < end {
			found.entries = append(found.entries, &queryresult.KV{Key: key, Value: s.simulation.channel.Get(s.chaincode, key)})
		}
	}
	return found, nil
}

type iterator struct{ entries []*queryresult.KV }

func (i *iterator) HasNext() bool { return len(i.entries) != 0 }
func (i *iterator) Close() error  { return nil }
func (i *iterator) Next() (*queryresult.KV, error) {
	first := i.entries[0]
	i.entries = i.entries[1:]
	return first, nil
}

// sign makes the bytes that a client signs, as far as chaincodes read them.
func sign(c *Channel, p Proposal) *peer.SignedProposal {
	names := p.Names
	if names == "" {
		names = p.Chaincode
	}
	header := &common.Header{ChannelHeader: marshal(&common.ChannelHeader{
		Timestamp: timestamppb.New(c.Now.Add(p.Skew)),
		Extension: marshal(&peer.ChaincodeHeaderExtension{ChaincodeId: &peer.ChaincodeID{Name: names}}),
	})}
	invocation := &peer.ChaincodeInvocationSpec{ChaincodeSpec: &peer.ChaincodeSpec{
		ChaincodeId: &peer.ChaincodeID{Name: p.Chaincode}, Input: &peer.ChaincodeInput{Args: p.Args},
	}}
	return &peer.SignedProposal{ProposalBytes: marshal(&peer.Proposal{
		Header:  marshal(header),
		Payload: marshal(&peer.ChaincodeProposalPayload{Input: marshal(invocation)}),
	})}
}

func marshal(message proto.Message) []byte {
	bytes, err := proto.Marshal(message)
	if err != nil {
		panic(err)
	}
	return bytes
}
