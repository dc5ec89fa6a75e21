// SPDX-License-Identifier: Apache-2.0

package digest_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
)

// Text of the vectors: 0x and hex.
type text []byte

func (x *text) UnmarshalJSON(input []byte) (err error) {
	*x, err = hex.DecodeString(strings.TrimPrefix(strings.Trim(string(input), `"`), "0x"))
	return err
}

func (x text) hash() digest.Hash { return digest.Hash(x) }

type vectors struct {
	Islands []struct {
		Family      string
		Fingerprint text
		Anchor      text
		IslandID    text `json:"island_id"`
	}
	Gateways []struct {
		IslandID  text `json:"island_id"`
		Address   text
		Birth     text
		GatewayID text `json:"gateway_id"`
	}
	Lanes []struct {
		Source, Destination text
		Name                string
		Order               int
		Sender, Receiver    text
		LaneID              text `json:"lane_id"`
	}
	Packets []struct {
		Source, Destination, Lane text
		Sequence                  uint64 `json:",string"`
		Sender, Receiver          text
		Timeout                   uint64 `json:",string"`
		Budget                    uint64 `json:",string"`
		Payload                   text
		PacketID                  text `json:"packet_id"`
	}
	Batches []struct {
		Gateway text
		Epoch   uint64
		Count   uint64
		Leaves  []struct {
			Kind    uint8
			Packet  text
			Success bool
			Result  text
			Leaf    text
			Index   uint64
			Path    []text
		}
		Root       text
		Digest     text
		Signatures []struct{ Signer, Signature text }
	}
	Rotations []struct {
		Gateway   text
		Epoch     uint64
		Threshold uint64
		Attestors []text
		Digest    text
	}
}

func read(t *testing.T) (v vectors) {
	t.Helper()
	content, err := os.ReadFile("../testdata/ids.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Islands) == 0 || len(v.Gateways) == 0 || len(v.Lanes) == 0 || len(v.Packets) == 0 || len(v.Batches) == 0 || len(v.Rotations) == 0 {
		t.Fatal("a kind of vector is missing")
	}
	return v
}

func same(t *testing.T, what string, got digest.Hash, want text) {
	t.Helper()
	if got != want.hash() {
		t.Errorf("%s is %v, expected 0x%x", what, got, want)
	}
}

func TestIdentitiesEqualTheWorkedValues(t *testing.T) {
	v := read(t)
	for _, c := range v.Islands {
		same(t, "island of "+c.Family, digest.Island(c.Family, c.Fingerprint.hash(), c.Anchor.hash()), c.IslandID)
	}
	for _, c := range v.Gateways {
		same(t, "gateway", digest.Gateway(c.IslandID.hash(), c.Address, c.Birth.hash()), c.GatewayID)
	}
	for _, c := range v.Lanes {
		terms := digest.Terms{Name: digest.Keccak([]byte(c.Name)), Ordered: c.Order == 1}
		same(t, "lane "+c.Name, digest.Lane(c.Source.hash(), c.Destination.hash(), terms, c.Sender, c.Receiver), c.LaneID)
	}
	for _, c := range v.Packets {
		packet := digest.Packet{
			Source: c.Source.hash(), Destination: c.Destination.hash(), Lane: c.Lane.hash(), Sequence: c.Sequence,
			Sender: c.Sender, Receiver: c.Receiver, Timeout: c.Timeout, Budget: c.Budget, Payload: c.Payload,
		}
		same(t, "packet", packet.ID(), c.PacketID)
	}
}

func TestDigestsAndProofsEqualTheWorkedValues(t *testing.T) {
	v := read(t)
	for _, c := range v.Batches {
		for _, leaf := range c.Leaves {
			attestation := digest.Attestation(digest.Kind(leaf.Kind), leaf.Packet.hash(), leaf.Success, leaf.Result.hash())
			same(t, "leaf", attestation, leaf.Leaf)
			path := make([]digest.Hash, len(leaf.Path))
			for i, sibling := range leaf.Path {
				path[i] = sibling.hash()
			}
			root, err := digest.Climb(digest.Leaf(attestation), leaf.Index, c.Count, path)
			if err != nil {
				t.Error(err)
			}
			same(t, "root", root, c.Root)
		}
		signed := digest.Batch(c.Gateway.hash(), c.Epoch, c.Count, c.Root.hash())
		same(t, "batch", signed, c.Digest)
		for _, s := range c.Signatures {
			signer, err := digest.Recover(signed, s.Signature)
			if err != nil || signer != digest.Address(s.Signer) {
				t.Errorf("signed by %v (%v), expected 0x%x", signer, err, s.Signer)
			}
		}
	}
	for _, c := range v.Rotations {
		attestors := make([]digest.Address, len(c.Attestors))
		for i, attestor := range c.Attestors {
			attestors[i] = digest.Address(attestor)
		}
		same(t, "rotation", digest.Rotation(c.Gateway.hash(), c.Epoch, c.Threshold, attestors), c.Digest)
	}
}
