package action

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"weir.dev/action/internal/host"
)

// Kind says what a flow does with an error.
type Kind uint8

const (
	// KindInvalid means that the input or the settings are wrong: the flow never tries again.
	KindInvalid Kind = iota
	// KindRetryable means that it may work later: the step's `retry` applies.
	KindRetryable
	// KindFailed means that the action decided that this is a failure: the step's `error` exit.
	KindFailed
)

// Error is an error that tells the flow what to do. It can be wrapped: fmt.Errorf("lead %d: %w", n, action.Invalid(…))
// is still invalid, with the longer message.
//
//	var known *action.Error
//	if errors.As(err, &known) && known.Kind == action.KindRetryable {
//		slog.Warn("waits", "pause", known.After)
//	}
type Error struct {
	// Kind says what the flow does.
	Kind Kind
	// Message says what happened, for people.
	Message string
	// After is the shortest pause before the next attempt; 0 leaves it to the flow. It counts only for KindRetryable.
	After time.Duration
	// Detail is found below `error.detail`; it counts only for KindFailed.
	Detail any

	cause error
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Unwrap is the error that `%w` named.
func (e *Error) Unwrap() error { return e.cause }

// Invalid says that the input or the settings are wrong, so that trying again is of no use. It formats like fmt.Errorf,
// `%w` included.
//
//	return none, action.Invalid("%q is no address", lead.Email)
func Invalid(format string, arguments ...any) error {
	return newError(KindInvalid, fmt.Errorf(format, arguments...))
}

// Retry says that it may work later: not before the pause is over, where it is not 0. Pauses travel in whole milliseconds,
// up to 49 days. It formats like fmt.Errorf, `%w` included.
//
//	return none, action.Retry(5*time.Second, "the service is busy")
func Retry(after time.Duration, format string, arguments ...any) error {
	failure := newError(KindRetryable, fmt.Errorf(format, arguments...))
	failure.After = after
	return failure
}

// Failed says that this is a failure. The step leaves by `error`, where a flow reads the message as
// `error.detail.message` and an object's entries next to it; any other detail but nil is `error.detail.detail`.
//
//	return none, action.Failed("the card was declined", map[string]any{"reason": "expired"})
func Failed(message string, detail any) error {
	return &Error{Kind: KindFailed, Message: message, Detail: detail}
}

func newError(kind Kind, cause error) *Error {
	return &Error{Kind: kind, Message: cause.Error(), cause: errors.Unwrap(cause)}
}

// What the flow sees of an error. Errors of weir's services say themselves whether waiting helps.
func failureOf(err error) *host.Failure {
	var own *Error
	var service interface{ Retryable() bool }
	switch {
	case errors.As(err, &own) && own.Kind == KindInvalid:
		return &host.Failure{Kind: host.FailureInvalid, Text: err.Error()}
	case own != nil && own.Kind == KindRetryable:
		return &host.Failure{Kind: host.FailureRetryable, Text: err.Error(), AfterMs: milliseconds(own.After)}
	case own != nil:
		return failed(err.Error(), own.Detail)
	case errors.As(err, &service) && service.Retryable():
		return &host.Failure{Kind: host.FailureRetryable, Text: err.Error()}
	}
	return failed(err.Error(), nil)
}

func failed(message string, detail any) *host.Failure {
	object := map[string]any{}
	if detail != nil {
		text, err := write(detail)
		if err != nil {
			object["detail"] = "the detail is no JSON: " + err.Error()
		} else if entries, err := decode[map[string]json.RawMessage](text, false); err == nil && entries != nil {
			for name, entry := range entries {
				object[name] = entry
			}
		} else {
			object["detail"] = json.RawMessage(text)
		}
	}
	if _, taken := object["message"]; !taken {
		object["message"] = message
	}
	text, _ := write(object) // cannot fail: every entry has been written before
	return &host.Failure{Kind: host.FailureFailed, Text: text}
}

func milliseconds(pause time.Duration) *uint32 {
	if pause <= 0 {
		return nil
	}
	whole := uint32(min(host.Milliseconds(pause), math.MaxUint32))
	return &whole
}
