;; Draws 32 KiB of randomness over and over.
(import "wasi:random/random@0.2.6" "get-random-bytes" (func $random (param i64 i32)))
(func (export "run") (param $p i32) (result i32)
  (loop $again (call $random (i64.const 32768) (i32.const 256)) (br $again))
  unreachable)
