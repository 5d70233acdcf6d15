//go:build !wasip1

package action

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"weir.dev/action/internal/host"
)

type settings struct {
	Hot   int               `json:"hot" doc:"From here on it is hot." schema:"default=60,min=0"`
	Mode  string            `json:"mode,omitempty" schema:"default=fast,enum=fast|safe"`
	Names map[string]uint16 `json:"names"`
	Inner struct {
		Key  string `json:"key" schema:"required,maxLength=8"`
		Wait *int8  `json:"wait"`
	} `json:"inner"`
	hidden int
}

func TestASchemaSaysWhatTheTagsSay(t *testing.T) {
	want := `{"type":"object","properties":{` +
		`"hot":{"type":"integer","description":"From here on it is hot.","minimum":0,"default":60},` +
		`"mode":{"type":"string","enum":["fast","safe"],"default":"fast"},` +
		`"names":{"type":"object","additionalProperties":{"type":"integer","minimum":0}},` +
		`"inner":{"type":"object","properties":{"key":{"type":"string","maxLength":8},"wait":{"type":"integer"}},` +
		`"required":["key"]}}}`
	if found := SchemaOf[settings](); found != want {
		t.Errorf("\n%s\n%s", found, want)
	}
	type tree struct {
		Made   time.Time
		Below  []tree
		Bytes  []byte
		Any    any
		Number json.Number
	}
	want = `{"type":"object","properties":{"Made":{"type":"string","format":"date-time"},` +
		`"Below":{"type":"array","items":{}},"Bytes":{"type":"string","contentEncoding":"base64"},"Any":{},` +
		`"Number":{"type":"number"}}}`
	if found := SchemaOf[tree](); found != want {
		t.Errorf("\n%s\n%s", found, want)
	}
	if found := SchemaOf[any](); found != "{}" {
		t.Error(found)
	}
}

func TestDefaultsFillInWhatIsMissing(t *testing.T) {
	found, err := readConfig[settings](`{"inner": {"key": "x"}}`)
	if err != nil || found.Hot != 60 || found.Mode != "fast" {
		t.Errorf("%+v %v", found, err)
	}
	if found, err = readConfig[settings](`{"hot": 0, "mode": "", "inner": {"key": ""}}`); err != nil || found.Hot != 0 || found.Mode != "" {
		t.Errorf("%+v %v", found, err)
	}
	_ = found.hidden
}

func TestWhatDoesNotFitIsNamed(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                       "", // `inner` itself is not required
		`null`:                     "",
		` `:                        "",
		`{"inner": {}}`:            "config: `inner.key` is missing",
		`{"hot": "x"}`:             "config at `hot`: expected a whole number, found string",
		`{"hot": 1.5}`:             "config at `hot`: expected a whole number, found 1.5",
		`{"names": {"a": -1}}`:     "config at `names.a`: expected a whole number from 0 to 65535, found -1",
		`{"names": []}`:            "config at `names`: expected an object, found array",
		`{"inner": {"wait": 200}}`: "config at `inner.wait`: expected a whole number from -128 to 127, found 200",
		`{"other": 1}`:             "config: unknown field \"other\"",
		`[]`:                       "config: expected an object, found array",
		`{} {}`:                    "config: there is more than one JSON value",
		`{`:                        "config: unexpected EOF",
	} {
		_, err := readConfig[settings](text)
		if found := fmt.Sprint(err); found != want && (want != "" || err != nil) {
			t.Errorf("%s: %s", text, found)
		}
		var known *Error
		if err != nil && (!errors.As(err, &known) || known.Kind != KindInvalid) {
			t.Errorf("%s is not invalid", text)
		}
	}
	type entries struct {
		Items []struct {
			ID *string `json:"id" schema:"required"`
		} `json:"items"`
	}
	_, err := read[entries]("input", `{"items": [{"id": null}, {}], "more": 1}`, false)
	if fmt.Sprint(err) != "input: `items.1.id` is missing" {
		t.Error(err)
	}
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	const text = `{"a":18446744073709551616,"b":-0.0,"c":1e300,"d":"<&>\u0000é"}`
	value, err := read[any]("input", text, false)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := write(value); again != text || err != nil {
		t.Error(again, err)
	}
}

type passing struct{ error }

func (passing) Retryable() bool { return true }

func TestAnErrorReachesTheFlowAsWhatItIs(t *testing.T) {
	for _, one := range []struct {
		err  error
		kind host.FailureKind
		text string
	}{
		{Invalid("no %d", 7), host.FailureInvalid, "no 7"},
		{fmt.Errorf("lead: %w", Invalid("no")), host.FailureInvalid, "lead: no"},
		{errors.Join(io.EOF, Retry(0, "busy")), host.FailureRetryable, "EOF\nbusy"},
		{fmt.Errorf("store: %w", passing{io.EOF}), host.FailureRetryable, "store: EOF"},
		{io.EOF, host.FailureFailed, `{"message":"EOF"}`},
		{Failed("no", nil), host.FailureFailed, `{"message":"no"}`},
		{Failed("no", map[string]any{"a": 1}), host.FailureFailed, `{"a":1,"message":"no"}`},
		{Failed("no", []int{1}), host.FailureFailed, `{"detail":[1],"message":"no"}`},
		{Failed("no", math.NaN()), host.FailureFailed,
			`{"detail":"the detail is no JSON: json: unsupported value: NaN","message":"no"}`},
	} {
		if found := failureOf(one.err); found.Kind != one.kind || found.Text != one.text {
			t.Errorf("%v: %+v", one.err, found)
		}
	}
	if !errors.Is(Invalid("wrapped: %w", io.EOF), io.EOF) {
		t.Error("the cause is lost")
	}
}

func TestAPauseIsNotCutShort(t *testing.T) {
	for pause, want := range map[time.Duration]string{
		0: "none", -1: "none", 1: "1", time.Millisecond: "1", 1500 * time.Microsecond: "2", math.MaxInt64: "4294967295", 50 * 24 * time.Hour: "4294967295",
	} {
		found := "none"
		if after := failureOf(Retry(pause, "busy")).AfterMs; after != nil {
			found = fmt.Sprint(*after)
		}
		if found != want {
			t.Errorf("%v: %s", pause, found)
		}
	}
}

func definition(run func(input any) (Result[any], error)) Definition[struct{}, any, any] {
	return Definition[struct{}, any, any]{
		Name: "test", Version: "1.0.0", Branches: []string{"hot"},
		Run: func(_ Context, _ struct{}, input any) (Result[any], error) { return run(input) },
	}
}

func TestAResultLeavesByADeclaredBranch(t *testing.T) {
	output, failure := definition(func(input any) (Result[any], error) { return To("hot", input), nil }).
		run(host.Context{}, "", `{"b":1,"a":[]}`)
	if failure != nil || output != (host.Output{Payload: `{"a":[],"b":1}`, Branch: "hot"}) {
		t.Errorf("%+v %+v", output, failure)
	}
	_, failure = definition(func(any) (Result[any], error) { return To[any]("cold", 1), nil }).run(host.Context{}, "{}", "1")
	if failure == nil || failure.Kind != host.FailureFailed || !strings.Contains(failure.Text, `\"cold\", which its definition does not declare`) {
		t.Errorf("%+v", failure)
	}
	_, failure = definition(func(any) (Result[any], error) { return Next[any](math.Inf(1)), nil }).run(host.Context{}, "{}", "1")
	if failure == nil || failure.Text != `{"message":"the output is no JSON: json: unsupported value: +Inf"}` {
		t.Errorf("%+v", failure)
	}
}

func TestAPanicNamesItsLine(t *testing.T) {
	_, failure := definition(func(any) (Result[any], error) { panic(io.EOF) }).run(host.Context{}, "{}", "1")
	if failure == nil || failure.Kind != host.FailureFailed {
		t.Fatalf("%+v", failure)
	}
	var detail struct {
		Message string
		Stack   []string
	}
	if err := json.Unmarshal([]byte(failure.Text), &detail); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(detail.Message, "panic: EOF in weir.dev/action.TestAPanicNamesItsLine.func1 (action_test.go:") {
		t.Error(detail.Message)
	}
	if len(detail.Stack) == 0 || !strings.HasSuffix(detail.Message, detail.Stack[0]) {
		t.Error(detail.Stack)
	}
	strange := definition(nil)
	strange.Check = func(struct{}) []string { return []string{[]string(nil)[1]} }
	if findings := strange.validate("{}"); len(findings) != 1 || !strings.Contains(findings[0], "(action_test.go:") {
		t.Error(findings)
	}
}

func TestAttributesBecomeFields(t *testing.T) {
	next := host.NewStandIn()
	defer host.Use(host.Use(next))
	slog.With("a", 1).WithGroup("g").With("b", 2).Warn("text", "c", io.EOF, slog.Group("h", "d", 2*time.Second), "e", make(chan int))
	slog.Log(t.Context(), LevelTrace, "é")
	slog.Info("é", "f", json.Number("1e300"), "", slog.GroupValue(slog.Any("top", nil)))
	want := []host.Line{
		{Level: 3, Message: "text", Fields: `{"unwritable":"json: unsupported type: chan int"}`},
		{Level: 0, Message: "é"},
		{Level: 2, Message: "é", Fields: `{"f":1e300,"top":null}`},
	}
	slog.With("a", 1).WithGroup("g").With("b", 2).Error("text", "c", io.EOF, slog.Group("h", "d", 2*time.Second))
	want = append(want, host.Line{Level: 4, Message: "text", Fields: `{"a":1,"g.b":2,"g.c":"EOF","g.h.d":"2s"}`})
	for index, line := range next.Lines {
		if line != want[index] {
			t.Errorf("%+v", line)
		}
	}
	if len(next.Lines) != len(want) {
		t.Error(next.Lines)
	}
}

func TestOneActionIsRegistered(t *testing.T) {
	defer func() { host.Registered = nil }()
	fails := func(definition Definition[struct{}, any, any]) (cause any) {
		defer func() { cause = recover() }()
		Register(definition)
		return nil
	}
	if cause := fails(definition(nil)); cause != nil {
		t.Error(cause)
	}
	if cause := fails(definition(nil)); cause == nil {
		t.Error("two were registered")
	}
	host.Registered = nil
	if cause := fails(Definition[struct{}, any, any]{Name: "x"}); cause == nil {
		t.Error("nothing can run")
	}
	Register(Definition[settings, Lazy, any]{
		Name: "x", Uses: []Capability{HTTP("example.com"), KV("b"), Secret("s"), Variables(), Clock(), Random()},
		Run: func(Context, settings, Lazy) (Result[any], error) { return Next[any](nil), nil },
	})
	info := host.Registered.Describe()
	if info.Title != "x" || info.InputSchema != "" || info.OutputSchema != "" || info.ConfigSchema != SchemaOf[settings]() {
		t.Errorf("%+v", info)
	}
	if fmt.Sprint(info.Capabilities) != "[{0 example.com [GET]} {1 b []} {2 s []} {3  []} {4  []} {5  []}]" {
		t.Error(info.Capabilities)
	}
}
