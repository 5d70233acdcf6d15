package host

import "unsafe"

//go:wasmimport weir:action/kv@1.0.0 get
func kvGet(bucket unsafe.Pointer, bucketSize uint32, key unsafe.Pointer, keySize uint32, result unsafe.Pointer)

//go:wasmimport weir:action/kv@1.0.0 set
func kvSet(bucket unsafe.Pointer, bucketSize uint32, key unsafe.Pointer, keySize uint32,
	value unsafe.Pointer, valueSize uint32, some uint32, ttl uint64, result unsafe.Pointer)

//go:wasmimport weir:action/kv@1.0.0 compare-and-set
func kvCompareAndSet(bucket unsafe.Pointer, bucketSize uint32, key unsafe.Pointer, keySize uint32, expected uint64,
	value unsafe.Pointer, valueSize uint32, some uint32, ttl uint64, result unsafe.Pointer)

//go:wasmimport weir:action/kv@1.0.0 increment
func kvIncrement(bucket unsafe.Pointer, bucketSize uint32, key unsafe.Pointer, keySize uint32, delta int64,
	some uint32, ttl uint64, result unsafe.Pointer)

//go:wasmimport weir:action/kv@1.0.0 delete
func kvDelete(bucket unsafe.Pointer, bucketSize uint32, key unsafe.Pointer, keySize uint32, result unsafe.Pointer)

//go:wasmimport weir:action/kv@1.0.0 list-keys
func kvListKeys(bucket unsafe.Pointer, bucketSize uint32, prefix unsafe.Pointer, prefixSize uint32,
	some uint32, cursor unsafe.Pointer, cursorSize uint32, limit uint32, result unsafe.Pointer)

// GetKey reads a key; nil where there is none.
func GetKey(bucket, key string) (*Entry, *Problem) {
	kvGet(data(bucket), size(bucket), data(key), size(key), result())
	if tag(0) != 0 {
		return nil, kvProblem(8)
	}
	if tag(8) == 0 {
		return nil, nil
	}
	entry := &Entry{Version: area[3], Value: take(word(16), word(20))}
	if tag(32) != 0 {
		entry.ExpiresAtMs = area[5]
	}
	return entry, nil
}

// SetKey writes a key and returns its version; a ttl of 0 milliseconds is none.
func SetKey(bucket, key string, value []byte, ttl uint64) (uint64, *Problem) {
	kvSet(data(bucket), size(bucket), data(key), size(key),
		unsafe.Pointer(unsafe.SliceData(value)), uint32(len(value)), flag(ttl > 0), ttl, result())
	return kvNumber()
}

// CompareAndSetKey writes a key if its version is the expected one.
func CompareAndSetKey(bucket, key string, expected uint64, value []byte, ttl uint64) (uint64, *Problem) {
	kvCompareAndSet(data(bucket), size(bucket), data(key), size(key), expected,
		unsafe.Pointer(unsafe.SliceData(value)), uint32(len(value)), flag(ttl > 0), ttl, result())
	return kvNumber()
}

// IncrementKey adds to a counter and returns its value.
func IncrementKey(bucket, key string, delta int64, ttl uint64) (int64, *Problem) {
	kvIncrement(data(bucket), size(bucket), data(key), size(key), delta, flag(ttl > 0), ttl, result())
	number, problem := kvNumber()
	return int64(number), problem
}

// DeleteKey deletes a key.
func DeleteKey(bucket, key string) *Problem {
	kvDelete(data(bucket), size(bucket), data(key), size(key), result())
	if tag(0) != 0 {
		return kvProblem(4)
	}
	return nil
}

// ListKeys are keys with a prefix from a cursor on, and the cursor of what follows; empty cursors are none.
func ListKeys(bucket, prefix, cursor string, limit uint32) ([]string, string, *Problem) {
	kvListKeys(data(bucket), size(bucket), data(prefix), size(prefix),
		flag(cursor != ""), data(cursor), size(cursor), limit, result())
	if tag(0) != 0 {
		return nil, "", kvProblem(4)
	}
	next := ""
	if tag(12) != 0 {
		next = areaString(16)
	}
	return takeStrings(word(4), word(8)), next, nil
}

func kvNumber() (uint64, *Problem) {
	if tag(0) != 0 {
		return 0, kvProblem(8)
	}
	return area[1], nil
}

func kvProblem(offset uintptr) *Problem {
	problem := &Problem{Code: tag(offset)}
	if problem.Code == KVUnavailable {
		problem.Text = areaString(offset + 4)
	}
	return problem
}
