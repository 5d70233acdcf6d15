//go:build !wasip1

package host

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// The value that a JSON Pointer (RFC 6901) leads to, as text.
func at(pointer string) (json.RawMessage, bool) {
	s, unlock := locked()
	value := json.RawMessage(s.Payload)
	unlock()
	if pointer == "" {
		return value, true
	}
	if pointer[0] != '/' {
		return nil, false
	}
	for _, part := range strings.Split(pointer[1:], "/") {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		var entries map[string]json.RawMessage
		var items []json.RawMessage
		if json.Unmarshal(value, &entries) == nil {
			next, found := entries[part]
			if !found {
				return nil, false
			}
			value = next
			continue
		}
		index, err := strconv.Atoi(part)
		if json.Unmarshal(value, &items) != nil || err != nil || index < 0 || index >= len(items) {
			return nil, false
		}
		value = items[index]
	}
	return bytes.TrimSpace(value), true
}

// PayloadKind is the kind of the value that a JSON Pointer leads to.
func PayloadKind(pointer string) (uint8, bool) {
	text, found := at(pointer)
	if !found || len(text) == 0 {
		return 0, false
	}
	switch text[0] {
	case 'n':
		return 0, true
	case 't', 'f':
		return 1, true
	case '"':
		return 3, true
	case '[':
		return 4, true
	case '{':
		return 5, true
	default:
		return 2, true
	}
}

// PayloadScalar is a single value of the input.
func PayloadScalar(pointer string) (Scalar, bool) {
	text, found := at(pointer)
	if !found {
		return Scalar{}, false
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return Scalar{}, false
	}
	switch value := value.(type) {
	case nil:
		return Scalar{Kind: ScalarNull}, true
	case bool:
		return Scalar{Kind: ScalarBoolean, Boolean: value}, true
	case string:
		return Scalar{Kind: ScalarText, Text: value}, true
	case json.Number:
		if whole, err := value.Int64(); err == nil {
			return Scalar{Kind: ScalarInteger, Integer: whole}, true
		}
		float, err := value.Float64()
		return Scalar{Kind: ScalarFloat, Float: float}, err == nil
	}
	return Scalar{}, false
}

// PayloadLen is the number of items, entries or bytes.
func PayloadLen(pointer string) (int, bool) {
	text, found := at(pointer)
	if !found {
		return 0, false
	}
	var value any
	if json.Unmarshal(text, &value) != nil {
		return 0, false
	}
	switch value := value.(type) {
	case string:
		return len(value), true
	case []any:
		return len(value), true
	case map[string]any:
		return len(value), true
	}
	return 0, false
}

// PayloadKeys are the keys of an object, in their order.
func PayloadKeys(pointer string) []string {
	text, found := at(pointer)
	if !found {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	keys := []string{}
	for decoder.More() {
		key, err := decoder.Token()
		name, isName := key.(string)
		var skipped json.RawMessage
		if err != nil || !isName || decoder.Decode(&skipped) != nil {
			return keys
		}
		keys = append(keys, name)
	}
	return keys
}

// PayloadSlice is a part of the input as JSON text.
func PayloadSlice(pointer string) (string, bool) {
	text, found := at(pointer)
	return string(text), found
}

// PayloadRaw is the whole input.
func PayloadRaw() []byte {
	text, _ := at("")
	return bytes.Clone(text)
}
