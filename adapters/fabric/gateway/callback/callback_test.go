// SPDX-License-Identifier: Apache-2.0

package callback_test

import (
	"reflect"
	"strings"
	"testing"
	"testing/quick"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/callback"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
)

// plain makes nothing of an empty list, as reading does.
func plain[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

func TestWhatIsSaidIsHeard(t *testing.T) {
	messages := func(list []callback.Message) bool {
		for i := range list {
			list[i].Receiver, list[i].Payload = append([]byte{}, list[i].Receiver...), append([]byte{}, list[i].Payload...)
		}
		heard, err := callback.DecodeMessages(callback.EncodeMessages(list))
		return err == nil && reflect.DeepEqual(plain(heard), plain(list))
	}
	arrivals := func(list []callback.Arrival) bool {
		for i := range list {
			list[i].Sender, list[i].Payload = append([]byte{}, list[i].Sender...), append([]byte{}, list[i].Payload...)
		}
		heard, err := callback.DecodeArrivals(callback.EncodeArrivals(list))
		return err == nil && reflect.DeepEqual(plain(heard), plain(list))
	}
	outcomes := func(list []callback.Outcome) bool {
		for i := range list {
			list[i].Kind, list[i].Result = digest.Result+list[i].Kind%3, append([]byte{}, list[i].Result...)
		}
		heard, err := callback.DecodeOutcomes(callback.EncodeOutcomes(list))
		return err == nil && reflect.DeepEqual(plain(heard), plain(list))
	}
	for name, property := range map[string]any{"messages": messages, "arrivals": arrivals, "outcomes": outcomes} {
		if err := quick.Check(property, &quick.Config{MaxCount: 50}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnythingLeftOverIsRefused(t *testing.T) {
	answer := callback.EncodeAnswer([][]byte{[]byte("done")}, []callback.Message{{Lane: "default"}})
	if results, messages, err := callback.DecodeAnswer(answer); err != nil || len(results) != 1 || len(messages) != 1 {
		t.Fatalf("%v %v %v", results, messages, err)
	}
	if _, _, err := callback.DecodeAnswer(append(answer, 0)); err == nil {
		t.Error("an answer with a byte behind it")
	}
	if _, err := callback.DecodeMessages(answer); err == nil {
		t.Error("an answer of onPackets as one of onSend")
	}
	if _, err := callback.DecodeArrivals(callback.EncodeOutcomes([]callback.Outcome{{Kind: digest.Result}})); err == nil {
		t.Error("outcomes as arrivals")
	}
	if _, err := callback.DecodeOutcomes(callback.EncodeArrivals([]callback.Arrival{{}})); err == nil {
		t.Error("arrivals as outcomes")
	}
}

func TestAReferenceIsATransactionAndAPlace(t *testing.T) {
	id := strings.Repeat("0a", 32)
	reference, err := callback.ReferenceOf(id, 7)
	if err != nil || reference.String() != id+"/7" {
		t.Errorf("%v, %v", reference, err)
	}
	for _, bad := range []string{"", id[:62], id + "00", strings.ToUpper(id), strings.Repeat("zz", 32)} {
		if _, err := callback.ReferenceOf(bad, 0); refusal.Code(err) != "malformed-proposal" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestOnlyASuccessfulResultIsADelivery(t *testing.T) {
	for _, c := range []struct {
		outcome callback.Outcome
		want    bool
	}{
		{callback.Outcome{Kind: digest.Result, Success: true}, true},
		{callback.Outcome{Kind: digest.Result}, false},
		{callback.Outcome{Kind: digest.Expired}, false},
		{callback.Outcome{Kind: digest.Void}, false},
		{callback.Outcome{Kind: digest.Expired, Success: true}, false},
	} {
		if c.outcome.Delivered() != c.want {
			t.Errorf("%+v", c.outcome)
		}
	}
}
