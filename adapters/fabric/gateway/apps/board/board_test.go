// SPDX-License-Identifier: Apache-2.0

package board_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/app"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/apps/board"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/internal/fabrictest"
)

func newBoard(seed string) *fabrictest.Island {
	i := fabrictest.NewIsland(seed)
	i.Deploy("board", &app.Chaincode{Name: "board", Gateway: fabrictest.GatewayName, Application: board.Board{}, Clock: i.Clock})
	return i
}

// post a text from one island's board to the other's.
func post(t *testing.T, from, to *fabrictest.Island, text string) (d fabrictest.Delivery, reference string) {
	t.Helper()
	e, err := from.Invoke("send", "board", to.ID.String(), "default", "false", "0x626f617264",
		strconv.FormatUint(from.Seconds()+3600, 10), "0", text)
	if err != nil {
		t.Fatal(err)
	}
	return from.Number()[0], e.ID + "/0"
}

func ask[T any](t *testing.T, i *fabrictest.Island, args ...string) (answer T) {
	t.Helper()
	e, err := i.Submit(fabrictest.Proposal{Chaincode: "board", Args: fabrictest.Args(args...)})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(e.Response.GetPayload(), &answer); err != nil {
		t.Fatalf("%q: %v", e.Response.GetPayload(), err)
	}
	return answer
}

func TestAMessageIsKeptAndItsEchoComesHome(t *testing.T) {
	here, there := newBoard("here"), newBoard("there")
	d, reference := post(t, here, there, "hello")
	if string(d.Packet.Payload) != "hello" {
		t.Errorf("the payload is %q, expected the text's bytes", d.Packet.Payload)
	}
	if _, err := there.Invoke("deliver", "board", there.Deliveries(digest.Deliver, d)); err != nil {
		t.Fatal(err)
	}
	want := board.Message{Packet: d.Packet.ID().String(), Source: here.ID.String(), Sender: "0x626f617264", Text: "hello"}
	if got := ask[board.Message](t, there, "last"); got != want {
		t.Errorf("%+v, expected %+v", got, want)
	}
	result, _ := there.Result(d.Packet.ID())
	outcome := fabrictest.Settlement{ID: d.Packet.ID(), Kind: digest.Result, Success: true, Result: result}
	if _, err := here.Invoke("settle", "board", here.Settlements(outcome)); err != nil {
		t.Fatal(err)
	}
	if got := ask[board.Outcome](t, here, "outcome", reference); !got.Success || got.Result != "0x68656c6c6f" {
		t.Errorf("%+v, expected an echo", got)
	}
}

func TestALongMessagesEchoIsCut(t *testing.T) {
	here, there := newBoard("here"), newBoard("there")
	d, _ := post(t, here, there, strings.Repeat("long ", 1000))
	if _, err := there.Invoke("deliver", "board", there.Deliveries(digest.Deliver, d)); err != nil {
		t.Fatal(err)
	}
	if result, _ := there.Result(d.Packet.ID()); len(result) != 1024 {
		t.Errorf("a result of %d bytes", len(result))
	}
}

func TestTheMessageFailIsRefused(t *testing.T) {
	here, there := newBoard("here"), newBoard("there")
	d, _ := post(t, here, there, board.Refused)
	_, err := there.Invoke("deliver", "board", there.Deliveries(digest.Deliver, d))
	if err == nil || !strings.Contains(err.Error(), "board-failing") {
		t.Errorf("%v", err)
	}
}

func TestABoardTakesItsArgumentsAndNoOthers(t *testing.T) {
	here, there := newBoard("here"), newBoard("there")
	for _, args := range [][]any{
		{"send", "board"},
		{"send", "board", there.ID.String(), "default", "no", "0x", "1800000000", "0", "text"},
	} {
		if _, err := here.Invoke(args...); err == nil || !strings.Contains(err.Error(), "bad-arguments") {
			t.Errorf("%q: %v", args, err)
		}
	}
	for _, args := range [][]string{{"post"}, {"last", "one"}, {"outcome"}} {
		_, err := here.Submit(fabrictest.Proposal{Chaincode: "board", Args: fabrictest.Args(args...)})
		if err == nil || !strings.Contains(err.Error(), "unknown-function") {
			t.Errorf("%q: %v", args, err)
		}
	}
}
