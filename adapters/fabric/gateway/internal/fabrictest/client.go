// SPDX-License-Identifier: Apache-2.0

package fabrictest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"

	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
)

// Client is the serialized identity of a client: an organisation's MSP and a certificate for a name from an authority. The
// serial number differs between certificates of one name.
func Client(organisation, authority, name string, serial int64) []byte {
	seed := sha256.Sum256([]byte(authority))
	secret := ed25519.NewKeyFromSeed(seed[:])
	issuer := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: authority}, IsCA: true, BasicConstraintsValid: true}
	subject := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}}
	certificate, err := x509.CreateCertificate(nil, subject, issuer, secret.Public(), secret)
	if err != nil {
		panic(err)
	}
	return marshal(&msp.SerializedIdentity{
		Mspid: organisation, IdBytes: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
	})
}
