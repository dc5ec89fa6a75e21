// SPDX-License-Identifier: Apache-2.0

// Package event holds the facts of a gateway as they stand in its state: each is one key, written once and never deleted,
// whose value tells everything. Other islands prove these writes, so a key follows from its value (or from the
// transaction's id) and both have one form only.
package event

import (
	"strconv"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
)

// OpenedKey is where Opened stands: a gateway opens once.
const OpenedKey = "opened"

// SentKey is where the PacketSent of this place in a lane stands.
func SentKey(lane digest.Hash, sequence uint64) string {
	return "seq/" + lane.Hex() + "/" + strconv.FormatUint(sequence, 10)
}

// ReceivedKey is where a packet's PacketDelivered or PacketExpired stands: one of them, once.
func ReceivedKey(packet digest.Hash) string { return "in/" + packet.Hex() }

// SettledKey is where a packet's PacketSettled stands.
func SettledKey(packet digest.Hash) string { return "end/" + packet.Hex() }

// EpochKey is where the AttestorsRotated to this epoch stands. Epoch 1 is in Opened.
func EpochKey(epoch uint64) string { return "epoch/" + strconv.FormatUint(epoch, 10) }

// ActKey is where the owner's act of this number stands, counted from 1.
func ActKey(number uint64) string { return "act/" + strconv.FormatUint(number, 10) }

// BeatKey is where the Beat of this transaction stands.
func BeatKey(transaction string) string { return "beat/" + transaction }
