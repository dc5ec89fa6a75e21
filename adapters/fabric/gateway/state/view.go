// SPDX-License-Identifier: Apache-2.0

// Package state lets a transaction see its own writes. Fabric's GetState answers from the committed state alone, whatever
// the transaction has written before; two items of one call would each find the world as it was before the other.
package state

import (
	"fmt"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
)

// View is a chaincode's state as this transaction leaves it.
//
// A chaincode that is called twice in one transaction sees nothing of its first call in the second: keep one View for a
// transaction, and be called once.
type View struct {
	stub    shim.ChaincodeStubInterface
	written map[string][]byte
}

// New is the view of the transaction of this stub.
func New(stub shim.ChaincodeStubInterface) *View {
	return &View{stub: stub, written: make(map[string][]byte)}
}

// Get is the value of a key, nothing if there is none.
func (v *View) Get(key string) ([]byte, error) {
	if value, ok := v.written[key]; ok {
		return value, nil
	}
	value, err := v.stub.GetState(key)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", key, err)
	}
	return value, nil
}

// Has tells whether a key has a value.
func (v *View) Has(key string) (bool, error) {
	value, err := v.Get(key)
	return len(value) != 0, err
}

// Put writes a value, which must not be empty: Fabric takes an empty value for none.
func (v *View) Put(key string, value []byte) error {
	if len(value) == 0 {
		return fmt.Errorf("write %q: an empty value", key)
	}
	if err := v.stub.PutState(key, value); err != nil {
		return fmt.Errorf("write %q: %w", key, err)
	}
	v.written[key] = value
	return nil
}

// Delete removes a key.
func (v *View) Delete(key string) error {
	if err := v.stub.DelState(key); err != nil {
		return fmt.Errorf("delete %q: %w", key, err)
	}
	v.written[key] = nil
	return nil
}
