package host

import "unsafe"

//go:wasmimport weir:action/log@1.0.0 write
func logWrite(level uint32, message unsafe.Pointer, length uint32, some uint32, fields unsafe.Pointer, size uint32)

//go:wasmimport weir:action/variables@1.0.0 get
func variablesGet(name unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport weir:action/variables@1.0.0 set
func variablesSet(name unsafe.Pointer, length uint32, value unsafe.Pointer, size uint32, result unsafe.Pointer)

//go:wasmimport weir:action/variables@1.0.0 remove
func variablesRemove(name unsafe.Pointer, length uint32)

//go:wasmimport weir:action/secrets@1.0.0 placeholder
func secretsPlaceholder(name unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport weir:action/secrets@1.0.0 reveal
func secretsReveal(name unsafe.Pointer, length uint32, result unsafe.Pointer)

// Log writes a line; empty fields are none.
func Log(level uint8, message, fields string) {
	logWrite(uint32(level), data(message), size(message), flag(fields != ""), data(fields), size(fields))
}

// GetVariable is a variable's JSON text.
func GetVariable(name string) (string, bool) {
	variablesGet(data(name), size(name), result())
	if tag(0) == 0 {
		return "", false
	}
	return areaString(4), true
}

// SetVariable sets a variable to JSON text.
func SetVariable(name, value string) *Problem {
	variablesSet(data(name), size(name), data(value), size(value), result())
	if tag(0) == 0 {
		return nil
	}
	return &Problem{Text: areaString(4)}
}

// RemoveVariable removes a variable.
func RemoveVariable(name string) { variablesRemove(data(name), size(name)) }

// SecretPlaceholder is the stand-in for a secret.
func SecretPlaceholder(name string) (string, *Problem) {
	secretsPlaceholder(data(name), size(name), result())
	return secret()
}

// RevealSecret is a secret's value.
func RevealSecret(name string) (string, *Problem) {
	secretsReveal(data(name), size(name), result())
	return secret()
}

func secret() (string, *Problem) {
	if tag(0) != 0 {
		return "", &Problem{Code: tag(4)}
	}
	return areaString(4), nil
}
