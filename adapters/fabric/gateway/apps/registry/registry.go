// SPDX-License-Identifier: Apache-2.0

// Package registry keeps documents by name and digest, and announces them to registries on other islands. What comes from
// another island is kept apart, under the gateway and the application that it came from: nobody there can speak for a
// document here, or for one from elsewhere.
package registry

import (
	"encoding/hex"
	"encoding/json"
	"regexp"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/abi"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/app"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/callback"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
)

// Lane is the lane in which announcements travel.
const Lane = "documents"

// Registry is the application. A packet's payload is abi.encode(bytes name, bytes32 digest, bytes registrar), so that a
// contract can read it; its result is the digest.
type Registry struct{}

// Document is what is kept. A name is given once: a new version is a new name.
type Document struct {
	Digest string `json:"digest"`
	// Registrar is the account of the client that registered it, in the form of its island.
	Registrar string `json:"registrar"`
}

var documentName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

func documentKey(name string) string { return "document/" + name }

func remoteKey(source digest.Hash, sender []byte, name string) string {
	return "remote/" + source.Hex() + "/" + hex.EncodeToString(sender) + "/" + name
}

func announcedKey(reference string) string { return "announced/" + reference }

// keep a document under a key, once; the same document again changes nothing.
func keep(c *app.Context, key string, d Document) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	kept, err := c.View.Get(key)
	if err != nil {
		return err
	}
	if len(kept) != 0 {
		if string(kept) == string(text) {
			return nil
		}
		return refusal.New("already-registered", "%s is %s", key, kept)
	}
	return c.View.Put(key, text)
}

// OnSend announces a document that is registered here.
//
//	DESTINATION RECEIVER TIMEOUT BUDGET NAME
func (Registry) OnSend(c *app.Context, args []string) ([]callback.Message, error) {
	a := app.Read("DESTINATION RECEIVER TIMEOUT BUDGET NAME", args)
	m := callback.Message{Destination: a.Hash(), Lane: Lane, Receiver: a.Bytes(), Timeout: a.Uint(), Budget: a.Uint()}
	name := a.Text()
	if a.Fault != nil {
		return nil, a.Fault
	}
	value, err := c.View.Get(documentKey(name))
	if err != nil {
		return nil, err
	}
	if len(value) == 0 {
		return nil, refusal.New("unknown-document", "%q", name)
	}
	var d Document
	if err := json.Unmarshal(value, &d); err != nil {
		return nil, err
	}
	told := app.Read("DIGEST REGISTRAR", []string{d.Digest, d.Registrar})
	m.Payload = abi.Encode(abi.Bytes([]byte(name)), abi.Word(told.Hash()), abi.Bytes(told.Bytes()))
	return []callback.Message{m}, told.Fault
}

// OnPackets keeps documents from other islands.
func (Registry) OnPackets(c *app.Context, arrivals []callback.Arrival) ([][]byte, []callback.Message, error) {
	results := make([][]byte, len(arrivals))
	for i, a := range arrivals {
		r := abi.Open(a.Payload, 3)
		name, hash, registrar := string(r.Bytes()), digest.Hash(r.Word()), r.Bytes()
		if err := r.Close(); err != nil || !documentName.MatchString(name) {
			return nil, nil, refusal.New("bad-payload", "packet %v: document %q, %v", a.ID, name, err)
		}
		d := Document{Digest: hash.String(), Registrar: "0x" + hex.EncodeToString(registrar)}
		if err := keep(c, remoteKey(a.Source, a.Sender, name), d); err != nil {
			return nil, nil, refusal.Of("packet "+a.ID.String(), err)
		}
		results[i] = hash[:]
	}
	return results, nil, nil
}

// Announcement is what became of one.
type Announcement struct {
	Packet    string `json:"packet"`
	Delivered bool   `json:"delivered"`
}

// OnOutcomes remembers what became of announcements.
func (Registry) OnOutcomes(c *app.Context, outcomes []callback.Outcome) ([]callback.Message, error) {
	for i := range outcomes {
		o := &outcomes[i]
		text, err := json.Marshal(Announcement{o.ID.String(), o.Delivered()})
		if err != nil {
			return nil, err
		}
		if err := c.View.Put(announcedKey(o.Reference.String()), text); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// Call is what clients do with documents here.
//
//	register NAME DIGEST
//	document NAME · remote GATEWAY APP NAME · announced TRANSACTION/PLACE
func (Registry) Call(c *app.Context, function string, args []string) ([]byte, error) {
	var a *app.Arguments
	var key string
	switch function {
	case "register":
		return nil, register(c, app.Read("NAME DIGEST", args))
	case "document":
		a = app.Read("NAME", args)
		key = documentKey(a.Text())
	case "remote":
		a = app.Read("GATEWAY APP NAME", args)
		key = remoteKey(a.Hash(), a.Bytes(), a.Text())
	case "announced":
		a = app.Read("TRANSACTION/PLACE", args)
		key = announcedKey(a.Text())
	default:
		return nil, refusal.New("unknown-function", "%q, expected register, document, remote or announced", function)
	}
	if a.Fault != nil {
		return nil, a.Fault
	}
	return c.View.Get(key)
}

func register(c *app.Context, a *app.Arguments) error {
	name, hash := a.Text(), a.Hash()
	if a.Fault != nil {
		return a.Fault
	}
	if !documentName.MatchString(name) {
		return refusal.New("bad-name", "%q", name)
	}
	registrar, err := c.Client()
	if err != nil {
		return err
	}
	return keep(c, documentKey(name), Document{Digest: hash.String(), Registrar: registrar.String()})
}
