// SPDX-License-Identifier: Apache-2.0

package token

import (
	"encoding/hex"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/app"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
)

// Call is what clients do with tokens here.
//
//	account                        the client's own account
//	issue NAME TO AMOUNT           makes tokens; the name is the first issuer's from then on
//	transfer ASSET TO AMOUNT       from the client's account
//	claim TRANSACTION/PLACE        pays a refund that could not be paid, for whomever it belongs to
//	balance ASSET ACCOUNT · escrow GATEWAY APP ASSET · path ASSET
func (Token) Call(c *app.Context, function string, args []string) ([]byte, error) {
	l := ledger{c.View}
	switch function {
	case "account":
		account, err := c.Client()
		return []byte(account.String()), err
	case "issue":
		return nil, l.issue(c, app.Read("NAME TO AMOUNT", args))
	case "transfer":
		return nil, l.transfer(c, app.Read("ASSET TO AMOUNT", args))
	case "claim":
		return nil, l.claim(app.Read("TRANSACTION/PLACE", args))
	case "balance":
		a := app.Read("ASSET ACCOUNT", args)
		return l.tell(a, balanceKey(a.Text(), app.Account(a.Hash())))
	case "escrow":
		a := app.Read("GATEWAY APP ASSET", args)
		account := escrowAccount(a.Hash(), a.Bytes())
		return l.tell(a, escrowKey(account, a.Text()))
	case "path":
		a := app.Read("ASSET", args)
		path, err := l.path(a.Text())
		if a.Fault != nil {
			return nil, a.Fault
		}
		return []byte("0x" + hex.EncodeToString(path)), err
	default:
		return nil, refusal.New("unknown-function", "%q, expected account, issue, transfer, claim, balance, escrow or path", function)
	}
}

func (l ledger) tell(a *app.Arguments, key string) ([]byte, error) {
	if a.Fault != nil {
		return nil, a.Fault
	}
	amount, err := l.amount(key)
	if err != nil {
		return nil, err
	}
	return []byte(amount.String()), nil
}

func (l ledger) issue(c *app.Context, a *app.Arguments) error {
	name, to, amount := a.Text(), app.Account(a.Hash()), readAmount(a)
	if a.Fault != nil {
		return a.Fault
	}
	if !assetName.MatchString(name) {
		return refusal.New("bad-name", "%q", name)
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	issuer, err := l.view.Get(issuerKey(name))
	if err != nil {
		return err
	}
	if len(issuer) == 0 {
		if err := l.view.Put(issuerKey(name), client[:]); err != nil {
			return err
		}
	} else if string(issuer) != string(client[:]) {
		return refusal.New("not-issuer", "%q is issued by 0x%x", name, issuer)
	}
	return l.credit(balanceKey(name, to), amount)
}

func (l ledger) transfer(c *app.Context, a *app.Arguments) error {
	asset, to, amount := a.Text(), app.Account(a.Hash()), readAmount(a)
	if a.Fault != nil {
		return a.Fault
	}
	if _, err := l.path(asset); err != nil {
		return err
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	if err := l.debit(balanceKey(asset, client), amount, "balance-too-small"); err != nil {
		return err
	}
	return l.credit(balanceKey(asset, to), amount)
}

func (l ledger) claim(a *app.Arguments) error {
	reference := a.Text()
	if a.Fault != nil {
		return a.Fault
	}
	t, err := l.take(claimKey(reference))
	if err != nil {
		return err
	}
	paid, err := l.refund(t)
	if err == nil && !paid {
		err = refusal.New("escrow-too-small", "the account that it is claimed from does not hold %v", t.amount)
	}
	return err
}
