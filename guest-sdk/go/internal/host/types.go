// Package host carries calls between an action and weir. Compiled for wasip1 it speaks the component model's canonical
// ABI; elsewhere a stand-in in memory answers, for unit tests. It knows bytes and JSON text, and nothing of Go types that
// authors declare.
package host

import "time"

// Milliseconds are the whole milliseconds of a time, upwards: a pause must not get shorter.
func Milliseconds(of time.Duration) uint64 {
	if of <= 0 {
		return 0
	}
	return uint64(of-1)/uint64(time.Millisecond) + 1
}

// Registered is the action that the exports answer for.
var Registered *Action

// Action is a registered action with its types hidden behind JSON text.
type Action struct {
	Describe func() Info
	Validate func(config string) []string
	Run      func(context Context, config, input string) (Output, *Failure)
}

// Info is what weir reads at upload. Empty schemas of input and output stand for none.
type Info struct {
	Name, Title, Version, Description       string
	ConfigSchema, InputSchema, OutputSchema string
	Branches                                []string
	Capabilities                            []Capability
}

// CapabilityKind says what a capability is; the order is the contract's.
type CapabilityKind uint8

// The kinds of capabilities.
const (
	CapabilityHTTP CapabilityKind = iota
	CapabilityKV
	CapabilitySecret
	CapabilityVariables
	CapabilityClock
	CapabilityRandom
)

// Capability is something that an action asks for: Name is the host, bucket or secret.
type Capability struct {
	Kind    CapabilityKind
	Name    string
	Methods []string
}

// Context is what weir tells about a call.
type Context struct {
	Tenant, Flow, Step, Execution, IdempotencyKey string
	FlowVersion, Attempt, DeadlineMs              uint32
}

// Output is what a step hands on; an empty branch leaves by `next`.
type Output struct{ Payload, Branch string }

// FailureKind says what the flow does with a failure; the order is the contract's.
type FailureKind uint8

// The kinds of failures.
const (
	FailureInvalid FailureKind = iota
	FailureRetryable
	FailureFailed
)

// Failure is why a step failed. Text is a message, or JSON where the kind is FailureFailed.
type Failure struct {
	Kind    FailureKind
	Text    string
	AfterMs *uint32
}

// Problem is why the host did not do something: the number of the case in the contract, and its text if it has one.
type Problem struct {
	Code uint8
	Text string
}

// Entry is a stored value.
type Entry struct {
	Value       []byte
	Version     uint64
	ExpiresAtMs uint64 // 0: never
}

// Header is one header of a request or an answer.
type Header struct {
	Name  string
	Value []byte
}

// Request is an HTTP request; a nil body is none, a TimeoutMs of 0 leaves it to the step.
type Request struct {
	Method, URL string
	Headers     []Header
	Body        []byte
	TimeoutMs   uint32
}

// Response is the answer to a request.
type Response struct {
	Status    uint16
	Headers   []Header
	Body      []byte
	Truncated bool
}

// Scalar is a JSON value without parts; Kind is the case's number in the contract.
type Scalar struct {
	Kind    uint8
	Boolean bool
	Integer int64
	Float   float64
	Text    string
}

// The kinds of a Scalar.
const (
	ScalarNull uint8 = iota
	ScalarBoolean
	ScalarInteger
	ScalarFloat
	ScalarText
)
