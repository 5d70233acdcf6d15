package host

import (
	"math"
	"unsafe"
)

//go:wasmimport weir:action/payload@1.0.0 kind-of
func payloadKindOf(pointer unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport weir:action/payload@1.0.0 scalar
func payloadScalar(pointer unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport weir:action/payload@1.0.0 len
func payloadLen(pointer unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport weir:action/payload@1.0.0 keys
func payloadKeys(pointer unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport weir:action/payload@1.0.0 slice
func payloadSlice(pointer unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport weir:action/payload@1.0.0 raw
func payloadRaw(result unsafe.Pointer)

// PayloadKind is the kind of the value that a JSON Pointer leads to.
func PayloadKind(pointer string) (uint8, bool) {
	payloadKindOf(data(pointer), size(pointer), result())
	return tag(1), tag(0) != 0
}

// PayloadScalar is a single value of the input.
func PayloadScalar(pointer string) (Scalar, bool) {
	payloadScalar(data(pointer), size(pointer), result())
	if tag(0) == 0 {
		return Scalar{}, false
	}
	scalar := Scalar{Kind: tag(8)}
	switch scalar.Kind {
	case ScalarBoolean:
		scalar.Boolean = tag(16) != 0
	case ScalarInteger:
		scalar.Integer = int64(area[2])
	case ScalarFloat:
		scalar.Float = math.Float64frombits(area[2])
	case ScalarText:
		scalar.Text = areaString(16)
	}
	return scalar, true
}

// PayloadLen is the number of items, entries or bytes.
func PayloadLen(pointer string) (int, bool) {
	payloadLen(data(pointer), size(pointer), result())
	return int(word(4)), tag(0) != 0
}

// PayloadKeys are the keys of an object.
func PayloadKeys(pointer string) []string {
	payloadKeys(data(pointer), size(pointer), result())
	return takeStrings(word(0), word(4))
}

// PayloadSlice is a part of the input as JSON text.
func PayloadSlice(pointer string) (string, bool) {
	payloadSlice(data(pointer), size(pointer), result())
	if tag(0) == 0 {
		return "", false
	}
	return areaString(4), true
}

// PayloadRaw is the whole input.
func PayloadRaw() []byte {
	payloadRaw(result())
	return take(word(0), word(4))
}
