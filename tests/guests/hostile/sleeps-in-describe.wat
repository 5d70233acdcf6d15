;; Sleeps when it is asked what it is.
(import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $timer (param i64) (result i32)))
(import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
(func (export "describe") (result i32)
  (call $block (call $timer (i64.const 3600000000000)))
  (i32.const 1024))
(func (export "run") (param $p i32) (result i32) (call $echo (local.get $p)))
