;; Logs short lines without an end.
(import "weir:action/log@1.0.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
(data (i32.const 4096) "again")
(func (export "run") (param $p i32) (result i32)
  (loop $again
    (call $log (i32.const 2) (i32.const 4096) (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 0))
    (br $again))
  unreachable)
