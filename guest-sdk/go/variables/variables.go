// Package variables reaches the variables of the run; they live as long as it does. The definition asks for them with
// action.Variables().
//
//	seen, _, err := variables.Get[int]("seen")
//	if err != nil {
//		return none, err
//	}
//	err = variables.Set("seen", seen+1)
package variables

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"weir.dev/action/internal/host"
)

// Get is a variable's value, and whether there is one. The error says that the variable is no T.
//
//	seen, found, err := variables.Get[int]("seen")
func Get[T any](name string) (value T, found bool, err error) {
	text, found := host.GetVariable(name)
	if !found {
		return value, false, nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return value, true, fmt.Errorf("variable %q: %w", name, err)
	}
	return value, true, nil
}

// Set sets a variable. Changes count once the action has succeeded. The error says why it was refused: a bad name, a
// value that is no JSON, or more bytes than the run's variables may have.
//
//	err := variables.Set("seen", 3)
func Set(name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("variable %q: %w", name, err)
	}
	if problem := host.SetVariable(name, string(text)); problem != nil {
		return errors.New("variable " + name + ": " + problem.Text)
	}
	return nil
}

// Remove removes a variable, if it is there.
//
//	variables.Remove("seen")
func Remove(name string) { host.RemoveVariable(name) }
