// SPDX-License-Identifier: Apache-2.0

// Package invocation tells what a transaction was signed for. In Fabric a chaincode that another one calls runs in the same
// simulation and is not told who called it; what every chaincode of a transaction can see, and no chaincode can change,
// is the proposal that the client signed.
package invocation

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
)

// Proposal is what the client signed.
type Proposal struct {
	// Chaincode is the name of the outermost chaincode.
	Chaincode string
	// Args are the outermost chaincode's arguments.
	Args [][]byte
}

// Read takes the proposal out of a transaction. It names the chaincode in two places; the peer runs by one and writes the
// other into the transaction's header, so both have to agree.
func Read(stub shim.ChaincodeStubInterface) (*Proposal, error) {
	signed, err := stub.GetSignedProposal()
	if err != nil {
		return nil, fmt.Errorf("read the signed proposal: %w", err)
	}
	var (
		proposal   peer.Proposal
		header     common.Header
		channel    common.ChannelHeader
		extension  peer.ChaincodeHeaderExtension
		payload    peer.ChaincodeProposalPayload
		invocation peer.ChaincodeInvocationSpec
	)
	for _, part := range []struct {
		bytes func() []byte
		into  proto.Message
	}{
		{signed.GetProposalBytes, &proposal},
		{proposal.GetHeader, &header},
		{header.GetChannelHeader, &channel},
		{channel.GetExtension, &extension},
		{proposal.GetPayload, &payload},
		{payload.GetInput, &invocation},
	} {
		if err := proto.Unmarshal(part.bytes(), part.into); err != nil {
			return nil, refusal.New("malformed-proposal", "%T: %v", part.into, err)
		}
	}
	spec := invocation.GetChaincodeSpec()
	run, named := spec.GetChaincodeId().GetName(), extension.GetChaincodeId().GetName()
	if run == "" || run != named {
		return nil, refusal.New("malformed-proposal", "it runs %q and names %q", run, named)
	}
	return &Proposal{Chaincode: run, Args: spec.GetInput().GetArgs()}, nil
}

// Outermost refuses unless the client signed for this chaincode and these arguments: unless no other chaincode called it.
// (Peers do not let a transaction enter a chaincode a second time; the arguments tell apart even that.)
func Outermost(stub shim.ChaincodeStubInterface, self string) error {
	proposal, err := Read(stub)
	if err != nil {
		return err
	}
	if proposal.Chaincode != self || !slices.EqualFunc(proposal.Args, stub.GetArgs(), bytes.Equal) {
		return refusal.New("not-outermost", "called inside %q, this chaincode is %q", proposal.Chaincode, self)
	}
	return nil
}

// maxSkew is how far the transaction's time may lie from the peer's clock, either way.
const maxSkew = 60 * time.Second

// Time of the transaction in Unix seconds. It is the client's word, so it is refused unless it lies near the peer's own
// clock; the clock itself goes nowhere else, since peers' clocks differ and their answers must not.
func Time(stub shim.ChaincodeStubInterface, clock func() time.Time) (uint64, error) {
	stamp, err := stub.GetTxTimestamp()
	if err != nil {
		return 0, fmt.Errorf("read the transaction's time: %w", err)
	}
	if err := stamp.CheckValid(); err != nil {
		return 0, refusal.New("clock", "%v", err)
	}
	if skew := stamp.AsTime().Sub(clock()); skew > maxSkew || skew < -maxSkew {
		return 0, refusal.New("clock", "the transaction's time is %v off this peer's clock, at most %v is allowed",
			skew.Round(time.Second), maxSkew)
	}
	return uint64(stamp.GetSeconds()), nil
}

var name = regexp.MustCompile(`^[a-zA-Z0-9]+([-_][a-zA-Z0-9]+)*$`)

// IsName tells whether a text is the name of a chaincode as lifecycle takes it, and nothing but the name: Fabric reads
// "name:version" and "name/channel" as names too when one chaincode calls another, so that several texts would reach one
// chaincode, or another channel's.
func IsName(text string) bool { return len(text) <= 64 && name.MatchString(text) }
