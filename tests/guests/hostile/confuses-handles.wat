;; Waits for a stream as if it were a timer.
(import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
(import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
(func (export "run") (param $p i32) (result i32)
  (call $block (call $stdout))
  (call $echo (local.get $p)))
