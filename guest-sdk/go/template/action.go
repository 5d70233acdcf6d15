// The action {{name}}: scores a lead by its visits.
package main

import (
	"log/slog"

	"weir.dev/action"
)

// Config is what a flow writes under `with`.
type Config struct {
	Hot int `json:"hot" doc:"The score from which a lead is hot." schema:"default=60,min=0"`
}

// Lead is the input.
type Lead struct {
	Email  string `json:"email" schema:"required"`
	Visits int    `json:"visits" doc:"How often the lead came by." schema:"min=0"`
}

// Score is the output.
type Score struct {
	Value int `json:"value"`
}

func main() {} // weir does not call it

func init() {
	action.Register(action.Definition[Config, Lead, Score]{
		Name:        "{{name}}",
		Title:       "Score a lead",
		Version:     "0.1.0",
		Description: "Scores a lead by its visits and says whether it is hot.",
		Branches:    []string{"hot", "cold"},
		Check:       check,
		Run:         score,
	})
}

func check(config Config) []string {
	if config.Hot < 0 {
		return []string{"hot: a score is never below 0"}
	}
	return nil
}

func score(ctx action.Context, config Config, lead Lead) (action.Result[Score], error) {
	if lead.Visits < 0 {
		return action.Result[Score]{}, action.Invalid("%d visits are less than none", lead.Visits)
	}
	value := min(lead.Visits, 100) * 10
	slog.Info(lead.Email+" is scored", "score", value, "attempt", ctx.Attempt)
	if value >= config.Hot {
		return action.To("hot", Score{Value: value}), nil
	}
	return action.To("cold", Score{Value: value}), nil
}
