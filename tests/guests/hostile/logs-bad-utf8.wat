;; Logs a text that is no UTF-8.
(import "weir:action/log@1.0.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
(data (i32.const 4096) "\c0\80")
(func (export "run") (param $p i32) (result i32)
  (call $log (i32.const 2) (i32.const 4096) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0))
  (call $echo (local.get $p)))
