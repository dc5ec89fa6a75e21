// SPDX-License-Identifier: Apache-2.0

package app

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"

	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"

	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/refusal"
	"github.com/causeway-bridge/causeway/adapters/fabric/gateway/rlp"
)

// Account of a client: SHA-256 of RLP[MSP id, certificate's subject (DER), certificate's issuer (DER)]. A certificate that
// is renewed under the same names keeps it; the MSP id is in it, since nothing keeps another organisation's authority from
// using the same names.
type Account [32]byte

// String is 0x and lower-case hex.
func (a Account) String() string { return "0x" + hex.EncodeToString(a[:]) }

// Hex is lower-case hex without 0x, as it stands in state keys.
func (a Account) Hex() string { return hex.EncodeToString(a[:]) }

// Client is the account of the client that signed the transaction.
func (c *Context) Client() (Account, error) {
	creator, err := c.Stub.GetCreator()
	if err != nil {
		return Account{}, fmt.Errorf("read the transaction's creator: %w", err)
	}
	var identity msp.SerializedIdentity
	if err := proto.Unmarshal(creator, &identity); err != nil {
		return Account{}, refusal.New("bad-identity", "%v", err)
	}
	block, _ := pem.Decode(identity.GetIdBytes())
	if block == nil {
		return Account{}, refusal.New("bad-identity", "no certificate in PEM")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return Account{}, refusal.New("bad-identity", "%v", err)
	}
	return sha256.Sum256(rlp.List(
		rlp.Text(identity.GetMspid()), rlp.Bytes(certificate.RawSubject), rlp.Bytes(certificate.RawIssuer),
	)), nil
}
