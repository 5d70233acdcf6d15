;; Logs one line of 12 MiB.
(import "weir:action/log@1.0.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
(func (export "run") (param $p i32) (result i32)
  (drop (memory.grow (i32.const 193)))
  (memory.fill (i32.const 65536) (i32.const 120) (i32.const 12582912))
  (call $log (i32.const 2) (i32.const 65536) (i32.const 12582912) (i32.const 0) (i32.const 0) (i32.const 0))
  (call $echo (local.get $p)))
