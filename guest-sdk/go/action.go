// Package action makes a weir action of one Go function.
//
//	func main() {}
//
//	func init() {
//		action.Register(action.Definition[Config, Lead, Score]{
//			Name:     "lead-score",
//			Version:  "1.0.0",
//			Branches: []string{"hot", "cold"},
//			Run:      score,
//		})
//	}
//
//	func score(ctx action.Context, config Config, lead Lead) (action.Result[Score], error) {
//		score := Score{Value: lead.Visits * 10}
//		if score.Value >= config.Hot {
//			return action.To("hot", score), nil
//		}
//		return action.To("cold", score), nil
//	}
//
// Settings, input and output are Go types, read and written by encoding/json; [SchemaOf] says how their tags become JSON
// Schemas. Numbers that land in an any are json.Number and keep their digits. log/slog and log write to the run's log.
// The packages kv, variables, secrets, fetch and payload reach what weir offers besides; actiontest stands in for weir
// in unit tests.
//
// Every step runs in a fresh instance: nothing that an action keeps in memory is there the next time.
package action

import (
	"slices"
	"strconv"
	"strings"

	"weir.dev/action/internal/host"
)

// Definition is what weir has to know of an action.
type Definition[Config, Input, Output any] struct {
	// Name is the name that flows use: a-z, 0-9 and `-`, at most 63 characters.
	Name string
	// Title is for people; without one it is the name.
	Title string
	// Version is such as `1.4.2`.
	Version string
	// Description says what the action does.
	Description string
	// Branches are the exits besides `next` and `error` that Run may name with [To].
	Branches []string
	// Uses is what the tenant is asked to grant.
	Uses []Capability
	// Check finds what is wrong with settings beyond their schema; nil or empty if nothing is. It runs when a flow is
	// published, after the settings have been read as a Config.
	Check func(config Config) []string
	// Run does the work of one step. Errors of [Invalid], [Retry] and [Failed] reach the flow as such, any other error
	// as a failure with its message. A panic becomes a failure that names the line.
	Run func(ctx Context, config Config, input Input) (Result[Output], error)
}

// Result is an output and the exit to leave by. Make it with [Next] or [To].
type Result[Output any] struct {
	Value  Output
	Branch string // empty: leave by `next`
}

// Next hands on a value and leaves by `next`.
//
//	return action.Next(Total{Sum: 12}), nil
func Next[Output any](value Output) Result[Output] { return Result[Output]{Value: value} }

// To hands on a value and leaves by one of the branches that the definition declares.
//
//	return action.To("hot", score), nil
func To[Output any](branch string, value Output) Result[Output] {
	return Result[Output]{Value: value, Branch: branch}
}

// Register makes a definition the module's action. Call it once, in func init of package main: main itself does not run.
// It panics if there is no Run or if an action is registered already.
func Register[Config, Input, Output any](definition Definition[Config, Input, Output]) {
	if definition.Run == nil {
		panic("action.Register: the definition of " + strconv.Quote(definition.Name) + " has no Run")
	}
	if host.Registered != nil {
		panic("action.Register: a component is one action, and one is registered already")
	}
	host.Registered = &host.Action{
		Describe: definition.describe,
		Validate: definition.validate,
		Run:      definition.run,
	}
}

func (d Definition[Config, Input, Output]) describe() host.Info {
	info := host.Info{
		Name:         d.Name,
		Title:        d.Title,
		Version:      d.Version,
		Description:  d.Description,
		ConfigSchema: SchemaOf[Config](),
		InputSchema:  telling(SchemaOf[Input]()),
		OutputSchema: telling(SchemaOf[Output]()),
		Branches:     d.Branches,
	}
	if info.Title == "" {
		info.Title = d.Name
	}
	for _, wanted := range d.Uses {
		info.Capabilities = append(info.Capabilities, wanted.wire)
	}
	return info
}

func telling(schema string) string {
	if schema == "{}" {
		return ""
	}
	return schema
}

func (d Definition[Config, Input, Output]) validate(text string) (findings []string) {
	defer func() {
		if cause := recover(); cause != nil {
			findings = []string{panicked(cause).message()}
		}
	}()
	config, err := readConfig[Config](text)
	if err != nil {
		return []string{err.Error()}
	}
	if d.Check == nil {
		return nil
	}
	return d.Check(config)
}

func (d Definition[Config, Input, Output]) run(
	context host.Context, configText, inputText string,
) (output host.Output, failure *host.Failure) {
	defer func() {
		if cause := recover(); cause != nil {
			failure = panicked(cause).failure()
		}
	}()
	config, err := readConfig[Config](configText)
	if err != nil {
		return output, failureOf(err)
	}
	input, err := read[Input]("input", inputText, false)
	if err != nil {
		return output, failureOf(err)
	}
	result, err := d.Run(newContext(context), config, input)
	if err != nil {
		return output, failureOf(err)
	}
	if result.Branch != "" && !slices.Contains(d.Branches, result.Branch) {
		message := "the action left by the branch " + strconv.Quote(result.Branch) + ", which its definition does not declare"
		return output, failureOf(Failed(message, map[string]any{"branches": d.Branches}))
	}
	payload, err := write(result.Value)
	if err != nil {
		return output, failureOf(Failed("the output is no JSON: "+err.Error(), nil))
	}
	return host.Output{Payload: payload, Branch: result.Branch}, nil
}

// A step without `with` has the settings that an empty object stands for.
func readConfig[Config any](text string) (Config, error) {
	if trimmed := strings.TrimSpace(text); trimmed == "" || trimmed == "null" {
		text = "{}"
	}
	return read[Config]("config", text, true)
}
