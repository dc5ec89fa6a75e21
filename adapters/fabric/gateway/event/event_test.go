// SPDX-License-Identifier: Apache-2.0

package event_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/event"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/internal/fabrictest"
)

var update = flag.Bool("update", false, "write testdata/events.json anew")

// sample is one event as testdata/events.json holds it, which the verifier's tests read too.
type sample struct {
	Kind   string         `json:"kind"`
	Key    string         `json:"key"`
	TxID   string         `json:"tx_id"`
	Value  string         `json:"value"`
	Fields map[string]any `json:"fields"`
}

type samples struct {
	Note    string   `json:"note"`
	Island  string   `json:"island"`
	Name    string   `json:"gateway_name"`
	Gateway string   `json:"gateway"`
	Events  []sample `json:"events"`
}

const name = "gateway"

func word(seed string) digest.Hash { return digest.Keccak([]byte(seed)) }

func transaction(seed string) string {
	id := sha256.Sum256([]byte(seed))
	return hex.EncodeToString(id[:])
}

func text(content []byte) string { return "0x" + hex.EncodeToString(content) }

func addresses(list []digest.Address) []string {
	texts := make([]string, len(list))
	for i, address := range list {
		texts[i] = address.String()
	}
	return texts
}

// all makes one event of every kind, and a second one where a field has two shapes.
func all() samples {
	island, hub := word("island"), word("hub")
	owner := fabrictest.KeyOf("owner").Address
	opening := transaction("opening")
	gateway := digest.Gateway(island, []byte(name), sha256.Sum256([]byte(opening)))
	file := samples{
		Note:   "One event of each kind: its key, the transaction that writes it, its value and what the value says. Integers are text.",
		Island: island.String(), Name: name, Gateway: gateway.String(),
	}
	add := func(kind, key, tx string, told map[string]any, fields ...[]byte) {
		file.Events = append(file.Events, sample{kind, key, tx, text(event.Value(gateway, kind, fields...)), told})
	}
	first := event.Attestors{Epoch: 1, Threshold: 2, Members: fabrictest.Addresses(fabrictest.Keys(3))}
	add(event.Opened, event.OpenedKey, opening, map[string]any{
		"island": island.String(), "hub": hub.String(), "owner": owner.String(), "epoch": "1", "threshold": "2",
		"attestors": addresses(first.Members),
	}, event.OpenedFields(island, hub, owner, first)...)

	for i, ordered := range []bool{false, true} {
		terms := digest.Terms{Name: word("default"), Ordered: ordered}
		packet := digest.Packet{
			Source: gateway, Destination: word("destination"), Sequence: uint64(1 + 299*i), Sender: []byte("board"),
			Receiver: owner[:], Timeout: 1_790_003_600, Budget: uint64(200_000 * i), Payload: []byte(strings.Repeat("hello ", 20*i)),
		}
		packet.Lane = digest.Lane(packet.Source, packet.Destination, terms, packet.Sender, packet.Receiver)
		add(event.PacketSent, event.SentKey(packet.Lane, packet.Sequence), transaction("numbering"), map[string]any{
			"packet": packet.ID().String(), "destination": packet.Destination.String(), "lane": packet.Lane.String(),
			"sequence": []string{"1", "300"}[i], "sender": text(packet.Sender), "receiver": text(packet.Receiver),
			"timeout": "1790003600", "budget": []string{"0", "200000"}[i], "payload": text(packet.Payload),
			"name": terms.Name.String(), "ordered": ordered,
		}, event.SentFields(&packet, terms)...)
	}

	packet := word("packet")
	for _, result := range []string{"", "done"} {
		add(event.PacketDelivered, event.ReceivedKey(packet), transaction("delivery"), map[string]any{
			"packet": packet.String(), "success": true, "result": text([]byte(result)),
		}, event.DeliveredFields(packet, []byte(result))...)
	}
	add(event.PacketExpired, event.ReceivedKey(packet), transaction("expiry"),
		map[string]any{"packet": packet.String()}, event.Word(packet))
	for _, outcome := range []struct {
		kind    digest.Kind
		success bool
	}{{digest.Result, true}, {digest.Result, false}, {digest.Expired, false}, {digest.Void, false}} {
		add(event.PacketSettled, event.SettledKey(packet), transaction("settlement"), map[string]any{
			"packet": packet.String(), "kind": string('0' + rune(outcome.kind)), "success": outcome.success,
		}, event.SettledFields(packet, outcome.kind, outcome.success)...)
	}

	second := event.Attestors{Epoch: 2, Threshold: 1, Members: first.Members[:1]}
	set := func() map[string]any {
		return map[string]any{"epoch": "2", "threshold": "1", "attestors": addresses(second.Members)}
	}
	add(event.AttestorsRotated, event.EpochKey(2), transaction("rotation"), set(), event.AttestorsFields(second)...)
	noticed := set()
	noticed["effective"] = "1790604800"
	add(event.RotationNoticed, event.ActKey(1), transaction("notice"), noticed, event.NoticeFields(second, 1_790_604_800)...)
	for i, kind := range []string{event.Paused, event.Unpaused, event.Closed} {
		add(kind, event.ActKey(uint64(2+i)), transaction(kind), map[string]any{})
	}
	source := word("source")
	for i, kind := range []string{event.Blocked, event.Unblocked} {
		add(kind, event.ActKey(uint64(9+i)), transaction(kind), map[string]any{"source": source.String()}, event.Word(source))
	}
	beat := transaction("beat")
	add(event.Beat, event.BeatKey(beat), beat, map[string]any{})
	return file
}

func TestEveryEventStandsInTheSharedFileByteForByte(t *testing.T) {
	const path = "../testdata/events.json"
	want, err := json.MarshalIndent(all(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what this code writes; if that is meant, write it anew with -update and tell the verifier", path)
	}
}

func TestAValueReadsAsTheReadmeSays(t *testing.T) {
	var gateway digest.Hash
	want := "01" + "e8" + "a0" + strings.Repeat("00", 32) + "86" + hex.EncodeToString([]byte("Paused"))
	if got := hex.EncodeToString(event.Value(gateway, event.Paused)); got != want {
		t.Errorf("%s, expected %s", got, want)
	}
}

func TestKeysAreOfOneForm(t *testing.T) {
	id := digest.Hash{0xab}
	hexID := "ab" + strings.Repeat("00", 31)
	for got, want := range map[string]string{
		event.SentKey(id, 10): "seq/" + hexID + "/10",
		event.ReceivedKey(id): "in/" + hexID,
		event.SettledKey(id):  "end/" + hexID,
		event.EpochKey(2):     "epoch/2",
		event.ActKey(1):       "act/1",
		event.BeatKey("00ff"): "beat/00ff",
		event.OpenedKey:       "opened",
	} {
		if got != want {
			t.Errorf("%s, expected %s", got, want)
		}
	}
}
