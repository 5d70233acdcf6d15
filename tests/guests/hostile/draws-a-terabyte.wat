;; Draws a terabyte of randomness in one call.
(import "wasi:random/random@0.2.6" "get-random-bytes" (func $random (param i64 i32)))
(func (export "run") (param $p i32) (result i32)
  (call $random (i64.const 0x10000000000) (i32.const 256))
  (call $echo (local.get $p)))
