// Package payload reads parts of the input by JSON Pointer (RFC 6901), such as `/order/items/0`, without parsing all of
// it in the action. Worth it above a few kilobytes; declare the action's Input as action.Lazy then.
//
//	total, found, err := payload.Get[float64]("/order/total")
package payload

import (
	"encoding/json"
	"fmt"
	"strings"

	"weir.dev/action/internal/host"
)

// Kind is the kind of a JSON value.
type Kind uint8

// The kinds of values.
const (
	Null Kind = iota
	Boolean
	Number
	Text
	Array
	Object
)

// String is the kind's name, in lower case.
func (k Kind) String() string {
	names := [...]string{"null", "boolean", "number", "text", "array", "object"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Get reads the part that a pointer leads to as a T, and says whether there is one. The error says that it is no T.
//
//	items, found, err := payload.Get[[]Item]("/order/items")
func Get[T any](pointer string) (value T, found bool, err error) {
	text, found := host.PayloadSlice(pointer)
	if !found {
		return value, false, nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return value, true, fmt.Errorf("input at %q: %w", pointer, err)
	}
	return value, true, nil
}

// KindOf is the kind of what a pointer leads to; not found where there is nothing.
//
//	kind, found := payload.KindOf("/order/items")
func KindOf(pointer string) (kind Kind, found bool) {
	number, found := host.PayloadKind(pointer)
	return Kind(number), found
}

// Scalar is a value that is no list and no object: nil, bool, int64 where it is whole and fits, float64 or string. It is
// cheaper than [Get]. Not found where there is nothing, or a list or an object.
//
//	value, found := payload.Scalar("/order/total")
func Scalar(pointer string) (value any, found bool) {
	scalar, found := host.PayloadScalar(pointer)
	switch scalar.Kind {
	case host.ScalarBoolean:
		return scalar.Boolean, found
	case host.ScalarInteger:
		return scalar.Integer, found
	case host.ScalarFloat:
		return scalar.Float, found
	case host.ScalarText:
		return scalar.Text, found
	}
	return nil, found
}

// Len is the number of items of a list, of entries of an object, or of bytes of a string; not found for anything else.
//
//	count, found := payload.Len("/order/items")
func Len(pointer string) (length int, found bool) { return host.PayloadLen(pointer) }

// Keys are the keys of an object, in their order; none for anything else.
//
//	for _, key := range payload.Keys("/order") {
//		slog.Debug("has", "key", key)
//	}
func Keys(pointer string) []string { return host.PayloadKeys(pointer) }

// Slice is a part of the input as JSON text; not found where there is nothing.
//
//	text, found := payload.Slice("/order/address")
func Slice(pointer string) (json.RawMessage, bool) {
	text, found := host.PayloadSlice(pointer)
	return json.RawMessage(text), found
}

// Raw is the whole input as JSON text.
//
//	digest := sha256.Sum256(payload.Raw())
func Raw() json.RawMessage { return host.PayloadRaw() }
