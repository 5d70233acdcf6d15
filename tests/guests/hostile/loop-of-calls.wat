;; Calls without an end, each of which returns.
(func $work (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
(func (export "run") (param $p i32) (result i32)
  (loop $again (local.set $p (call $work (local.get $p))) (br $again))
  unreachable)
