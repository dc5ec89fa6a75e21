// SPDX-License-Identifier: Apache-2.0

package digest

var (
	islandTag  = tag("causeway/island/1")
	gatewayTag = tag("causeway/gateway/1")
	laneTag    = tag("causeway/lane/1")
	packetType = tag("Packet(bytes32 source,bytes32 destination,bytes32 lane,uint64 sequence,bytes sender,bytes receiver,uint64 timeout,uint64 budget,bytes payload)")
)

// Packet is one message between two gateways. Its id is the EIP-712 hashStruct of exactly these fields.
type Packet struct {
	// Source is the id of the gateway that sent it.
	Source Hash
	// Destination is the id of the gateway that may accept it.
	Destination Hash
	// Lane is the id of the lane it travels in.
	Lane Hash
	// Sequence is its position in the lane, from 1, without gaps.
	Sequence uint64
	// Sender is who sent it, at most 64 bytes in the source's form (here: the application's chaincode name).
	Sender []byte
	// Receiver is who receives it, at most 64 bytes in the destination's form.
	Receiver []byte
	// Timeout is the last second (Unix, destination time) at which it can be delivered.
	Timeout uint64
	// Budget is what the receiver is guaranteed; it means nothing on Fabric.
	Budget  uint64
	Payload []byte
}

// Terms are what a lane id commits to beside the packet's own fields.
type Terms struct {
	// Name is keccak-256 of the lane's name.
	Name Hash
	// Ordered lanes belong to one sender and one receiver.
	Ordered bool
}

// Island is the id of the chain of this family, with this fingerprint, first trusted at this anchor.
func Island(family string, fingerprint, anchor Hash) Hash {
	return words(islandTag, tag(family), fingerprint, anchor)
}

// Gateway is the id of the gateway at this address (here: the chaincode's name) of an island, born with this value.
func Gateway(island Hash, address []byte, birth Hash) Hash {
	return words(gatewayTag, island, Keccak(address), birth)
}

// Lane is the id of the lane that a packet between these two gateways, sender and receiver travels in.
func Lane(source, destination Hash, terms Terms, sender, receiver []byte) Hash {
	var s, r Hash
	if terms.Ordered {
		s, r = Keccak(sender), Keccak(receiver)
	}
	return words(laneTag, source, destination, terms.Name, boolean(terms.Ordered), s, r)
}

// ID of the packet.
func (p Packet) ID() Hash {
	return words(
		packetType, p.Source, p.Destination, p.Lane, number(p.Sequence), Keccak(p.Sender), Keccak(p.Receiver),
		number(p.Timeout), number(p.Budget), Keccak(p.Payload),
	)
}

// LaneFits tells whether the packet's lane is the one of these terms.
func (p Packet) LaneFits(terms Terms) bool {
	return p.Lane == Lane(p.Source, p.Destination, terms, p.Sender, p.Receiver)
}
