// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"strings"
	"testing"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/abi"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/digest"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/internal/fabrictest"
)

// two islands, a user of the first has 100 coal.
func two(t *testing.T) (a, b *island) {
	t.Helper()
	a, b = newIsland(t, "a"), newIsland(t, "b")
	a.must(0, "issue", "coal", a.accounts[0], "100")
	return a, b
}

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s, expected %s", what, got, want)
	}
}

func TestTokensGoOutAsVouchersAndComeHomeAsThemselves(t *testing.T) {
	a, b := two(t)
	out := a.sendTo(b, 0, "coal", "30", 1)
	equal(t, "the sender's", a.balance("coal", 0), "70")
	equal(t, "kept for b", a.must(0, "escrow", b.ID.String(), tokenApp, "coal"), "30")
	if err := b.deliver(out); err != nil {
		t.Fatal(err)
	}
	asset := voucher(a.ID, tokenApp, "coal")
	equal(t, "the receiver's vouchers", b.balance(asset, 1), "30")
	equal(t, "the voucher's path", b.must(0, "path", asset), "0x"+a.ID.Hex()+"05"+tokenApp[2:]+"636f616c")
	if err := a.settle(delivered(out)); err != nil {
		t.Fatal(err)
	}
	equal(t, "still kept", a.must(0, "escrow", b.ID.String(), tokenApp, "coal"), "30")

	home := b.sendTo(a, 1, asset, "12", 2)
	equal(t, "vouchers left", b.held("balance", asset).String(), "18")
	if err := a.deliver(home); err != nil {
		t.Fatal(err)
	}
	if err := b.settle(delivered(home)); err != nil {
		t.Fatal(err)
	}
	equal(t, "released", a.balance("coal", 2), "12")
	equal(t, "kept for b", a.must(0, "escrow", b.ID.String(), tokenApp, "coal"), "18")
}

// The bytes that the Solidity TokenBridge decodes with abi.decode(payload, (uint8, bytes, bytes, uint256)).
func TestThePayloadIsTheSolidityBridges(t *testing.T) {
	a, _ := two(t)
	bridge := "0x" + strings.Repeat("cc", 20)
	if _, err := a.send(0, digest.Keccak([]byte("evm")), bridge, "coal", "30", "0x"+strings.Repeat("dd", 20)); err != nil {
		t.Fatal(err)
	}
	sent := a.Number()[0].Packet
	r := abi.Open(sent.Payload, 4)
	kind, path, to, amount := r.Uint8(), string(r.Bytes()), r.Bytes(), r.Uint()
	if err := r.Close(); err != nil || kind != 0 || path != "coal" || len(to) != 20 || to[0] != 0xdd || amount.Int64() != 30 {
		t.Errorf("%d %q %x %v %v", kind, path, to, amount, err)
	}
	if string(sent.Receiver) != strings.Repeat("\xcc", 20) {
		t.Errorf("the receiver is %x", sent.Receiver)
	}
}

func TestARefundExactlyInvertsItsSend(t *testing.T) {
	a, b := two(t)
	for name, end := range map[string]func(fabrictest.Delivery) fabrictest.Settlement{
		"expired":  expired,
		"rejected": func(d fabrictest.Delivery) fabrictest.Settlement { s := delivered(d); s.Success = false; return s },
	} {
		out := a.sendTo(b, 0, "coal", "30", 1)
		if err := a.settle(end(out)); err != nil {
			t.Fatal(err)
		}
		equal(t, name+": the sender's", a.balance("coal", 0), "100")
		equal(t, name+": kept", a.held("escrow", "coal").String(), "0")
	}
	out := a.sendTo(b, 0, "coal", "30", 1)
	if err := b.deliver(out); err != nil {
		t.Fatal(err)
	}
	asset := voucher(a.ID, tokenApp, "coal")
	home := b.sendTo(a, 1, asset, "10", 2)
	if err := b.settle(expired(home)); err != nil {
		t.Fatal(err)
	}
	equal(t, "vouchers made again", b.balance(asset, 1), "30")
}

func TestTwoCreditsOfOneAccountInOneTransactionAddUp(t *testing.T) {
	a, b := two(t)
	first, second, third := a.sendTo(b, 0, "coal", "30", 1), a.sendTo(b, 0, "coal", "5", 1), a.sendTo(b, 0, "coal", "7", 2)
	if err := b.deliver(first, second, third); err != nil {
		t.Fatal(err)
	}
	asset := voucher(a.ID, tokenApp, "coal")
	equal(t, "the account's", b.balance(asset, 1), "35")
	x, y := b.sendTo(a, 1, asset, "20", 2), b.sendTo(a, 1, asset, "15", 2)
	if err := a.deliver(x, y); err != nil {
		t.Fatal(err)
	}
	equal(t, "released", a.balance("coal", 2), "35")
	equal(t, "kept", a.held("escrow", "coal").String(), "7")
	u, v := a.sendTo(b, 0, "coal", "1", 1), a.sendTo(b, 0, "coal", "2", 1)
	if err := a.settle(expired(u), expired(v)); err != nil {
		t.Fatal(err)
	}
	equal(t, "refunded twice", a.balance("coal", 0), "58")
}

func TestTwoReturnsInOneTransactionCannotReleaseMoreThanIsKept(t *testing.T) {
	a, b := two(t)
	if err := b.deliver(a.sendTo(b, 0, "coal", "30", 1)); err != nil {
		t.Fatal(err)
	}
	one := a.forged(b.ID, tokenApp, 1, 1, []byte("coal"), a.accounts[2], 20)
	other := a.forged(b.ID, tokenApp, 2, 1, []byte("coal"), a.accounts[2], 20)
	if err := a.deliver(one, other); err == nil || !strings.Contains(err.Error(), "escrow-too-small") {
		t.Errorf("%v", err)
	}
	if err := a.deliver(one); err != nil {
		t.Error(err)
	}
}

func TestARemoteReachesNothingButWhatCameFromIt(t *testing.T) {
	a, b := two(t)
	if err := b.deliver(a.sendTo(b, 0, "coal", "30", 1)); err != nil {
		t.Fatal(err)
	}
	liar := digest.Keccak([]byte("lying island"))
	for name, d := range map[string]fabrictest.Delivery{
		"another gateway":     a.forged(liar, tokenApp, 1, 1, []byte("coal"), a.accounts[2], 1),
		"another application": a.forged(b.ID, "0x626f617264", 1, 1, []byte("coal"), a.accounts[2], 1),
		"more than came":      a.forged(b.ID, tokenApp, 9, 1, []byte("coal"), a.accounts[2], 31),
	} {
		if err := a.deliver(d); err == nil || !strings.Contains(err.Error(), "escrow-too-small") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What it makes up is its own voucher: not coal, and not b's.
	if err := a.deliver(a.forged(liar, tokenApp, 1, 0, []byte("coal"), a.accounts[2], 1_000)); err != nil {
		t.Fatal(err)
	}
	equal(t, "coal", a.balance("coal", 2), "0")
	equal(t, "the liar's voucher", a.balance(voucher(liar, tokenApp, "coal"), 2), "1000")
}

func TestForgedReturnsNeverKeepARefundFromEnding(t *testing.T) {
	a, b := two(t)
	out := a.sendTo(b, 0, "coal", "30", 1)
	if err := a.deliver(a.forged(b.ID, tokenApp, 1, 1, []byte("coal"), a.accounts[2], 20)); err != nil {
		t.Fatal(err)
	}
	if err := a.settle(expired(out)); err != nil {
		t.Fatal(err)
	}
	equal(t, "the sender's", a.balance("coal", 0), "70")
	var claim string
	for _, key := range a.Keys("token") {
		if rest, ok := strings.CutPrefix(key, "claim/"); ok {
			claim = rest
		}
	}
	a.refused("escrow-too-small", 1, "claim", claim)
	a.must(0, "transfer", "coal", a.accounts[1], "50")
	a.sendTo(b, 1, "coal", "25", 1)
	a.must(1, "claim", claim)
	equal(t, "claimed", a.balance("coal", 0), "50")
	equal(t, "left for b", a.held("escrow", "coal").String(), "5")
	a.refused("unknown-transfer", 1, "claim", claim)
	a.refused("bad-arguments", 1, "claim")
}

func TestAVoucherThatGoesOnIsKeptLikeAnyToken(t *testing.T) {
	a, b := two(t)
	c := newIsland(t, "c")
	if err := b.deliver(a.sendTo(b, 0, "coal", "30", 1)); err != nil {
		t.Fatal(err)
	}
	atB := voucher(a.ID, tokenApp, "coal")
	onward := b.sendTo(c, 1, atB, "10", 0)
	if err := c.deliver(onward); err != nil {
		t.Fatal(err)
	}
	equal(t, "kept at b", b.must(0, "escrow", c.ID.String(), tokenApp, atB), "10")
	path := string(a.ID[:]) + "\x05token" + "coal"
	atC := voucher(b.ID, tokenApp, path)
	equal(t, "at c", c.balance(atC, 0), "10")
	if err := b.deliver(c.sendTo(b, 0, atC, "10", 2)); err != nil {
		t.Fatal(err)
	}
	equal(t, "back at b", b.balance(atB, 2), "10")
	equal(t, "nothing kept at b", b.held("escrow", atB).String(), "0")
}

func TestAVoucherWithoutANameAtHomeIsKeptAndNotReturned(t *testing.T) {
	a, b := two(t)
	if err := a.deliver(a.forged(b.ID, tokenApp, 1, 0, nil, a.accounts[0], 10)); err != nil {
		t.Fatal(err)
	}
	asset := voucher(b.ID, tokenApp, "")
	a.sendTo(b, 0, asset, "10", 0)
	equal(t, "kept", a.held("escrow", asset).String(), "10")
}

func TestPacketsThatNoBridgeSendsAreRefused(t *testing.T) {
	a, b := two(t)
	if err := b.deliver(a.sendTo(b, 0, "coal", "30", 1)); err != nil {
		t.Fatal(err)
	}
	garbled := a.forged(b.ID, tokenApp, 1, 0, []byte("coal"), a.accounts[0], 1)
	garbled.Packet.Payload = append(garbled.Packet.Payload, 0)
	long := make([]byte, 1024-32-1-5+1)
	for name, c := range map[string]struct {
		code string
		d    fabrictest.Delivery
	}{
		"another kind":             {"unknown-kind", a.forged(b.ID, tokenApp, 1, 2, []byte("coal"), a.accounts[0], 1)},
		"nothing":                  {"bad-recipient", a.forged(b.ID, tokenApp, 1, 0, []byte("coal"), a.accounts[0], 0)},
		"an EVM address":           {"bad-recipient", a.forged(b.ID, tokenApp, 1, 0, []byte("coal"), "0x"+strings.Repeat("cc", 20), 1)},
		"bytes behind the payload": {"bad-payload", garbled},
		"a long path":              {"path-too-long", a.forged(b.ID, tokenApp, 1, 0, long, a.accounts[0], 1)},
		"an unknown token":         {"unknown-asset", a.forged(b.ID, tokenApp, 1, 1, []byte("gold"), a.accounts[0], 1)},
		"an unknown voucher":       {"unknown-asset", a.forged(b.ID, tokenApp, 1, 1, long, a.accounts[0], 1)},
		"no token":                 {"unknown-asset", a.forged(b.ID, tokenApp, 1, 1, nil, a.accounts[0], 1)},
	} {
		if err := a.deliver(c.d); err == nil || !strings.Contains(err.Error(), c.code) {
			t.Errorf("%s: %v, expected %s", name, err, c.code)
		}
	}
	if err := a.deliver(a.forged(b.ID, tokenApp, 1, 0, long[1:], a.accounts[0], 1)); err != nil {
		t.Errorf("a path of 1024 bytes: %v", err)
	}
}

func TestClientsSpendOnlyWhatIsTheirs(t *testing.T) {
	a, b := two(t)
	for name, c := range map[string]struct {
		code                   string
		user                   int
		asset, amount, app, to string
	}{
		"more than there is":   {"balance-too-small", 0, "coal", "101", tokenApp, b.accounts[0]},
		"another's":            {"balance-too-small", 1, "coal", "1", tokenApp, b.accounts[0]},
		"nothing":              {"bad-amount", 0, "coal", "0", tokenApp, b.accounts[0]},
		"less than nothing":    {"bad-amount", 0, "coal", "-1", tokenApp, b.accounts[0]},
		"a padded number":      {"bad-amount", 0, "coal", "01", tokenApp, b.accounts[0]},
		"more than 256 bits":   {"bad-amount", 0, "coal", "1" + strings.Repeat("0", 78), tokenApp, b.accounts[0]},
		"an unknown token":     {"unknown-asset", 0, "gold", "1", tokenApp, b.accounts[0]},
		"an unknown voucher":   {"unknown-asset", 0, strings.Repeat("ab", 32), "1", tokenApp, b.accounts[0]},
		"a key of the state":   {"unknown-asset", 0, "coal/x", "1", tokenApp, b.accounts[0]},
		"a long application":   {"app-too-long", 0, "coal", "1", "0x" + strings.Repeat("cc", 65), b.accounts[0]},
		"text for a recipient": {"bad-arguments", 0, "coal", "1", tokenApp, "bob"},
	} {
		_, err := a.send(c.user, b.ID, c.app, c.asset, c.amount, c.to)
		if err == nil || !strings.Contains(err.Error(), c.code) {
			t.Errorf("%s: %v, expected %s", name, err, c.code)
		}
	}
	a.refused("balance-too-small", 1, "transfer", "coal", a.accounts[2], "1")
	a.refused("unknown-asset", 0, "transfer", "gold", a.accounts[2], "1")
	a.refused("bad-amount", 0, "transfer", "coal", a.accounts[2], "0")
	a.must(0, "transfer", "coal", a.accounts[0], "100")
	equal(t, "sent to oneself", a.balance("coal", 0), "100")
}

func TestANameBelongsToItsFirstIssuer(t *testing.T) {
	a, _ := two(t)
	a.refused("not-issuer", 1, "issue", "coal", a.accounts[1], "1")
	a.must(0, "issue", "coal", a.accounts[1], "1")
	for _, name := range []string{"", "co al", "coal/x", strings.Repeat("a", 33), "-coal"} {
		a.refused("bad-name", 0, "issue", name, a.accounts[0], "1")
	}
	a.refused("bad-arguments", 0, "issue", "coal")
	a.refused("unknown-function", 0, "mint")
	a.refused("bad-arguments", 0, "balance", "coal")
	a.refused("bad-arguments", 0, "path")
	a.refused("unknown-asset", 0, "path", "gold")
}
