package action

import (
	"context"
	"time"

	"weir.dev/action/internal/host"
)

// Context says which run, step and attempt a call belongs to. It is a context.Context too, for functions that want one;
// it is never cancelled, because weir ends an action that is out of time.
//
//	if ctx.Attempt > 1 {
//		slog.InfoContext(ctx, "tries again", "run", ctx.Run, "left", ctx.TimeLeft)
//	}
type Context struct {
	context.Context
	// Tenant is the tenant's name.
	Tenant string
	// Flow is the flow's name.
	Flow string
	// FlowVersion is the flow's version; 0 for a draft.
	FlowVersion uint32
	// Step is the step's id.
	Step string
	// Run is the run's id.
	Run string
	// Attempt counts the attempts of this step, from 1.
	Attempt uint32
	// TimeLeft is the wall time that was left when the call began, in whole milliseconds.
	TimeLeft time.Duration
	// IdempotencyKey is the same for every attempt of this step in this run: send it to services that deduplicate.
	IdempotencyKey string
}

func newContext(wire host.Context) Context {
	return Context{
		Context:        context.Background(),
		Tenant:         wire.Tenant,
		Flow:           wire.Flow,
		FlowVersion:    wire.FlowVersion,
		Step:           wire.Step,
		Run:            wire.Execution,
		Attempt:        wire.Attempt,
		TimeLeft:       time.Duration(wire.DeadlineMs) * time.Millisecond,
		IdempotencyKey: wire.IdempotencyKey,
	}
}
