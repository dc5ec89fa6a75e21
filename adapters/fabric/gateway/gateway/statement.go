// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/rlp"
)

// What attestors signed, as it comes to deliver, expire and settle:
//
//	statements = 0x01 ‖ RLP[ batch… ]                       1 to 1024 items in all batches together
//	batch      = [epoch, count, [signature(65)…], [item…]]
//	item       = [packet, lane, index, [sibling(32)…]]                               deliver, expire
//	           | [packet id(32), kind, success, result, index, [sibling(32)…]]       settle
//	packet     = [source(32), destination(32), lane(32), sequence, sender, receiver, timeout, budget, payload]
//	lane       = [name hash(32), ordered]

// maxItems is how many statements one transaction may carry.
const maxItems = 1024

// item is one statement, of a form that its function knows.
type item interface {
	// attestation is what was signed.
	attestation() digest.Hash
}

// proof is where an item stands in its batch.
type proof struct {
	index uint64
	path  []digest.Hash
}

// delivery is a statement about a packet that comes here.
type delivery struct {
	kind   digest.Kind
	id     digest.Hash
	packet digest.Packet
	terms  digest.Terms
}

func (d *delivery) attestation() digest.Hash {
	return digest.Attestation(d.kind, d.id, false, digest.Hash{})
}

// readDelivery reads an item of deliver or expire, which kind tells apart: it is not in the bytes.
func readDelivery(kind digest.Kind) func(*rlp.Reader) (*delivery, error) {
	return func(r *rlp.Reader) (*delivery, error) {
		d := &delivery{kind: kind}
		p := r.List()
		d.packet = digest.Packet{
			Source: p.Word(), Destination: p.Word(), Lane: p.Word(), Sequence: p.Uint(), Sender: p.Limited(maxReceiver),
			Receiver: p.Limited(maxReceiver), Timeout: p.Uint(), Budget: p.Uint(), Payload: p.Bytes(),
		}
		_ = p.Close()
		lane := r.List()
		d.terms = digest.Terms{Name: lane.Word(), Ordered: lane.Bool()}
		err := lane.Close()
		d.id = d.packet.ID()
		return d, err
	}
}

// settlement is a statement about a packet that was sent from here.
type settlement struct {
	id      digest.Hash
	kind    digest.Kind
	success bool
	result  []byte
}

func (s *settlement) attestation() digest.Hash {
	var result digest.Hash
	if s.kind == digest.Result {
		result = digest.Keccak(s.result)
	}
	return digest.Attestation(s.kind, s.id, s.success, result)
}

func readSettlement(r *rlp.Reader) (*settlement, error) {
	s := &settlement{id: r.Word()}
	kind := r.Uint()
	s.success, s.result = r.Bool(), r.Bytes()
	if kind < uint64(digest.Result) || kind > uint64(digest.Void) {
		return nil, refusal.New("bad-kind", "kind %d, expected RESULT, EXPIRED or VOID", kind)
	}
	s.kind = digest.Kind(kind)
	if s.kind != digest.Result && (s.success || len(s.result) != 0) {
		return nil, refusal.New("outcome-not-empty", "packet %v: success or a result beside kind %d", s.id, kind)
	}
	return s, nil
}

// statements reads all items and checks that the current attestors signed each.
func statements[T item](c *call, input []byte, read func(*rlp.Reader) (T, error)) ([]T, error) {
	r := rlp.Open(input)
	var items []T
	for r.More() {
		batch := r.List()
		epoch, count := batch.Uint(), batch.Uint()
		var signatures [][]byte
		for list := batch.List(); list.More(); {
			signatures = append(signatures, list.Fixed(65))
		}
		first := len(items)
		var proofs []proof
		for list := batch.List(); list.More(); {
			if len(items) == maxItems {
				return nil, refusal.New("bad-batch", "more than %d items", maxItems)
			}
			entry := list.List()
			one, err := read(entry)
			where := readProof(entry)
			// A fault of the encoding comes first: what was read behind it means nothing.
			if fault := entry.Close(); fault != nil {
				break
			}
			if err != nil {
				return nil, err
			}
			items, proofs = append(items, one), append(proofs, where)
		}
		if fault := batch.Close(); fault != nil {
			break
		}
		if err := checkBatch(c, epoch, count, items[first:], proofs, signatures); err != nil {
			return nil, err
		}
	}
	if err := r.Close(); err != nil {
		return nil, refusal.New("malformed", "%v", err)
	}
	if len(items) == 0 {
		return nil, refusal.New("bad-batch", "no statements")
	}
	return items, nil
}

func readProof(r *rlp.Reader) (p proof) {
	p.index = r.Uint()
	for list := r.List(); list.More(); {
		p.path = append(p.path, list.Word())
	}
	return p
}

// checkBatch checks that all items lead to one root, and that the current attestors signed it.
func checkBatch[T item](c *call, epoch, count uint64, items []T, proofs []proof, signatures [][]byte) error {
	if len(items) == 0 {
		return refusal.New("bad-batch", "a batch without items")
	}
	if epoch != c.head.attestors.Epoch {
		return refusal.New("wrong-epoch", "signed in epoch %d, it is %d", epoch, c.head.attestors.Epoch)
	}
	var root digest.Hash
	for i, one := range items {
		top, err := digest.Climb(digest.Leaf(one.attestation()), proofs[i].index, count, proofs[i].path)
		if err != nil {
			return err
		}
		if i == 0 {
			root = top
		} else if top != root {
			return refusal.New("bad-path", "item %d leads to another root than item 0", i)
		}
	}
	return c.checkSignatures(digest.Batch(c.head.id, epoch, count, root), signatures)
}
