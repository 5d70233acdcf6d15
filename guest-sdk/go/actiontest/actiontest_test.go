//go:build !wasip1

package actiontest_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"weir.dev/action"
	"weir.dev/action/actiontest"
	"weir.dev/action/fetch"
	"weir.dev/action/kv"
	"weir.dev/action/payload"
	"weir.dev/action/secrets"
	"weir.dev/action/variables"
)

func TestKeysAreKept(t *testing.T) {
	actiontest.New(t)
	store := kv.Bucket("leads")
	var lead map[string]int
	if found, err := store.Get("ada", &lead); found || err != nil {
		t.Error(found, err)
	}
	if err := store.Set("ada", map[string]int{"visits": 2}); err != nil {
		t.Error(err)
	}
	if found, err := store.Get("ada", &lead); !found || err != nil || lead["visits"] != 2 {
		t.Error(found, err, lead)
	}
	if _, err := store.CompareAndSet("ada", 7, nil); !errors.Is(err, kv.ErrConflict) {
		t.Error(err)
	}
	if version, err := store.For(time.Hour).CompareAndSet("ada", 1, []byte("x")); version != 2 || err != nil {
		t.Error(version, err)
	}
	entry, err := store.Entry("ada")
	if err != nil || string(entry.Value) != "x" || time.Until(entry.ExpiresAt) > time.Hour || entry.ExpiresAt.IsZero() {
		t.Errorf("%+v %v", entry, err)
	}
	for want := int64(1); want <= 2; want++ {
		if count, err := store.Increment("visits", 1); count != want || err != nil {
			t.Error(count, err)
		}
	}
	if _, err := store.Increment("ada", 1); !errors.Is(err, kv.ErrUnavailable) {
		t.Error(err)
	}
	if err := store.Delete("visits"); err != nil {
		t.Error(err)
	}
	keys, next, err := store.Keys("", "", 10)
	if !slices.Equal(keys, []string{"ada"}) || next != "" || err != nil {
		t.Error(keys, next, err)
	}
}

func TestKeysComeInPages(t *testing.T) {
	actiontest.New(t)
	store := kv.Bucket("b")
	for index := range 5 {
		if err := store.Set(fmt.Sprint("k", index), index); err != nil {
			t.Fatal(err)
		}
	}
	var pages []int
	for cursor := ""; ; {
		keys, next, err := store.Keys("k", cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, len(keys))
		if cursor = next; cursor == "" {
			break
		}
	}
	if !slices.Equal(pages, []int{2, 2, 1}) {
		t.Error(pages)
	}
}

func TestVariablesAndSecretsAreTheHosts(t *testing.T) {
	host := actiontest.New(t)
	host.SetVariable("seen", 3)
	host.SetSecret("token", "s3cret")
	if seen, found, err := variables.Get[int]("seen"); seen != 3 || !found || err != nil {
		t.Error(seen, found, err)
	}
	if _, found, err := variables.Get[[]int]("seen"); !found || err == nil {
		t.Error(found, err)
	}
	if err := variables.Set("next", "é"); err != nil || host.Variable("next") != `"é"` {
		t.Error(err, host.Variable("next"))
	}
	variables.Remove("next")
	if _, found, _ := variables.Get[string]("next"); found {
		t.Error("it is still there")
	}
	if value, err := secrets.Reveal("token"); value != "s3cret" || err != nil {
		t.Error(value, err)
	}
	if value, err := secrets.Placeholder("token"); value == "" || value == "s3cret" || err != nil {
		t.Error(value, err)
	}
	if _, err := secrets.Reveal("other"); !errors.Is(err, secrets.ErrNotFound) {
		t.Error(err)
	}
}

func TestRequestsGetTheTestsAnswer(t *testing.T) {
	host := actiontest.New(t)
	var failure *fetch.Error
	if _, err := fetch.Get("https://example.com").Send(); !errors.As(err, &failure) || failure.Reason != fetch.Denied {
		t.Error(err)
	}
	host.OnRequest(func(request actiontest.Request) (actiontest.Response, error) {
		switch request.URL {
		case "https://example.com/slow":
			return actiontest.Response{}, &fetch.Error{Reason: fetch.TimedOut}
		case "https://example.com/busy":
			return actiontest.Response{Status: 429, Headers: map[string]string{"Retry-After": "7"}}, nil
		case "https://example.com/gone":
			return actiontest.Response{Status: 404}, nil
		}
		return actiontest.Response{Status: 200, Body: request.Method + string(request.Body)}, nil
	})
	if _, err := fetch.Get("https://example.com/slow").Send(); !errors.As(err, &failure) || !failure.Retryable() {
		t.Error(err)
	}
	ok := func(path string) error {
		response, err := fetch.Get("https://example.com/" + path).Timeout(time.Second).Send()
		if err != nil {
			t.Fatal(err)
		}
		return response.OK()
	}
	var known *action.Error
	if err := ok("busy"); !errors.As(err, &known) || known.Kind != action.KindRetryable || known.After != 7*time.Second {
		t.Error(err)
	}
	if err := ok("gone"); !errors.As(err, &known) || known.Kind != action.KindFailed {
		t.Error(err)
	}
	response, err := fetch.Post("https://example.com/").JSON([]string{"é"}).Send()
	if err != nil || response.OK() != nil || string(response.Body) != `POST["é"]` {
		t.Errorf("%+v %v", response, err)
	}
	if _, err := fetch.Post("https://example.com/").JSON(make(chan int)).Send(); err == nil {
		t.Error("a channel is no JSON")
	}
}

func TestPartsOfTheInputAreReadByPointer(t *testing.T) {
	host := actiontest.New(t)
	host.SetPayload(map[string]any{"a/b": []any{1, 2.5, "é", nil, map[string]any{}}, "n": 1})
	if kind, found := payload.KindOf("/a~1b/4"); kind != payload.Object || !found {
		t.Error(kind, found)
	}
	if _, found := payload.KindOf("/a~1b/5"); found {
		t.Error("there is no fifth")
	}
	for pointer, want := range map[string]any{"/n": int64(1), "/a~1b/1": 2.5, "/a~1b/2": "é", "/a~1b/3": nil} {
		if value, found := payload.Scalar(pointer); value != want || !found {
			t.Error(pointer, value, found)
		}
	}
	if length, found := payload.Len("/a~1b/2"); length != 2 || !found {
		t.Error(length, found)
	}
	if keys := payload.Keys(""); !slices.Equal(keys, []string{"a/b", "n"}) {
		t.Error(keys)
	}
	if number, found, err := payload.Get[float64]("/a~1b/1"); number != 2.5 || !found || err != nil {
		t.Error(number, found, err)
	}
	if _, found, err := payload.Get[string]("/n"); !found || err == nil {
		t.Error(found, err)
	}
}
