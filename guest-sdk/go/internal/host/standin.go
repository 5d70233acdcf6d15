//go:build !wasip1

package host

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Line is one line of the log.
type Line struct {
	Level           uint8
	Message, Fields string
}

// StandIn answers in weir's place where there is no weir.
type StandIn struct {
	mutex     sync.Mutex
	Variables map[string]string
	Secrets   map[string]string
	Entries   map[[2]string]Entry
	Payload   string
	Lines     []Line
	Answer    func(Request) (Response, *Problem)
}

var current = NewStandIn()

// NewStandIn knows nothing yet.
func NewStandIn() *StandIn {
	return &StandIn{
		Variables: map[string]string{},
		Secrets:   map[string]string{},
		Entries:   map[[2]string]Entry{},
		Payload:   "null",
	}
}

// Use lets another stand-in answer, and returns the one before.
func Use(next *StandIn) *StandIn {
	before := current
	current = next
	return before
}

func locked() (s *StandIn, unlock func()) {
	s = current
	s.mutex.Lock()
	return s, s.mutex.Unlock
}

// Log writes a line; empty fields are none.
func Log(level uint8, message, fields string) {
	s, unlock := locked()
	defer unlock()
	s.Lines = append(s.Lines, Line{level, message, fields})
}

// GetVariable is a variable's JSON text.
func GetVariable(name string) (string, bool) {
	s, unlock := locked()
	defer unlock()
	value, found := s.Variables[name]
	return value, found
}

// SetVariable sets a variable to JSON text.
func SetVariable(name, value string) *Problem {
	s, unlock := locked()
	defer unlock()
	s.Variables[name] = value
	return nil
}

// RemoveVariable removes a variable.
func RemoveVariable(name string) {
	s, unlock := locked()
	defer unlock()
	delete(s.Variables, name)
}

// SecretPlaceholder is the stand-in for a secret.
func SecretPlaceholder(name string) (string, *Problem) {
	if _, problem := RevealSecret(name); problem != nil {
		return "", problem
	}
	return "{{secret:" + name + "}}", nil
}

// RevealSecret is a secret's value.
func RevealSecret(name string) (string, *Problem) {
	s, unlock := locked()
	defer unlock()
	if value, found := s.Secrets[name]; found {
		return value, nil
	}
	return "", &Problem{Code: SecretNotFound}
}

// Send asks the test's answer.
func Send(request Request) (Response, *Problem) {
	s, unlock := locked()
	answer := s.Answer
	unlock() // the answer may use weir's services itself
	if answer == nil {
		return Response{}, &Problem{HTTPDenied, "the test gave no answer: call Host.OnRequest of actiontest first"}
	}
	return answer(request)
}

// GetKey reads a key; nil where there is none.
func GetKey(bucket, key string) (*Entry, *Problem) {
	s, unlock := locked()
	defer unlock()
	return s.entry(bucket, key), nil
}

func (s *StandIn) entry(bucket, key string) *Entry {
	found, ok := s.Entries[[2]string{bucket, key}]
	if !ok || (found.ExpiresAtMs > 0 && found.ExpiresAtMs <= uint64(time.Now().UnixMilli())) {
		return nil
	}
	found.Value = slices.Clone(found.Value)
	return &found
}

func (s *StandIn) set(bucket, key string, value []byte, ttl uint64) uint64 {
	next := Entry{Value: slices.Clone(value), Version: 1}
	if before, found := s.Entries[[2]string{bucket, key}]; found {
		next.Version = before.Version + 1
	}
	if ttl > 0 {
		next.ExpiresAtMs = uint64(time.Now().UnixMilli()) + ttl
	}
	s.Entries[[2]string{bucket, key}] = next
	return next.Version
}

// SetKey writes a key and returns its version; a ttl of 0 milliseconds is none.
func SetKey(bucket, key string, value []byte, ttl uint64) (uint64, *Problem) {
	s, unlock := locked()
	defer unlock()
	return s.set(bucket, key, value, ttl), nil
}

// CompareAndSetKey writes a key if its version is the expected one.
func CompareAndSetKey(bucket, key string, expected uint64, value []byte, ttl uint64) (uint64, *Problem) {
	s, unlock := locked()
	defer unlock()
	version := uint64(0)
	if before := s.entry(bucket, key); before != nil {
		version = before.Version
	}
	if version != expected {
		return 0, &Problem{Code: KVConflict}
	}
	return s.set(bucket, key, value, ttl), nil
}

// IncrementKey adds to a counter and returns its value.
func IncrementKey(bucket, key string, delta int64, ttl uint64) (int64, *Problem) {
	s, unlock := locked()
	defer unlock()
	number := int64(0)
	if before := s.entry(bucket, key); before != nil {
		var err error
		if number, err = strconv.ParseInt(string(before.Value), 10, 64); err != nil {
			return 0, &Problem{KVUnavailable, fmt.Sprintf("key %q is no counter", key)}
		}
	}
	number += delta
	s.set(bucket, key, strconv.AppendInt(nil, number, 10), ttl)
	return number, nil
}

// DeleteKey deletes a key.
func DeleteKey(bucket, key string) *Problem {
	s, unlock := locked()
	defer unlock()
	delete(s.Entries, [2]string{bucket, key})
	return nil
}

// ListKeys are keys with a prefix from a cursor on, and the cursor of what follows; empty cursors are none.
func ListKeys(bucket, prefix, cursor string, limit uint32) ([]string, string, *Problem) {
	s, unlock := locked()
	defer unlock()
	keys := []string{}
	for id := range maps.Keys(s.Entries) {
		if id[0] == bucket && strings.HasPrefix(id[1], prefix) && id[1] > cursor && s.entry(id[0], id[1]) != nil {
			keys = append(keys, id[1])
		}
	}
	slices.Sort(keys)
	if len(keys) <= int(limit) {
		return keys, "", nil
	}
	keys = keys[:limit]
	if limit == 0 {
		return keys, "", nil
	}
	return keys, keys[limit-1], nil
}
