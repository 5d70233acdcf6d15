;; Sleeps a millisecond at a time without an end.
(import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $timer (param i64) (result i32)))
(import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
(import "wasi:io/poll@0.2.6" "[resource-drop]pollable" (func $drop (param i32)))
(func (export "run") (param $p i32) (result i32) (local $timer i32)
  (loop $again
    (local.set $timer (call $timer (i64.const 1000000)))
    (call $block (local.get $timer))
    (call $drop (local.get $timer))
    (br $again))
  unreachable)
