package action

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"
)

// SchemaOf is the JSON Schema (2020-12) of a type as encoding/json writes it; `{}` where it allows everything.
//
//	type Config struct {
//		Hot     int            `json:"hot" doc:"The score from which a lead is hot." schema:"default=60,min=0"`
//		Mode    string         `json:"mode" schema:"required,enum=fast|safe"`
//		Weights map[string]int `json:"weights"`
//	}
//
// The tag `doc` is the description. The tag `schema` has rules with commas between them: `required`, `default=…`,
// `min=…`, `max=…`, `minLength=…`, `maxLength=…`, `pattern=…` (without commas), `format=…`, `enum=a|b` and `title=…`.
// The SDK itself keeps `required` and `default` (of structs, not of those inside lists and maps); the others are the
// schema's. A struct used as Config takes no names that it does not have. A type with a method
// `JSONSchema() string` says its schema itself.
func SchemaOf[T any]() string {
	text, err := write(schemaOf(reflect.TypeFor[T](), nil))
	if err != nil {
		panic(err) // only what literal and JSONSchema gave, and it was checked
	}
	return text
}

// An object that keeps its order.
type object struct{ entries []entry }

type entry struct {
	name  string
	value any
}

func (o *object) set(name string, value any) { o.entries = append(o.entries, entry{name, value}) }

// MarshalJSON writes the entries in their order.
func (o *object) MarshalJSON() ([]byte, error) {
	var buffer bytes.Buffer
	buffer.WriteByte('{')
	for index, one := range o.entries {
		if index > 0 {
			buffer.WriteByte(',')
		}
		name, err := write(one.name)
		if err != nil {
			return nil, err
		}
		value, err := write(one.value)
		if err != nil {
			return nil, err
		}
		buffer.WriteString(name + ":" + value)
	}
	buffer.WriteByte('}')
	return buffer.Bytes(), nil
}

func typed(name string) *object { return &object{[]entry{{"type", name}}} }

func schemaOf(shape reflect.Type, above []reflect.Type) *object {
	shape = pointee(shape)
	if schema := special(shape); schema != nil {
		return schema
	}
	switch kind := shape.Kind(); {
	case kind == reflect.Bool:
		return typed("boolean")
	case kind >= reflect.Int && kind <= reflect.Int64:
		return typed("integer")
	case kind >= reflect.Uint && kind <= reflect.Uintptr:
		schema := typed("integer")
		schema.set("minimum", 0)
		return schema
	case kind == reflect.Float32 || kind == reflect.Float64:
		return typed("number")
	case kind == reflect.String:
		return typed("string")
	case kind == reflect.Slice && shape.Elem().Kind() == reflect.Uint8:
		schema := typed("string")
		schema.set("contentEncoding", "base64")
		return schema
	case slices.Contains(above, shape):
		return &object{} // a type inside itself: what is below says nothing
	case kind == reflect.Slice || kind == reflect.Array:
		schema := typed("array")
		schema.set("items", schemaOf(shape.Elem(), append(above, shape)))
		return schema
	case kind == reflect.Map:
		schema := typed("object")
		schema.set("additionalProperties", schemaOf(shape.Elem(), append(above, shape)))
		return schema
	case kind == reflect.Struct:
		return structSchema(shape, append(above, shape))
	}
	return &object{}
}

// Types whose JSON is not what their Go form suggests.
func special(shape reflect.Type) *object {
	if own, ok := reflect.New(shape).Interface().(interface{ JSONSchema() string }); ok {
		var entries map[string]json.RawMessage
		if err := json.Unmarshal([]byte(own.JSONSchema()), &entries); err != nil {
			panic("JSONSchema of " + shape.String() + " is no JSON object: " + err.Error())
		}
		schema := &object{}
		for name, value := range entries {
			schema.set(name, value)
		}
		slices.SortFunc(schema.entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
		return schema
	}
	pointer := reflect.PointerTo(shape)
	switch {
	case shape == reflect.TypeFor[time.Time]():
		schema := typed("string")
		schema.set("format", "date-time")
		return schema
	case shape == reflect.TypeFor[json.Number]():
		return typed("number")
	case pointer.Implements(reflect.TypeFor[json.Marshaler]()):
		return &object{}
	case pointer.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return typed("string")
	}
	return nil
}

func structSchema(shape reflect.Type, above []reflect.Type) *object {
	properties, required := &object{}, []string{}
	addFields(shape, above, properties, &required)
	schema := typed("object")
	schema.set("properties", properties)
	if len(required) > 0 {
		schema.set("required", required)
	}
	return schema
}

func addFields(shape reflect.Type, above []reflect.Type, properties *object, required *[]string) {
	for _, one := range fieldsOf(shape) {
		if one.embedded {
			addFields(pointee(one.shape), above, properties, required)
			continue
		}
		schema := schemaOf(one.shape, above)
		if one.doc != "" {
			schema.set("description", one.doc)
		}
		rules(schema, one)
		properties.set(one.name, schema)
		if one.required {
			*required = append(*required, one.name)
		}
	}
}

// The keywords that rules stand for, in the order in which they are written.
var keywords = [][2]string{
	{"title", "title"}, {"format", "format"}, {"pattern", "pattern"},
	{"min", "minimum"}, {"max", "maximum"}, {"minLength", "minLength"}, {"maxLength", "maxLength"},
}

func rules(schema *object, one field) {
	for _, keyword := range keywords {
		value, found := one.rules[keyword[0]]
		if !found {
			continue
		}
		schema.entries = slices.DeleteFunc(schema.entries, func(e entry) bool { return e.name == keyword[1] })
		switch keyword[0] {
		case "title", "format", "pattern":
			schema.set(keyword[1], value)
		default:
			schema.set(keyword[1], literal(reflect.TypeFor[float64](), value))
		}
	}
	if choices, found := one.rules["enum"]; found {
		var values []json.RawMessage
		for _, choice := range strings.Split(choices, "|") {
			values = append(values, literal(one.shape, choice))
		}
		schema.set("enum", values)
	}
	if value, found := one.rules["default"]; found {
		schema.set("default", literal(one.shape, value))
	}
}
