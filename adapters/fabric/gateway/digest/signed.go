// SPDX-License-Identifier: Apache-2.0

package digest

// Kind of an attestation: the first two are for the destination gateway, the others for the source gateway.
type Kind uint8

// The kinds.
const (
	Deliver Kind = 1
	Refuse  Kind = 2
	Result  Kind = 3
	Expired Kind = 4
	Void    Kind = 5
)

var (
	attestationType = tag("Attestation(uint8 kind,bytes32 packet,bool success,bytes32 result)")
	batchType       = tag("Batch(uint64 epoch,uint32 count,bytes32 root)")
	rotationType    = tag("Rotation(uint64 epoch,uint8 threshold,address[] attestors)")
	actType         = tag("Act(uint64 number,string name,bytes arguments)")
	domainType      = tag("EIP712Domain(string name,string version,bytes32 salt)")
	domainName      = tag("Causeway")
	domainVersion   = tag("1")
)

// Attestation is the struct hash that becomes a leaf of a batch's tree. Success and result (the hash of the result's
// bytes) are zero except in kind Result.
func Attestation(kind Kind, packet Hash, success bool, result Hash) Hash {
	return words(attestationType, number(uint64(kind)), packet, boolean(success), result)
}

// Batch is what attestors sign for a batch that this gateway checks.
func Batch(gateway Hash, epoch, count uint64, root Hash) Hash {
	return typed(gateway, words(batchType, number(epoch), number(count), root))
}

// Rotation is what the current attestors sign to hand over to the next set.
func Rotation(gateway Hash, epoch, threshold uint64, attestors []Address) Hash {
	list := make([]Hash, len(attestors))
	for i, attestor := range attestors {
		copy(list[i][12:], attestor[:])
	}
	return typed(gateway, words(rotationType, number(epoch), number(threshold), words(list...)))
}

// Act is what the owner of a gateway signs to act on it.
func Act(gateway Hash, actNumber uint64, name string, arguments []byte) Hash {
	return typed(gateway, words(actType, number(actNumber), tag(name), Keccak(arguments)))
}

// typed is EIP-712's digest under the domain of the gateway that checks.
func typed(gateway, structure Hash) Hash {
	domain := words(domainType, domainName, domainVersion, gateway)
	return Keccak([]byte{0x19, 0x01}, domain[:], structure[:])
}
