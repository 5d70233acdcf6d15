//go:build !wasip1

// Package actiontest stands in for weir in an action's own unit tests. It is for go test on the author's machine, and
// absent from components.
//
//	func TestHot(t *testing.T) {
//		host := actiontest.New(t)
//		output, err := host.Run(`{"hot": 10}`, `{"visits": 2}`)
//		if err != nil || output.Branch != "hot" {
//			t.Fatalf("%+v %v", output, err)
//		}
//	}
package actiontest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"weir.dev/action"
	"weir.dev/action/fetch"
	"weir.dev/action/internal/host"
)

// Host stands in for weir until its test is over.
type Host struct {
	t       testing.TB
	standIn *host.StandIn
}

// Output is what a step hands on.
type Output struct {
	// Payload is JSON text.
	Payload string
	// Branch is the exit; empty for `next`.
	Branch string
}

// Line is a line of the run's log.
type Line struct {
	// Level is trace, debug, info, warn or error.
	Level string
	// Message is the line's text.
	Message string
	// Fields is a JSON object; empty where the line has none.
	Fields string
}

// New stands in for weir with no variables, secrets and keys. It panics in parallel tests, which would share it.
//
//	host := actiontest.New(t)
func New(t testing.TB) *Host {
	t.Helper()
	t.Setenv("WEIR_ACTIONTEST", "1") // panics in a parallel test
	next := host.NewStandIn()
	before := host.Use(next)
	t.Cleanup(func() { host.Use(before) })
	return &Host{t: t, standIn: next}
}

// Run runs the registered action from JSON text to JSON text, as weir does. The error is an *action.Error: of a panic it
// is a failure, as in a flow.
//
//	output, err := host.Run(`{"hot": 10}`, `{"visits": 2}`)
func (h *Host) Run(config, input string) (Output, error) {
	h.t.Helper()
	h.standIn.Payload = input
	context := host.Context{
		Tenant: "default", Flow: "test", Step: "test", Execution: "00000000-0000-7000-8000-000000000000",
		Attempt: 1, DeadlineMs: 10_000, IdempotencyKey: "test",
	}
	output, failure := h.registered().Run(context, config, input)
	if failure != nil {
		return Output{}, asError(failure)
	}
	return Output(output), nil
}

// Validate is what the action finds wrong with settings when a flow is published; empty if they are right.
//
//	findings := host.Validate(`{"hot": -1}`)
func (h *Host) Validate(config string) []string {
	h.t.Helper()
	return h.registered().Validate(config)
}

// Schemas are the JSON Schemas that weir reads at upload; input and output are empty where they allow everything.
//
//	config, _, _ := host.Schemas()
func (h *Host) Schemas() (config, input, output string) {
	h.t.Helper()
	info := h.registered().Describe()
	return info.ConfigSchema, info.InputSchema, info.OutputSchema
}

// SetVariable sets a variable of the run to a value's JSON.
//
//	host.SetVariable("seen", 3)
func (h *Host) SetVariable(name string, value any) { h.standIn.Variables[name] = h.text(value) }

// Variable is a variable's JSON text; empty where there is none.
//
//	if host.Variable("seen") != "4" { … }
func (h *Host) Variable(name string) string { return h.standIn.Variables[name] }

// SetSecret adds a secret, granted in both ways; others are not found.
//
//	host.SetSecret("crm-token", "s3cret")
func (h *Host) SetSecret(name, value string) { h.standIn.Secrets[name] = value }

// SetPayload sets the input that the package payload reads, for tests that do not call [Host.Run].
//
//	host.SetPayload(map[string]any{"order": order})
func (h *Host) SetPayload(value any) { h.standIn.Payload = h.text(value) }

// Request is what the action sent.
type Request struct {
	Method, URL string
	Headers     map[string]string // names as the action wrote them
	Body        []byte
}

// Response is what it gets.
type Response struct {
	Status  int
	Headers map[string]string
	Body    string
}

// OnRequest answers every HTTP request. An error of type *fetch.Error reaches the action as it is, any other as a
// connection that failed.
//
//	host.OnRequest(func(request actiontest.Request) (actiontest.Response, error) {
//		return actiontest.Response{Status: 200, Body: `{"rate": 0.95}`}, nil
//	})
func (h *Host) OnRequest(answer func(Request) (Response, error)) {
	h.standIn.Answer = func(wire host.Request) (host.Response, *host.Problem) {
		request := Request{Method: wire.Method, URL: wire.URL, Headers: map[string]string{}, Body: wire.Body}
		for _, header := range wire.Headers {
			request.Headers[header.Name] = string(header.Value)
		}
		response, err := answer(request)
		var known *fetch.Error
		switch {
		case errors.As(err, &known):
			return host.Response{}, &host.Problem{Code: uint8(known.Reason), Text: known.Text}
		case err != nil:
			return host.Response{}, &host.Problem{Code: host.HTTPConnect, Text: err.Error()}
		}
		sent := host.Response{Status: uint16(response.Status), Body: []byte(response.Body)}
		for name, value := range response.Headers {
			sent.Headers = append(sent.Headers, host.Header{Name: strings.ToLower(name), Value: []byte(value)})
		}
		return sent, nil
	}
}

// Lines are the lines of the log so far; they are taken out.
//
//	lines := host.Lines()
func (h *Host) Lines() []Line {
	names := []string{"trace", "debug", "info", "warn", "error"}
	lines := []Line{}
	for _, line := range h.standIn.Lines {
		lines = append(lines, Line{names[line.Level], line.Message, line.Fields})
	}
	h.standIn.Lines = nil
	return lines
}

func (h *Host) registered() *host.Action {
	h.t.Helper()
	if host.Registered == nil {
		h.t.Fatal("no action is registered: call action.Register in func init() of the package under test")
	}
	return host.Registered
}

func (h *Host) text(value any) string {
	h.t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		h.t.Fatalf("actiontest: %v", err)
	}
	return string(text)
}

func asError(failure *host.Failure) *action.Error {
	switch failure.Kind {
	case host.FailureInvalid:
		return &action.Error{Kind: action.KindInvalid, Message: failure.Text}
	case host.FailureRetryable:
		found := &action.Error{Kind: action.KindRetryable, Message: failure.Text}
		if failure.AfterMs != nil {
			found.After = time.Duration(*failure.AfterMs) * time.Millisecond
		}
		return found
	}
	detail := map[string]any{}
	if err := json.Unmarshal([]byte(failure.Text), &detail); err != nil {
		return &action.Error{Kind: action.KindFailed, Message: failure.Text}
	}
	return &action.Error{Kind: action.KindFailed, Message: fmt.Sprint(detail["message"]), Detail: detail}
}
