// The action score-go: scores a lead from weights, counts in the key-value store how often it was scored, and leaves by
// `hot` or `cold`.
package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"weir.dev/action"
	"weir.dev/action/kv"
)

const (
	name    = "score-go"
	ceiling = 1000
)

// Config is what a flow writes under `with`.
type Config struct {
	Weights map[string]Points `json:"weights" doc:"Points for each signal of the lead." schema:"default={}"`
	Hot     int64             `json:"hot" doc:"The score from which a lead is hot." schema:"default=60"`
}

// Points are what a signal weighs.
type Points int64

// JSONSchema says what [check] keeps.
func (Points) JSONSchema() string { return `{"type":"integer","minimum":0,"maximum":1000}` }

// Score is the output.
type Score struct {
	Value   int64    `json:"value" doc:"The sum of all points."`
	Reasons []Reason `json:"reasons" doc:"Where the points come from."`
	Depth   int      `json:"depth" doc:"How deep the lead is nested."`
	Name    *string  `json:"name" doc:"The lead's name, where it has one."`
	Seen    int64    `json:"seen" doc:"How often the lead was scored, this time included."`
}

// Reason is one signal that brought points.
type Reason struct {
	Signal string `json:"signal"`
	Points int64  `json:"points"`
}

func main() {} // weir does not call it

func init() {
	action.Register(action.Definition[Config, any, Score]{
		Name:        name,
		Title:       "Score a lead (Go)",
		Version:     "1.0.0",
		Description: "Scores a lead from weights, counts how often it was scored, and says whether it is hot.",
		Branches:    []string{"hot", "cold"},
		Uses:        []action.Capability{action.KV(name)},
		Check:       check,
		Run:         score,
	})
}

func check(config Config) []string {
	var findings []string
	for _, signal := range signals(config) {
		if points := config.Weights[signal]; points < 0 || points > ceiling {
			findings = append(findings, fmt.Sprintf("weights.%s: %d is no whole number from 0 to %d", signal, points, ceiling))
		}
	}
	return findings
}

func signals(config Config) []string {
	names := make([]string, 0, len(config.Weights))
	for signal := range config.Weights {
		names = append(names, signal)
	}
	slices.Sort(names) // by bytes
	return names
}

func score(_ action.Context, config Config, input any) (action.Result[Score], error) {
	lead, isObject := input.(map[string]any)
	if !isObject {
		return action.Result[Score]{}, action.Invalid("a lead is a JSON object")
	}
	score := Score{Reasons: []Reason{}, Depth: depth(input)}
	for _, signal := range signals(config) {
		if points := times(lead[signal]) * int64(config.Weights[signal]); points > 0 {
			score.Value += points
			score.Reasons = append(score.Reasons, Reason{signal, points})
		}
	}
	if text, isText := lead["name"].(string); isText {
		score.Name = &text
	}
	id := identity(lead)
	var err error
	if score.Seen, err = kv.Bucket(name).Increment(id, 1); err != nil {
		return action.Result[Score]{}, err
	}
	slog.Info(fmt.Sprintf("%s scores %d", id, score.Value), "score", score.Value)
	if score.Value >= config.Hot {
		return action.To("hot", score), nil
	}
	return action.To("cold", score), nil
}

// How many times a signal counts.
func times(signal any) int64 {
	switch signal := signal.(type) {
	case bool:
		if signal {
			return 1
		}
	case json.Number:
		// Too large for a float is infinite, and cut to the ceiling like everything above it.
		number, _ := strconv.ParseFloat(signal.String(), 64)
		return int64(math.Trunc(min(max(number, 0), ceiling)))
	case string:
		return int64(min(utf8.RuneCountInString(signal), ceiling))
	case []any:
		return int64(min(len(signal), ceiling))
	case map[string]any:
		return int64(min(len(signal), ceiling))
	}
	return 0
}

func depth(value any) int {
	deepest := 0
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			deepest = max(deepest, depth(item))
		}
	case map[string]any:
		for _, member := range value {
			deepest = max(deepest, depth(member))
		}
	default:
		return 0
	}
	return deepest + 1
}

func identity(lead map[string]any) string {
	if id, isText := lead["id"].(string); isText && isProper(id) {
		return id
	}
	return "unknown"
}

// A loop, because a regular expression would be compiled anew in every step.
func isProper(id string) bool {
	for _, letter := range []byte(id) {
		isLetter := (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z')
		if !isLetter && (letter < '0' || letter > '9') && letter != '-' {
			return false
		}
	}
	return len(id) >= 1 && len(id) <= 64
}
