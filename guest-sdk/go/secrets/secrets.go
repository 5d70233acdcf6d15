// Package secrets reaches the tenant's secrets, as far as they are granted to this action. The definition asks for each
// with action.Secret(name).
package secrets

import (
	"errors"
	"fmt"

	"weir.dev/action/internal/host"
)

// ErrNotGranted says that the tenant has not granted the secret.
var ErrNotGranted = errors.New("the secret is not granted to this action")

// ErrNotFound says that there is no secret by that name.
var ErrNotFound = errors.New("there is no such secret")

// Placeholder is a stand-in for a secret: weir puts the value in its place inside requests to the hosts that the secret
// allows, so that the value never enters the action's memory. The error is [ErrNotGranted] or [ErrNotFound].
//
//	token, err := secrets.Placeholder("crm-token")
//	if err != nil {
//		return none, err
//	}
//	response, err := fetch.Get("https://crm.example.com/me").Header("authorization", "Bearer "+token).Send()
func Placeholder(name string) (string, error) {
	text, problem := host.SecretPlaceholder(name)
	return text, failure(name, problem)
}

// Reveal is the value itself; it needs a grant of its own. The error is [ErrNotGranted] or [ErrNotFound].
//
//	key, err := secrets.Reveal("signing-key")
func Reveal(name string) (string, error) {
	text, problem := host.RevealSecret(name)
	return text, failure(name, problem)
}

func failure(name string, problem *host.Problem) error {
	switch {
	case problem == nil:
		return nil
	case problem.Code == host.SecretNotGranted:
		return fmt.Errorf("secret %q: %w", name, ErrNotGranted)
	default:
		return fmt.Errorf("secret %q: %w", name, ErrNotFound)
	}
}
