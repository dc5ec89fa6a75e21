// SPDX-License-Identifier: Apache-2.0

// Package refusal holds the one kind of error that leaves a chaincode: a stable code and what was expected and came.
package refusal

import (
	"errors"
	"fmt"
)

// Refusal is why a call was refused. Its text is "code: detail".
type Refusal struct {
	// Code is stable: programs may depend on it.
	Code   string
	Detail string
}

func (r *Refusal) Error() string { return r.Code + ": " + r.Detail }

// New refuses.
func New(code, format string, arguments ...any) error {
	return &Refusal{Code: code, Detail: fmt.Sprintf(format, arguments...)}
}

// Of names the thing that is refused: "code: thing: detail". Other errors keep their own text behind the thing.
func Of(thing string, err error) error {
	var refused *Refusal
	if errors.As(err, &refused) {
		return &Refusal{Code: refused.Code, Detail: thing + ": " + refused.Detail}
	}
	return fmt.Errorf("%s: %w", thing, err)
}

// Code of an error: of the refusal in it, or nothing.
func Code(err error) string {
	var refused *Refusal
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}
