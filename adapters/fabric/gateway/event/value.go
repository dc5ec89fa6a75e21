// SPDX-License-Identifier: Apache-2.0

package event

import (
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/rlp"
)

// The events' names, as they stand in values and in the owner's acts.
const (
	Opened           = "Opened"
	PacketSent       = "PacketSent"
	PacketDelivered  = "PacketDelivered"
	PacketExpired    = "PacketExpired"
	PacketSettled    = "PacketSettled"
	AttestorsRotated = "AttestorsRotated"
	RotationNoticed  = "RotationNoticed"
	Paused           = "Paused"
	Unpaused         = "Unpaused"
	Closed           = "Closed"
	Blocked          = "Blocked"
	Unblocked        = "Unblocked"
	Beat             = "Beat"
)

// Attestors are a set of attestors and how many of them have to sign.
type Attestors struct {
	Epoch     uint64
	Threshold uint64
	// Members ascend.
	Members []digest.Address
}

// Value of an event: 0x01 ‖ RLP[gateway id, name, fields…]. The fields are encoded already, by the functions below.
func Value(gateway digest.Hash, name string, fields ...[]byte) []byte {
	return rlp.Versioned(append([][]byte{Word(gateway), rlp.Text(name)}, fields...)...)
}

// Word is an id as a field.
func Word(id digest.Hash) []byte { return rlp.Bytes(id[:]) }

// Address is an address as a field.
func Address(address digest.Address) []byte { return rlp.Bytes(address[:]) }

// OpenedFields are: island, hub, owner, epoch, threshold, attestors.
func OpenedFields(island, hub digest.Hash, owner digest.Address, set Attestors) [][]byte {
	return append([][]byte{Word(island), Word(hub), Address(owner)}, AttestorsFields(set)...)
}

// AttestorsFields are: epoch, threshold, attestors. They are all the fields of AttestorsRotated.
func AttestorsFields(set Attestors) [][]byte {
	return [][]byte{rlp.Uint(set.Epoch), rlp.Uint(set.Threshold), rlp.Map(set.Members, Address)}
}

// NoticeFields are: epoch, threshold, attestors, effective.
func NoticeFields(set Attestors, effective uint64) [][]byte {
	return append(AttestorsFields(set), rlp.Uint(effective))
}

// SentFields are: packet id, destination, lane, sequence, sender, receiver, timeout, budget, payload, name hash, ordered.
func SentFields(p *digest.Packet, terms digest.Terms) [][]byte {
	return [][]byte{
		Word(p.ID()), Word(p.Destination), Word(p.Lane), rlp.Uint(p.Sequence), rlp.Bytes(p.Sender), rlp.Bytes(p.Receiver),
		rlp.Uint(p.Timeout), rlp.Uint(p.Budget), rlp.Bytes(p.Payload), Word(terms.Name), rlp.Bool(terms.Ordered),
	}
}

// DeliveredFields are: packet, success, result. On Fabric a delivery always succeeds: see the README.
func DeliveredFields(packet digest.Hash, result []byte) [][]byte {
	return [][]byte{Word(packet), rlp.Bool(true), rlp.Bytes(result)}
}

// SettledFields are: packet, kind, success.
func SettledFields(packet digest.Hash, kind digest.Kind, success bool) [][]byte {
	return [][]byte{Word(packet), rlp.Uint(uint64(kind)), rlp.Bool(success)}
}
