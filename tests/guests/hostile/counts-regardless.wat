;; Counts in the key-value store and does not listen when that is refused.
(import "weir:action/kv@1.0.0" "increment"
  (func $increment (param i32 i32 i32 i32 i64 i32 i64 i32)))
(data (i32.const 4096) "statecount")
(func (export "run") (param $p i32) (result i32)
  (loop $again
    (call $increment (i32.const 4096) (i32.const 5) (i32.const 4101) (i32.const 5) (i64.const 1)
      (i32.const 0) (i64.const 0) (i32.const 256))
    (br $again))
  unreachable)
