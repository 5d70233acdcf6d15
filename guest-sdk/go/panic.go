package action

import (
	"fmt"
	"path"
	"runtime"
	"strings"

	"weir.dev/action/internal/host"
)

type place struct {
	cause any
	where string // such as `main.score (score.go:17)`
	stack []string
}

// Where a panic came from. Call it in the deferred function itself, while the stack is still there.
func panicked(cause any) place {
	counters := make([]uintptr, 64)
	frames := runtime.CallersFrames(counters[:runtime.Callers(2, counters)])
	found := place{cause: cause}
	inside := false
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		switch {
		case frame.Function == "runtime.gopanic":
			inside, found.stack = true, nil // the innermost panic wins
		case inside && strings.HasPrefix(frame.Function, "weir.dev/action.Definition["):
			more = false
		case inside && frame.Function != "" && !strings.HasPrefix(frame.Function, "runtime."):
			line := fmt.Sprintf("%s (%s:%d)", frame.Function, path.Base(frame.File), frame.Line)
			found.stack = append(found.stack, line)
		}
	}
	if len(found.stack) > 0 {
		found.where = found.stack[0]
	}
	return found
}

func (p place) message() string {
	message := fmt.Sprintf("panic: %v", p.cause)
	if p.where != "" {
		message += " in " + p.where
	}
	return message
}

func (p place) failure() *host.Failure {
	return failed(p.message(), map[string]any{"stack": p.stack})
}
