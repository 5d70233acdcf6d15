package action

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Reads JSON text as a T: defaults first, then the text, then what is required. Errors are invalid and name the place.
func read[T any](what, text string, strict bool) (T, error) {
	value, err := decode[T](text, strict)
	if err != nil {
		return value, Invalid("%s", readable(what, err))
	}
	shape := reflect.TypeFor[T]()
	if hasRequired(shape, nil) {
		if path := missing(shape, []byte(text), ""); path != "" {
			return value, Invalid("%s: `%s` is missing", what, path)
		}
	}
	return value, nil
}

func decode[T any](text string, strict bool) (T, error) {
	var value T
	setDefaults(reflect.ValueOf(&value).Elem())
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if strict {
		decoder.DisallowUnknownFields()
	}
	if err := decoder.Decode(&value); err != nil {
		return value, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return value, errors.New("there is more than one JSON value")
	}
	return value, nil
}

// JSON text without the escapes that are for HTML.
func write(value any) (string, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	return strings.TrimSuffix(buffer.String(), "\n"), nil
}

func readable(what string, err error) string {
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		if mismatch.Field != "" {
			what += " at `" + mismatch.Field + "`"
		}
		found := mismatch.Value
		if digits, isNumber := strings.CutPrefix(found, "number "); isNumber {
			found = digits
		}
		return fmt.Sprintf("%s: expected %s, found %s", what, expected(mismatch.Type), found)
	}
	return what + ": " + strings.TrimPrefix(err.Error(), "json: ")
}

func expected(wanted reflect.Type) string {
	switch kind := wanted.Kind(); kind {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Int8, reflect.Int16, reflect.Int32:
		half := int64(1) << (wanted.Bits() - 1)
		return fmt.Sprintf("a whole number from %d to %d", -half, half-1)
	case reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return "a whole number from 0 on"
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return fmt.Sprintf("a whole number from 0 to %d", uint64(1)<<wanted.Bits()-1)
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.String:
		return "a string"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	default:
		return wanted.String()
	}
}
