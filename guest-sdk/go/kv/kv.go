// Package kv is the tenant's lasting key-value store. The definition asks for each bucket with action.KV(bucket). What is
// written stays even if the step fails afterwards.
//
//	visits := kv.Bucket("visits")
//	count, err := visits.Increment("ada@example.com", 1)
package kv

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"weir.dev/action/internal/host"
)

// The reasons why an operation did not happen; compare with errors.Is. An action that returns one of the last three lets
// the flow's retry rule apply.
var (
	// ErrNotGranted says that the tenant has not granted the bucket.
	ErrNotGranted error = &reason{text: "the bucket is not granted to this action"}
	// ErrValueTooLarge says that the value is larger than the limit.
	ErrValueTooLarge error = &reason{text: "the value is larger than the limit"}
	// ErrQuotaExceeded says that the tenant's or the step's quota is used up.
	ErrQuotaExceeded error = &reason{text: "the quota is used up", passing: true}
	// ErrConflict says that the version was not the expected one.
	ErrConflict error = &reason{text: "the version is not the expected one", passing: true}
	// ErrUnavailable says that the store does not answer.
	ErrUnavailable error = &reason{text: "the store does not answer", passing: true}
)

type reason struct {
	text    string
	passing bool
}

func (r *reason) Error() string { return r.text }

// Retryable says whether waiting can help.
func (r *reason) Retryable() bool { return r.passing }

// Entry is a stored value.
type Entry struct {
	// Value is the bytes.
	Value []byte
	// Version grows with every change of the key; the first is 1.
	Version uint64
	// ExpiresAt is when the key goes away, to the millisecond; the zero time is never.
	ExpiresAt time.Time
}

// Store is a bucket of keys.
type Store struct {
	name string
	ttl  uint64 // milliseconds
}

// Bucket is a bucket by name.
//
//	err := kv.Bucket("leads").Set("ada", lead)
func Bucket(name string) Store { return Store{name: name} }

// For is the same bucket; what is written through it goes away after a time, in whole milliseconds rounded up. 0 is
// never.
//
//	_, err := kv.Bucket("seen").For(24 * time.Hour).Increment(id, 1)
func (s Store) For(ttl time.Duration) Store {
	s.ttl = host.Milliseconds(ttl)
	return s
}

// Get reads a key's value as JSON into value, which is a pointer. It says whether there is one: value is left alone if
// not.
//
//	var lead Lead
//	found, err := kv.Bucket("leads").Get("ada", &lead)
func (s Store) Get(key string, value any) (found bool, err error) {
	entry, err := s.Entry(key)
	if err != nil || entry == nil {
		return false, err
	}
	if err := json.Unmarshal(entry.Value, value); err != nil {
		return true, fmt.Errorf("key %q of bucket %q: %w", key, s.name, err)
	}
	return true, nil
}

// Entry is a key's bytes, version and expiry; nil where there is none.
//
//	entry, err := kv.Bucket("pages").Entry("home")
//	if err == nil && entry != nil {
//		slog.Debug("found", "bytes", len(entry.Value), "version", entry.Version)
//	}
func (s Store) Entry(key string) (*Entry, error) {
	found, problem := host.GetKey(s.name, key)
	if problem != nil || found == nil {
		return nil, s.failure(key, problem)
	}
	entry := &Entry{Value: found.Value, Version: found.Version}
	if found.ExpiresAtMs > 0 {
		entry.ExpiresAt = time.UnixMilli(int64(found.ExpiresAtMs))
	}
	return entry, nil
}

// Set writes a value as JSON. The error is one of this package's, or says that the value is no JSON.
//
//	err := kv.Bucket("leads").Set("ada", Lead{Email: "ada@example.com"})
func (s Store) Set(key string, value any) error {
	bytes, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("key %q of bucket %q: %w", key, s.name, err)
	}
	_, err = s.SetBytes(key, bytes)
	return err
}

// SetBytes writes bytes as they are and returns the key's new version.
//
//	version, err := kv.Bucket("pages").SetBytes("home", page)
func (s Store) SetBytes(key string, value []byte) (version uint64, err error) {
	version, problem := host.SetKey(s.name, key, value, s.ttl)
	return version, s.failure(key, problem)
}

// CompareAndSet writes bytes if the key's version is the expected one, 0 for a key that is absent, and returns the new
// version. The error is [ErrConflict] if it is not: read the entry again and decide anew.
//
//	entry, err := store.Entry("seats")
//	…
//	_, err = store.CompareAndSet("seats", entry.Version, fewer)
//	if errors.Is(err, kv.ErrConflict) { … }
func (s Store) CompareAndSet(key string, expected uint64, value []byte) (version uint64, err error) {
	version, problem := host.CompareAndSetKey(s.name, key, expected, value, s.ttl)
	return version, s.failure(key, problem)
}

// Increment adds to a counter and returns its new value; an absent key counts from 0. It sets the key's time to live
// anew, to none without [Store.For].
//
//	count, err := kv.Bucket("visits").Increment("ada", 1)
func (s Store) Increment(key string, delta int64) (value int64, err error) {
	value, problem := host.IncrementKey(s.name, key, delta, s.ttl)
	return value, s.failure(key, problem)
}

// Delete deletes a key, if it is there.
//
//	err := kv.Bucket("leads").Delete("ada")
func (s Store) Delete(key string) error {
	return s.failure(key, host.DeleteKey(s.name, key))
}

// Keys are at most limit keys with a prefix, in order, and a cursor where there are more; hand it in to go on.
//
//	for cursor := ""; ; {
//		keys, next, err := store.Keys("lead-", cursor, 100)
//		…
//		if cursor = next; cursor == "" {
//			break
//		}
//	}
func (s Store) Keys(prefix, cursor string, limit uint32) (keys []string, next string, err error) {
	keys, next, problem := host.ListKeys(s.name, prefix, cursor, limit)
	return keys, next, s.failure(prefix, problem)
}

func (s Store) failure(key string, problem *host.Problem) error {
	if problem == nil {
		return nil
	}
	known := map[uint8]error{
		host.KVNotGranted:    ErrNotGranted,
		host.KVQuotaExceeded: ErrQuotaExceeded,
		host.KVValueTooLarge: ErrValueTooLarge,
		host.KVConflict:      ErrConflict,
		host.KVUnavailable:   ErrUnavailable,
	}[problem.Code]
	if known == nil {
		return errors.New("the store answered with an unknown error; build the action with a newer SDK")
	}
	if problem.Text != "" {
		return fmt.Errorf("key %q of bucket %q: %w: %s", key, s.name, known, problem.Text)
	}
	return fmt.Errorf("key %q of bucket %q: %w", key, s.name, known)
}
