;; Waits for twenty timers that never come.
(import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $timer (param i64) (result i32)))
(import "wasi:io/poll@0.2.6" "poll" (func $poll (param i32 i32 i32)))
(func (export "run") (param $p i32) (result i32) (local $n i32)
  (loop $more
    (i32.store (i32.add (i32.const 4096) (i32.mul (local.get $n) (i32.const 4))) (call $timer (i64.const -1)))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $more (i32.lt_u (local.get $n) (i32.const 20))))
  (call $poll (i32.const 4096) (i32.const 20) (i32.const 256))
  (call $echo (local.get $p)))
