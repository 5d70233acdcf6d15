package host

import "unsafe"

// What the host writes into this memory: address to the words that hold it. The collector sees no other reference.
var received = map[uint32][]uint64{}

// Bytes that have been taken since the collector last had its turn, and what gives it one.
var (
	taken uint32
	turn  []byte
)

const takenBetweenTurns = 1 << 20

// What the host reads from this memory until the next export is called.
var kept []string

// Where the host writes the result of an import. A global: stacks move, and the host may call back meanwhile.
var area [8]uint64

// Whether the runtime can allocate. The WASI adapter asks for memory while the runtime still starts.
var started bool

func init() { started = true }

//go:linkname sbrk runtime.sbrk
func sbrk(size uintptr) unsafe.Pointer

//go:wasmimport wasi_snapshot_preview1 adapter_monotonic_clock_set_paused
func pauseClock(paused bool)

// What keeps the goroutine on its thread, and so the collector from starting.
//
//go:linkname hold runtime.acquirem
func hold() unsafe.Pointer

//go:linkname release runtime.releasem
func release(held unsafe.Pointer)

// The host may not be called while it asks for memory. But the allocator reads the one clock, which stands still
// meanwhile, and a collection reads the other, so that none may begin here; see [claim].
//
//go:wasmexport cabi_realloc
func reallocate(old unsafe.Pointer, oldSize, align, size uint32) unsafe.Pointer {
	if !started {
		fresh := early(uintptr(size), uintptr(align))
		copy(unsafe.Slice((*byte)(fresh), size), unsafe.Slice((*byte)(old), min(oldSize, size)))
		return fresh
	}
	pauseClock(true)
	held := hold()
	// Words are aligned for every type of the ABI; one more so that nothing has the address of something else.
	words := make([]uint64, size/8+1)
	fresh := unsafe.Pointer(unsafe.SliceData(words))
	received[address(fresh)] = words
	if old != nil {
		copy(unsafe.Slice((*byte)(fresh), size), unsafe.Slice((*byte)(old), min(oldSize, size)))
		delete(received, address(old))
	}
	pauseClock(false)
	release(held)
	return fresh
}

func early(size, align uintptr) unsafe.Pointer {
	base := sbrk(size + align)
	return unsafe.Add(base, -uintptr(base)&(align-1))
}

func address(pointer unsafe.Pointer) uint32 { return uint32(uintptr(pointer)) }

// What the host has put at an address is the caller's from now on. An action that reads much and allocates nothing
// itself would never collect: only large allocations look each time whether it is time to.
func claim(at uint32) []uint64 {
	words := received[at]
	delete(received, at)
	if taken += uint32(8 * len(words)); taken >= takenBetweenTurns {
		taken, turn = 0, make([]byte, 64<<10)
	}
	return words
}

// The bytes that the host has put at an address.
func take(at, length uint32) []byte {
	words := claim(at)
	if length == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), length)
}

func takeString(at, length uint32) string {
	bytes := take(at, length)
	return unsafe.String(unsafe.SliceData(bytes), len(bytes))
}

// The words of a list's items, each of so many words.
func takeWords(at, items, each uint32) []uint32 {
	words := claim(at)
	if items == 0 {
		return nil
	}
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(words))), items*each)
}

func takeStrings(at, items uint32) []string {
	words := takeWords(at, items, 2)
	texts := make([]string, items)
	for i := range texts {
		texts[i] = takeString(words[2*i], words[2*i+1])
	}
	return texts
}

// Keeps a text reachable for the host; address and length are what the ABI wants.
func keep(text string) (at, length uint32) {
	kept = append(kept, text)
	return address(unsafe.Pointer(unsafe.StringData(text))), uint32(len(text))
}

func keepBytes(bytes []byte) (at, length uint32) {
	return keep(unsafe.String(unsafe.SliceData(bytes), len(bytes)))
}

func keepWords(words []uint32) (at uint32) {
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 4*len(words))
	at, _ = keepBytes(bytes)
	return at
}

func keepStrings(texts []string) (at, items uint32) {
	words := make([]uint32, 0, 2*len(texts))
	for _, text := range texts {
		start, length := keep(text)
		words = append(words, start, length)
	}
	return keepWords(words), uint32(len(texts))
}

// One text inside the result of an import, at a byte offset.
func areaString(offset uintptr) string { return takeString(word(offset), word(offset+4)) }

func word(offset uintptr) uint32 { return *(*uint32)(unsafe.Add(unsafe.Pointer(&area), offset)) }
func tag(offset uintptr) uint8   { return *(*uint8)(unsafe.Add(unsafe.Pointer(&area), offset)) }
func result() unsafe.Pointer     { return unsafe.Pointer(&area) }

func data(text string) unsafe.Pointer { return unsafe.Pointer(unsafe.StringData(text)) }
func size(text string) uint32         { return uint32(len(text)) }

func flag(set bool) uint32 {
	if set {
		return 1
	}
	return 0
}
