;; Logs a text that lies beyond its memory.
(import "weir:action/log@1.0.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
(func (export "run") (param $p i32) (result i32)
  (call $log (i32.const 2) (i32.const 0xfffffff0) (i32.const 0x20) (i32.const 0) (i32.const 0) (i32.const 0))
  (call $echo (local.get $p)))
