;; Sets one variable to a million digits over and over.
(import "weir:action/variables@1.0.0" "set" (func $set (param i32 i32 i32 i32 i32)))
(data (i32.const 4096) "big")
(func (export "run") (param $p i32) (result i32)
  (drop (memory.grow (i32.const 16)))
  (memory.fill (i32.const 65536) (i32.const 49) (i32.const 1000000))
  (loop $again
    (call $set (i32.const 4096) (i32.const 3) (i32.const 65536) (i32.const 1000000) (i32.const 256))
    (br $again))
  unreachable)
