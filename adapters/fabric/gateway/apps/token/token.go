// SPDX-License-Identifier: Apache-2.0

// Package token moves tokens between islands: a token is kept here and a voucher made there; a voucher that goes back is
// destroyed, and what it stands for is released. It speaks with the Solidity TokenBridge: payloads are the same bytes.
//
// A token's path is its name (at most 32 bytes) where it is at home, here. Behind gateway G, from application A, its
// voucher's path is G (32 bytes) ‖ length of A (1 byte) ‖ A ‖ path there. So a voucher is named by every gateway on the way,
// and a remote that lies makes nothing but its own vouchers.
//
// What is kept is kept in an account for each (remote gateway, remote application, token), and never more is released from
// it than was put into it.
package token

import (
	"fmt"
	"math/big"
	"strconv"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/app"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/callback"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/rlp"
)

// Lane is the lane in which tokens travel.
const Lane = "tokens"

// Token is the application. Its amounts have no largest value of their own, so that making vouchers never fails for want
// of room; a transfer's amount fits 256 bits.
type Token struct{}

// transfer is what is needed to undo a send.
type transfer struct {
	from   app.Account
	asset  string
	amount *big.Int
	// escrow is the account that it went into, or nothing if a voucher was destroyed.
	escrow string
}

func transferKey(reference string) string { return "transfer/" + reference }

func (t *transfer) encode() []byte {
	return rlp.Versioned(rlp.Bytes(t.from[:]), rlp.Text(t.asset), rlp.Bytes(t.amount.Bytes()), rlp.Text(t.escrow))
}

func decodeTransfer(value []byte) (*transfer, error) {
	r := rlp.Open(value)
	t := &transfer{from: r.Word(), asset: string(r.Bytes()), amount: new(big.Int).SetBytes(r.Bytes()), escrow: string(r.Bytes())}
	return t, r.Close()
}

// OnSend takes tokens from the client: it destroys a voucher that goes back the way it came, and keeps anything else.
//
//	DESTINATION APP ASSET AMOUNT TO TIMEOUT BUDGET
func (Token) OnSend(c *app.Context, args []string) ([]callback.Message, error) {
	a := app.Read("DESTINATION APP ASSET AMOUNT TO TIMEOUT BUDGET", args)
	destination, remote, asset := a.Hash(), a.Bytes(), a.Text()
	amount, to := readAmount(a), a.Bytes()
	timeout, budget := a.Uint(), a.Uint()
	if a.Fault != nil {
		return nil, a.Fault
	}
	if len(remote) > maxApp {
		return nil, refusal.New("app-too-long", "%d bytes, at most %d", len(remote), maxApp)
	}
	from, err := c.Client()
	if err != nil {
		return nil, err
	}
	l := ledger{c.View}
	path, err := l.path(asset)
	if err != nil {
		return nil, err
	}
	if err := l.debit(balanceKey(asset, from), amount, "balance-too-small"); err != nil {
		return nil, err
	}
	sent, p := transfer{from: from, asset: asset, amount: amount}, payload{kind: forward, path: path, to: to, amount: amount}
	if inner, home := homeward(path, destination, remote); home {
		p.kind, p.path = back, inner
	} else {
		sent.escrow = escrowAccount(destination, remote)
		if err := l.credit(escrowKey(sent.escrow, asset), amount); err != nil {
			return nil, err
		}
	}
	reference, err := c.Reference(0)
	if err != nil {
		return nil, err
	}
	if err := c.View.Put(transferKey(reference.String()), sent.encode()); err != nil {
		return nil, err
	}
	return []callback.Message{{
		Destination: destination, Lane: Lane, Receiver: remote, Timeout: timeout, Budget: budget, Payload: p.encode(),
	}}, nil
}

// OnPackets makes vouchers, or releases what destroyed vouchers stood for. A packet that cannot be taken refuses its whole
// transaction: it waits, expires and is refunded where it came from.
func (Token) OnPackets(c *app.Context, arrivals []callback.Arrival) ([][]byte, []callback.Message, error) {
	l := ledger{c.View}
	for _, a := range arrivals {
		if err := l.receive(a); err != nil {
			return nil, nil, refusal.Of("packet "+a.ID.String(), err)
		}
	}
	return make([][]byte, len(arrivals)), nil, nil
}

func (l ledger) receive(a callback.Arrival) error {
	p, err := decodePayload(a.Payload)
	if err != nil {
		return refusal.New("bad-payload", "%v", err)
	}
	if len(p.to) != len(app.Account{}) || p.amount.Sign() == 0 {
		return refusal.New("bad-recipient", "%v to an account of %d bytes", p.amount, len(p.to))
	}
	to := app.Account(p.to)
	switch p.kind {
	case forward:
		asset, err := l.voucher(append(prefix(a.Source, a.Sender), p.path...))
		if err != nil {
			return err
		}
		return l.credit(balanceKey(asset, to), p.amount)
	case back:
		asset, err := l.named(p.path)
		if err != nil {
			return err
		}
		if err := l.debit(escrowKey(escrowAccount(a.Source, a.Sender), asset), p.amount, "escrow-too-small"); err != nil {
			return err
		}
		return l.credit(balanceKey(asset, to), p.amount)
	default:
		return refusal.New("unknown-kind", "%d", p.kind)
	}
}

// OnOutcomes ends transfers: delivered ones are done, others are undone exactly.
func (Token) OnOutcomes(c *app.Context, outcomes []callback.Outcome) ([]callback.Message, error) {
	l := ledger{c.View}
	for i := range outcomes {
		if err := l.end(&outcomes[i]); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (l ledger) end(o *callback.Outcome) error {
	reference := o.Reference.String()
	t, err := l.take(transferKey(reference))
	if err != nil {
		return err
	}
	if o.Delivered() {
		return nil
	}
	paid, err := l.refund(t)
	if err != nil || paid {
		return err
	}
	return l.view.Put(claimKey(reference), t.encode())
}

// take reads and removes a transfer.
func (l ledger) take(key string) (*transfer, error) {
	value, err := l.view.Get(key)
	if err != nil {
		return nil, err
	}
	if len(value) == 0 {
		return nil, refusal.New("unknown-transfer", "%q", key)
	}
	t, err := decodeTransfer(value)
	if err != nil {
		return nil, fmt.Errorf("transfer %q: %w", key, err)
	}
	return t, l.view.Delete(key)
}

// refund gives back what was sent. It tells false, and does nothing, if the account it is in does not hold it any more: a
// remote that released it to itself by forged returns must not keep the packet from ending, nor be covered by what other
// accounts hold. The sender has a claim then.
func (l ledger) refund(t *transfer) (paid bool, err error) {
	if t.escrow != "" {
		key := escrowKey(t.escrow, t.asset)
		kept, err := l.amount(key)
		if err != nil || kept.Cmp(t.amount) < 0 {
			return false, err
		}
		if err := l.debit(key, t.amount, "escrow-too-small"); err != nil {
			return false, err
		}
	}
	return true, l.credit(balanceKey(t.asset, t.from), t.amount)
}

// readAmount takes a decimal amount of 1 to 2^256 - 1.
func readAmount(a *app.Arguments) *big.Int {
	text := a.Text()
	amount, ok := new(big.Int).SetString(text, 10)
	if !ok || amount.Sign() <= 0 || amount.BitLen() > 256 || amount.String() != text {
		if a.Fault == nil {
			a.Fault = refusal.New("bad-amount", "%s, expected 1 to 2^256 - 1", strconv.Quote(text))
		}
		return new(big.Int)
	}
	return amount
}

// escrowAccount of an application behind a gateway.
func escrowAccount(gateway digest.Hash, remote []byte) string {
	name := digest.Keccak(remote)
	return digest.Keccak(gateway[:], name[:]).Hex()
}
