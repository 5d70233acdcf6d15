package action

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// What the tags say of one field of a struct.
type field struct {
	name     string
	index    int
	shape    reflect.Type
	doc      string
	optional bool // `omitempty` or `omitzero`
	required bool
	embedded bool // its fields are its struct's own
	rules    map[string]string
}

func fieldsOf(shape reflect.Type) []field {
	var fields []field
	for index := range shape.NumField() {
		raw := shape.Field(index)
		tag, isTagged := raw.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		embedded := raw.Anonymous && name == "" && pointee(raw.Type).Kind() == reflect.Struct
		if tag == "-" || (!raw.IsExported() && !embedded) {
			continue
		}
		if name == "" {
			name = raw.Name
		}
		one := field{name: name, index: index, shape: raw.Type, doc: raw.Tag.Get("doc"), embedded: embedded}
		one.optional = isTagged && (strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero"))
		one.rules = map[string]string{}
		for _, rule := range strings.Split(raw.Tag.Get("schema"), ",") {
			if key, value, _ := strings.Cut(strings.TrimSpace(rule), "="); key != "" {
				one.rules[key] = value
			}
		}
		_, one.required = one.rules["required"]
		fields = append(fields, one)
	}
	return fields
}

func pointee(shape reflect.Type) reflect.Type {
	for shape.Kind() == reflect.Pointer {
		shape = shape.Elem()
	}
	return shape
}

// The JSON text of a rule's value for a type: texts need no quotes in a tag.
func literal(shape reflect.Type, value string) json.RawMessage {
	if pointee(shape).Kind() == reflect.String {
		quoted, _ := json.Marshal(value)
		return quoted
	}
	if !json.Valid([]byte(value)) {
		panic(fmt.Sprintf("the schema tag has %q, which is no JSON for %s", value, shape))
	}
	return json.RawMessage(value)
}

// Whether a type reads and writes itself, so that its fields say nothing.
func isOpaque(shape reflect.Type) bool {
	pointer := reflect.PointerTo(shape)
	for _, own := range []reflect.Type{
		reflect.TypeFor[json.Unmarshaler](), reflect.TypeFor[json.Marshaler](),
		reflect.TypeFor[encoding.TextUnmarshaler](), reflect.TypeFor[encoding.TextMarshaler](),
	} {
		if pointer.Implements(own) {
			return true
		}
	}
	return false
}

func setDefaults(value reflect.Value) {
	if value.Kind() != reflect.Struct || isOpaque(value.Type()) {
		return
	}
	for _, one := range fieldsOf(value.Type()) {
		inside := value.Field(one.index)
		if text, found := one.rules["default"]; found && inside.CanSet() {
			if err := json.Unmarshal(literal(one.shape, text), inside.Addr().Interface()); err != nil {
				panic(fmt.Sprintf("the schema tag of %s.%s: %v", value.Type(), one.name, err))
			}
			continue
		}
		setDefaults(inside)
	}
}

func hasRequired(shape reflect.Type, above []reflect.Type) bool {
	shape = pointee(shape)
	if slices.Contains(above, shape) || isOpaque(shape) {
		return false
	}
	above = append(above, shape)
	switch shape.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		return hasRequired(shape.Elem(), above)
	case reflect.Struct:
		return slices.ContainsFunc(fieldsOf(shape), func(one field) bool {
			return one.required || hasRequired(one.shape, above)
		})
	default:
		return false
	}
}

// The path of the first required field that the text does not have; empty if it has all.
func missing(shape reflect.Type, text []byte, path string) string {
	shape = pointee(shape)
	if !hasRequired(shape, nil) {
		return ""
	}
	switch shape.Kind() {
	case reflect.Struct:
		var entries map[string]json.RawMessage
		if json.Unmarshal(text, &entries) != nil || entries == nil {
			return ""
		}
		return missingField(shape, text, entries, path)
	case reflect.Map:
		var entries map[string]json.RawMessage
		_ = json.Unmarshal(text, &entries) // the type was right already
		for name, entry := range entries {
			if found := missing(shape.Elem(), entry, join(path, name)); found != "" {
				return found
			}
		}
	default:
		var items []json.RawMessage
		_ = json.Unmarshal(text, &items)
		for index, item := range items {
			if found := missing(shape.Elem(), item, join(path, fmt.Sprint(index))); found != "" {
				return found
			}
		}
	}
	return ""
}

func missingField(shape reflect.Type, text []byte, entries map[string]json.RawMessage, path string) string {
	for _, one := range fieldsOf(shape) {
		if one.embedded {
			if found := missing(one.shape, text, path); found != "" {
				return found
			}
			continue
		}
		entry, found := entries[one.name]
		if !found && one.required {
			return join(path, one.name)
		}
		if found {
			if inside := missing(one.shape, entry, join(path, one.name)); inside != "" {
				return inside
			}
		}
	}
	return ""
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
