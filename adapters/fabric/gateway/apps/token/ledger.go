// SPDX-License-Identifier: Apache-2.0

package token

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"regexp"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/app"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/state"
)

// An asset is called by its name if it is at home here, else by the hash of its path (64 hex digits, which no name has).

func balanceKey(asset string, account app.Account) string {
	return "balance/" + asset + "/" + account.Hex()
}
func escrowKey(account, asset string) string { return "escrow/" + account + "/" + asset }
func issuerKey(asset string) string          { return "issuer/" + asset }
func pathKey(asset string) string            { return "path/" + asset }
func claimKey(reference string) string       { return "claim/" + reference }

var assetName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)

// ledger is who has how much.
type ledger struct{ view *state.View }

// amount that a key holds.
func (l ledger) amount(key string) (*big.Int, error) {
	value, err := l.view.Get(key)
	if err != nil || len(value) == 0 {
		return new(big.Int), err
	}
	amount, ok := new(big.Int).SetString(string(value), 10)
	if !ok {
		return nil, fmt.Errorf("amount %q: %q", key, value)
	}
	return amount, nil
}

func (l ledger) set(key string, amount *big.Int) error {
	if amount.Sign() == 0 {
		return l.view.Delete(key)
	}
	return l.view.Put(key, []byte(amount.String()))
}

func (l ledger) credit(key string, amount *big.Int) error {
	held, err := l.amount(key)
	if err != nil {
		return err
	}
	return l.set(key, held.Add(held, amount))
}

func (l ledger) debit(key string, amount *big.Int, code string) error {
	held, err := l.amount(key)
	if err != nil {
		return err
	}
	if held.Cmp(amount) < 0 {
		return refusal.New(code, "%v, needed are %v", held, amount)
	}
	return l.set(key, held.Sub(held, amount))
}

// path of an asset that is known here.
func (l ledger) path(asset string) ([]byte, error) {
	if id, err := hex.DecodeString(asset); err == nil && len(id) == len(digest.Hash{}) {
		path, err := l.view.Get(pathKey(asset))
		if err == nil && len(path) == 0 {
			err = unknownAsset(asset)
		}
		return path, err
	}
	if !assetName.MatchString(asset) {
		return nil, unknownAsset(asset)
	}
	issued, err := l.view.Has(issuerKey(asset))
	if err == nil && !issued {
		err = unknownAsset(asset)
	}
	return []byte(asset), err
}

// named is the asset that a path of this bridge names.
func (l ledger) named(path []byte) (asset string, err error) {
	asset = string(path)
	if len(path) > 32 {
		asset = digest.Keccak(path).Hex()
	}
	_, err = l.path(asset)
	return asset, err
}

// voucher is the asset of a path, made known when it first comes.
func (l ledger) voucher(path []byte) (asset string, err error) {
	if len(path) > maxPath {
		return "", refusal.New("path-too-long", "%d bytes, at most %d", len(path), maxPath)
	}
	asset = digest.Keccak(path).Hex()
	known, err := l.view.Has(pathKey(asset))
	if err != nil || known {
		return asset, err
	}
	return asset, l.view.Put(pathKey(asset), path)
}

func unknownAsset(asset string) error { return refusal.New("unknown-asset", "%q", asset) }
